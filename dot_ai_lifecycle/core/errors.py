"""What may go wrong, told to whoever can act.

LifecycleError
├── BadInput            the request itself: unknown argument, wrong type, impossible combination
│   ├── NotFound        nothing of that name; near names in the hint
│   └── Ambiguous       several of that name; the candidates in the hint
├── Refused             policy, an owner or the state of the app forbids it
│   ├── Busy            somebody else's run holds the app
│   ├── NeedsApproval   a person must say yes first
│   └── PlanChanged     what was approved is not what would be done now
├── Forbidden           the cluster's RBAC says no
├── Unauthorized        the cluster does not know who we are
├── Unreachable         no answer from the cluster, or none in time
├── NoCluster           no usable kubeconfig
├── Conflict            the object is not what it was when we looked
├── Invalid             the cluster's validation or admission says no
├── Expired             a list or watch is older than the cluster remembers
├── Throttled           the cluster asks us to slow down
├── ClusterFailure      the cluster answered with an error of its own
└── NoMetrics           the metrics provider gave no usable answer
"""

from collections.abc import Mapping
from typing import ClassVar


class LifecycleError(Exception):
    """Something could not be done; the message says what and why, the hint says what to do next."""

    code: ClassVar[str] = "failed"

    def __init__(self, message: str, *, hint: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: Mapping[str, object] = details or {}

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip() if self.hint else self.message


class BadInput(LifecycleError):
    """The request cannot be understood or cannot be meant."""

    code = "bad_input"


class NotFound(BadInput):
    """Nothing of that name is there."""

    code = "not_found"


class Ambiguous(BadInput):
    """Several things of that name are there; none is guessed."""

    code = "ambiguous"


class Refused(LifecycleError):
    """It could be done, but must not be."""

    code = "refused"


class Busy(Refused):
    """Another run holds the app."""

    code = "busy"


class NeedsApproval(Refused):
    """The plan stands; a person has to agree to it first."""

    code = "needs_approval"


class PlanChanged(Refused):
    """The cluster moved since the plan was shown: the new plan has to be looked at."""

    code = "plan_changed"


class Forbidden(LifecycleError):
    """The cluster's authorization refused the request."""

    code = "forbidden"


class Unauthorized(LifecycleError):
    """The cluster did not accept our credentials."""

    code = "unauthorized"


class Unreachable(LifecycleError):
    """No answer from the cluster."""

    code = "unreachable"


class NoCluster(LifecycleError):
    """There is no usable kubeconfig, so there is no cluster to ask."""

    code = "no_cluster"


class Conflict(LifecycleError):
    """The object changed, exists already, or is not the one that was seen."""

    code = "conflict"


class Invalid(LifecycleError):
    """The cluster's validation or admission refused the content."""

    code = "invalid"


class Expired(LifecycleError):
    """The cluster no longer remembers the version we asked for; list again."""

    code = "expired"


class Throttled(LifecycleError):
    """The cluster asked us to slow down, and kept asking."""

    code = "throttled"


class ClusterFailure(LifecycleError):
    """The cluster answered with an internal error, repeatedly."""

    code = "cluster_failure"


class NoMetrics(LifecycleError):
    """The metrics provider did not answer, or not with metrics."""

    code = "no_metrics"
