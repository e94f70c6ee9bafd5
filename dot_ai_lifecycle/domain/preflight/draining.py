"""The end of a pod: Z06, Z07, Z08 and Z23.

A pod that is told to stop still gets traffic until every proxy has noticed. What runs now decides about this update,
the new template about the next one.
"""

import re
from collections.abc import Sequence

from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Manifest
from dot_ai_lifecycle.domain.preflight.case import Case, Part
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, loses, ok, unknown, warned
from dot_ai_lifecycle.domain.preflight.paths import drain_seconds

LEAST = 2
"""Seconds a drain hook should last at least: kube-proxy programs its rules at most once a second."""

STOPS = 5
"""Seconds for an application to finish what it has begun, after its hook."""

GRACE = 30
"""Kubernetes' default of terminationGracePeriodSeconds."""

SLEEP_SINCE = (1, 30)
"""The Kubernetes that runs a `sleep` hook by default (KEP-3960)."""

SHELLS = ("sh", "bash", "ash", "dash")
PROXIES = ("istio-proxy", "linkerd-proxy", "envoy", "envoy-sidecar", "consul-dataplane", "kuma-sidecar")
LASTING = re.compile(r"\b(grpc|h2c|ws|wss|websocket)\b", re.IGNORECASE)

_MOVED = Fix(
    "The Services are moved to the new pods, and the proxies have noticed, before an old pod ends.", "strategy"
)


def drains(case: Case) -> bool:
    """Whether every pod that runs now waits before it ends, in each container that Services lead to."""
    return not any(_undrained(case, template) for template in case.running)


def _undrained(case: Case, template: Manifest) -> list[Part]:
    return [part for part in case.backing(template) if not _hook(part.container)]


def _hook(container: Manifest) -> Manifest:
    return (container.get("lifecycle") or {}).get("preStop") or {}


def z06(case: Case) -> Finding:
    """A pod that ends lets the proxies notice first."""
    if case.served is False or not case.replicas:
        return ok("Z06", "Nothing sends traffic to its pods.")
    bare = {part.name for template in case.running for part in _undrained(case, template)}
    if bare:
        names = _named(sorted(bare))
        words = f"The pods that run now have no preStop hook ({names}): requests fail while proxies still send to them."
        return loses("Z06", words, fix=_MOVED if case.switches else _hooked(case))
    if short := _short(case):
        return warned("Z06", short, fix=Fix(f"Let it sleep {drain_seconds(case)} s."))
    if next_time := _undrained(case, case.template):
        names = _named([part.name for part in next_time])
        return warned("Z06", f"The new pods have no preStop hook ({names}): the next update can lose requests.",
                      fix=_hooked(case))  # fmt: skip
    return ok("Z06", "Its pods wait before they end, so that proxies can notice (preStop).")


def _short(case: Case) -> str:
    for template in case.running:
        for part in case.backing(template):
            seconds = hook_seconds(_hook(part.container))
            if seconds is not None and seconds < LEAST and not case.switches:
                return f"The preStop hook of {part.name} waits {seconds} s, and proxies may need {LEAST} s to notice."
    return ""


def _hooked(case: Case) -> Fix:
    """A drain hook for the new pods; the old ones end without in any case."""
    seconds = drain_seconds(case)
    edits = [edit for part in _undrained(case, case.template) for edit in _with_hook(case, part, seconds)]
    grace = case.spec.get("terminationGracePeriodSeconds", GRACE)
    if edits and grace < seconds + STOPS:
        path = pointer("spec", "template", "spec", "terminationGracePeriodSeconds")
        old = case.spec.get("terminationGracePeriodSeconds")
        edits.append(Edit(path=path, old=old, new=seconds + STOPS))
    words = f"Let pods sleep {seconds} s in a preStop hook; that helps from the next update on."
    return Fix(words, "edits" if edits else "person", tuple(edits))


def _with_hook(case: Case, part: Part, seconds: int) -> list[Edit]:
    """Sleeping needs no program in the image where the server knows how to."""
    hook = {"sleep": {"seconds": seconds}} if _can_sleep(case) else {"exec": {"command": ["sleep", str(seconds)]}}
    if part.container.get("lifecycle"):
        return [Edit(path=f"{part.path}/lifecycle/preStop", old=None, new=hook)]
    return [Edit(path=f"{part.path}/lifecycle", old=None, new={"preStop": hook})]


def _can_sleep(case: Case) -> bool:
    found = re.match(r"v?(\d+)\.(\d+)", case.seen.server)
    return found is None or (int(found[1]), int(found[2])) >= SLEEP_SINCE


