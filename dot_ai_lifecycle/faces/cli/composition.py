"""What the command line needs of whoever puts the program together."""

from pathlib import Path
from typing import Protocol, TypeVar

from dot_ai_lifecycle.engine.engine import Engine


class Knobs(Protocol):
    """The settings this face looks at itself."""

    @property
    def state_dir(self) -> Path:
        """Where this machine's own files are kept; details of unexpected errors go there."""

    @property
    def completion_seconds(self) -> float:
        """How long the TAB key may wait for the cluster."""

    @property
    def actor(self) -> str:
        """Who sits in front, for the record."""


S = TypeVar("S", bound=Knobs)


class Composition(Protocol[S]):
    """Builds what a command asks for, and only that: `--help` builds nothing."""

    def settings(self, **overrides: str | None) -> S:
        """The settings of the environment, with `context` and `kubeconfig` as the command line says where not None.

        Raises BadInput for a setting that cannot be meant.
        """

    def engine(self, settings: S) -> Engine:
        """An engine on the cluster the settings name; called on a running loop, contacts nothing yet."""

    def serve(self, settings: S, *, http: str | None, embedded: bool) -> int:
        """Serve MCP until told to stop: on stdio, or on `http` (HOST:PORT). Returns the exit code."""

    def cluster(self, settings: S, *, port: int, kubeconfig: str | None) -> int:
        """Run the embedded cluster until told to stop; writes a kubeconfig for kubectl. Returns the exit code."""

    def demo(self, *, keep: bool) -> int:
        """Show an update and a rollback on the embedded cluster. Returns the exit code."""
