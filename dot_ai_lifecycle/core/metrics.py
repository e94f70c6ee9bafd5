"""What a provider of metrics must offer: values for an expression, at a moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Sample(Struct, frozen=True):
    """One value of an instant vector; a scalar is one without labels. `value` may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float
    at: datetime


class Metrics(Protocol):
    """A Prometheus-compatible provider, to look at."""

    async def query(self, expression: str, at: datetime | None = None) -> tuple[Sample, ...]:
        """The values of a PromQL expression at that moment (UTC), else at the provider's own now.

        Raises BadInput where the provider refuses the expression, NoMetrics where no usable answer came in time.
        """
