"""Probes: Z03 and Z04."""

from collections.abc import Sequence

from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.preflight.case import Case, Part
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, loses, ok, warned

WAYS = ("httpGet", "tcpSocket", "exec", "grpc")
MARGIN = 2
"""A start may well take twice as long as the last ones did: on a busy node, or with more to load."""


def z03(case: Case) -> Finding:
    """A new pod gets traffic only once it says that it is ready."""
    if case.served is False or not case.replicas:
        return ok("Z03", "Nothing sends traffic to its pods.")
    bare = [part for part in case.backing(case.template) if not part.container.get("readinessProbe")]
    if not bare:
        return ok("Z03", "Each container behind a Service has a readiness probe.")
    names = _names(bare)
    lacks = f"{names[0].upper()}{names[1:]} has no readiness probe"
    words = f"{lacks}: a new pod gets traffic as soon as its process starts, ready or not."
    edits = tuple(edit for part in bare for edit in _probed(part))
    how = "a TCP probe on its port is the least, a path that knows better is better"
    fix = Fix(f"Give {names} a readiness probe: {how}.", "edits" if edits else "person", edits)
    return loses("Z03", words, fix=fix)


def _probed(part: Part) -> tuple[Edit, ...]:
    """The edit that adds a probe on the first declared TCP port; none where no port is declared."""
    for port in part.container.get("ports") or ():
        if port.get("protocol", "TCP") == "TCP":
            probe = {"tcpSocket": {"port": port.get("name") or port["containerPort"]}, "periodSeconds": 2}
            return (Edit(path=f"{part.path}/readinessProbe", old=None, new=probe),)
    return ()


def z04(case: Case) -> Finding:
    """A liveness probe lets a slow start finish, and does not kill what is only busy."""
    risky = [words for part in case.backing(case.template) if (words := _hasty(part, case.start_seconds))]
    if risky:
        fix = Fix("Add a startupProbe that allows at least three times the usual start, and ask liveness less of it.")
        return warned("Z04", risky[0], *risky[1:], fix=fix)
    return ok("Z04", "No liveness probe kills a pod that is only starting or busy.")


def _hasty(part: Part, start: float | None) -> str:
    live, ready = part.container.get("livenessProbe"), part.container.get("readinessProbe")
    if not live:
        return ""
    allowed = _patience(live) + int(live.get("initialDelaySeconds", 0))
    if not part.container.get("startupProbe") and start is not None and allowed < MARGIN * start:
        return f"The liveness probe of {part.name} gives a start {allowed} s, and the last ones took {start:.0f} s."
    if ready and _question(live) == _question(ready) and _patience(live) <= _patience(ready):
        return (
            f"Liveness and readiness of {part.name} ask the same and give up alike, after {_patience(live)} s: "
            "a busy pod is killed instead of spared."
        )
    return ""


def _patience(probe: Manifest) -> int:
    """Seconds of failing until the kubelet acts."""
    return int(probe.get("failureThreshold", 3)) * int(probe.get("periodSeconds", 10))


def _question(probe: Manifest) -> dict[str, object]:
    return {name: probe[name] for name in WAYS if name in probe}


def _names(parts: Sequence[Part]) -> str:
    return " and ".join(f"container {part.name}" for part in parts)