def z07(case: Case) -> Finding:
    """The grace period is longer than the hook and the application's own end together."""
    if case.served is False or not case.replicas:
        return ok("Z07", "Nothing sends traffic to its pods.")
    tight = [found for template in case.running if (found := _tight(case, template))]
    if not tight:
        return ok("Z07", "The grace period leaves time for the hook and for what was begun.")
    grace, hook = min(tight)
    seconds = f"pods are killed {grace} s after they are told to end, and their preStop hook alone takes {hook} s"
    edit = Edit(
        path=pointer("spec", "template", "spec", "terminationGracePeriodSeconds"),
        old=case.spec.get("terminationGracePeriodSeconds"),
        new=hook + drain_seconds(case) + STOPS,
    )
    raised = Fix(
        f"Set terminationGracePeriodSeconds to {edit.new}; that helps from the next update on.", "edits", (edit,)
    )
    if grace > hook:
        return warned("Z07", f"The grace period is tight: {seconds}.", fix=raised)
    return loses("Z07", f"The grace period is too short: {seconds}.", fix=_MOVED if case.switches else raised)


def _tight(case: Case, template: Manifest) -> tuple[int, int] | None:
    """Grace period and the longest hook in seconds, where the one leaves too little after the other."""
    grace = int((template.get("spec") or {}).get("terminationGracePeriodSeconds", GRACE))
    hooks = [hook_seconds(_hook(part.container)) for part in case.backing(template)]
    longest = max((hook for hook in hooks if hook), default=0)
    return (grace, longest) if longest and grace < longest + STOPS else None


def hook_seconds(hook: Manifest) -> int | None:
    """How long a preStop hook waits; None for a hook that does not say, and for none."""
    if "sleep" in hook:
        return int(hook["sleep"].get("seconds", 0))
    command = " ".join(map(str, (hook.get("exec") or {}).get("command") or ()))
    found = re.search(r"\bsleep\s+(\d+)", command)
    return int(found[1]) if found else None


def z08(case: Case) -> Finding:
    """The application hears SIGTERM, and its sidecars outlive it."""
    deaf = [part.name for part in case.backing(case.template) if _behind_a_shell(part.container)]
    if deaf:
        shell = f"Container {_named(deaf)} runs behind a shell, which does not pass SIGTERM on"
        words = f"{shell}: its program is killed at the end."
        return warned("Z08", words, fix=Fix("Begin the last command of the script with `exec`."))
    spec = case.seen.trial.spec or case.spec
    proxies = [str(one["name"]) for one in spec.get("containers") or () if one.get("name") in PROXIES]
    if proxies:
        words = f"{_named(proxies)} may end before the application does, which cuts what is still being answered."
        fix = Fix("Let the mesh run it as a native sidecar (an init container with restartPolicy Always).")
        return warned("Z08", words, fix=fix)
    return ok("Z08", "Nothing stands between SIGTERM and the application.")


def _behind_a_shell(container: Manifest) -> bool:
    words = [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]
    if len(words) < 3 or words[0].rpartition("/")[2] not in SHELLS or not words[1].startswith("-"):
        return False
    return not re.search(r"(^|[;&|\n]|\b(then|do|else)\b)\s*exec\s", words[2])


def z23(case: Case) -> Finding:
    """Connections that last are let end."""
    if case.served is None:
        return unknown("Z23", "You may not list Services here: whether connections last is not known.")
    lasting = _lasting(case)
    if not lasting:
        return ok("Z23", "No port is named for connections that last.")
    grace = case.spec.get("terminationGracePeriodSeconds", GRACE)
    words = (
        f"Connections of {_named(lasting)} last: they are cut when an old pod ends, at most {grace} s after its hook."
    )
    fix = Fix("Let the application ask its clients to come again (GOAWAY, a close frame) and raise the grace period.")
    return warned("Z23", words, fix=fix)


def _lasting(case: Case) -> list[str]:
    named = [
        backend.name or str(backend.port)
        for service in case.scene.services
        for backend in service.backends
        if LASTING.search(backend.name) or LASTING.search(backend.app_protocol)
    ]
    ports = [port for part in case.backing(case.template) for port in part.container.get("ports") or ()]
    named += [str(port["name"]) for port in ports if LASTING.search(str(port.get("name", "")))]
    return list(dict.fromkeys(named)) if case.served else []


def _named(names: Sequence[str]) -> str:
    return ", ".join(names)
