"""Kubernetes quantities: read, compared, and written as the API server writes them back."""

import re
from decimal import Decimal

from dot_ai_lifecycle.core.errors import BadInput

_FORM = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,2})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?", re.ASCII)
_SMALL = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3")}
_BINARY = {suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}
_DECIMAL = {suffix: Decimal(1000) ** power for power, suffix in enumerate(("", "k", "M", "G", "T", "P", "E"))}


def amount(quantity: str) -> Decimal:
    """The number a quantity means: cores for `500m`, bytes for `512Mi`. Raises BadInput where it is none."""
    found = _FORM.fullmatch(quantity)
    if found is None:
        raise BadInput(
            f"{quantity!r} is not a quantity.", hint="Use for example 500m or 2 for CPU, 512Mi or 1Gi for memory."
        )
    number, exponent, suffix = Decimal(found[1]), int(found[2] or 0), found[3] or ""
    return number.scaleb(exponent) * {**_SMALL, **_BINARY, **_DECIMAL}[suffix]


def canonical(quantity: str) -> str:
    """The quantity in the form the API server stores: `0.5` is `500m`, `1024Mi` is `1Gi`, `1.5Gi` is `1536Mi`.

    Raises BadInput for what is finer than a thousandth: no such CPU or memory can be had.
    """
    value = amount(quantity)
    if value * 1000 % 1:
        raise BadInput(f"{quantity!r} is finer than a thousandth.", hint="Use for example 1m for CPU, 1Mi for memory.")
    suffixes = _BINARY if quantity.endswith("i") else _DECIMAL
    if value == 0:
        return "0"
    if value != value.to_integral_value():
        return f"{int(value * 1000)}m"
    for suffix, size in sorted(suffixes.items(), key=lambda pair: pair[1], reverse=True):
        if value % size == 0:
            return f"{int(value / size)}{suffix}"
    return str(int(value))
