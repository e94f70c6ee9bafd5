"""How soon a version that cannot work is called on a real cluster, while the app's users notice nothing."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from benchmarks.failures import ALL, Case
from benchmarks.measured import Figure, Measured, WentWrong, at_most, exactly, plain
from benchmarks.site import Real, Site, tell
from tests.real.cluster.audit import Request
from tests.real.product import Person, Session
from tests.real.web import Web

TIMES = 3
DEADLINE = 60.0


def measure(site: Site) -> Measured:
    """Update to each bad version under traffic, a few times over; once more with kubectl on a copy of each app."""
    return asyncio.run(_measured(site.real()))


@dataclass(frozen=True)
class _Run:
    """Seconds to the verdict and to the end of the way back; how requests went; whether the app is as it was."""

    called: float
    ended: float
    answered: int
    failed: int
    restored: bool


@dataclass(frozen=True)
class _Called:
    name: str
    runs: Sequence[_Run]
    kubectl: float


async def _measured(real: Real) -> Measured:
    async with AsyncExitStack() as stack:
        prepared = [await stack.enter_async_context(prepare(real)) for prepare in ALL]
        copies = [await asyncio.to_thread(case.copy) for case in prepared]
        # kubectl only waits, so ours may be measured meanwhile.
        waiting = [
            asyncio.create_task(asyncio.to_thread(_with_kubectl, copy, case.image))
            for copy, case in zip(copies, prepared, strict=True)
        ]
        session = await stack.enter_async_context(real.product().serving(Person()))
        found = [await _case(real, session, case) for case in prepared]
        kubectl = await asyncio.gather(*waiting)
        await asyncio.to_thread(real.drop, *copies, *(case.app for case in prepared))
    cases = [_Called(case.name, runs, other) for case, runs, other in zip(prepared, found, kubectl, strict=True)]
    runs = [run for case in cases for run in case.runs]
    return Measured(
        title="Detecting a bad version",
        how=(
            f"Apps of four pods on a real cluster, each updated {TIMES} times to a version that cannot work, under "
            "200 new connections a second, by a person who agrees to every plan. The verdict's time is the API "
            "server's: from the request that changes the Deployment to the one that takes it back, as its audit log "
            "has them. Beside it, `kubectl rollout status` on a copy of the app whose `progressDeadlineSeconds` was "
            f"shortened from 600 to {DEADLINE:.0f}: it waits for that deadline, names no cause and takes nothing back."
        ),
        beside="`kubectl rollout status`, deadline 60 s",
        figures=[
            *(_slowest(case) for case in cases),
            at_most("all, median to the verdict", median(run.called for run in runs), 6.0, "s"),
            plain("all, median until the old version is back and verified", median(run.ended for run in runs), "s"),
            exactly("runs whose app is as it was", sum(run.restored for run in runs), len(runs)),
            plain("new connections answered meanwhile", sum(run.answered for run in runs), ""),
            exactly("new connections failed", sum(run.failed for run in runs), 0),
        ],
    )


def _slowest(case: _Called) -> Figure:
    return at_most(f"{case.name}, slowest of {TIMES}", max(run.called for run in case.runs), 15.0, "s", case.kubectl)


async def _case(real: Real, session: Session, case: Case) -> list[_Run]:
    runs = [await _ours(real, session, case) for _ in range(TIMES)]
    tell(f"{case.name}: called after {', '.join(f'{run.called:.1f}' for run in runs)} s")
    return runs


async def _ours(real: Real, session: Session, case: Case) -> _Run:
    app = case.app
    # What failed in one run is tried again in the next.
    change = {"app": app.name, "namespace": app.namespace, "image": case.image, "force": True}
    spec, asked = app.object()["spec"], real.asked()
    with app.traffic() as traffic:
        began = time.perf_counter()
        answer = await session.ended(await session.call("update_app", **change))
        ended = time.perf_counter() - began
    _expect(answer.content.get("cause", {}).get("code") == case.code, answer.text)
    ready = {pod["metadata"]["name"]: _ready(pod) for pod in app.pods() if "deletionTimestamp" not in pod["metadata"]}
    restored = answer.content["status"] == "undone" and app.object()["spec"] == spec and all(ready.values())
    users = traffic.report
    return _Run(_between(real.asked(asked)), ended, users.answered, len(users.failed) + len(users.errors), restored)


def _between(asked: Sequence[Request]) -> float:
    """Seconds from the change of the Deployment to its way back."""
    changes: list[datetime] = [
        request.at for request in asked if request.is_write and request.resource == "deployments"
    ]
    _expect(len(changes) >= 2, f"the Deployment was not changed twice: {[str(request) for request in asked]}")
    return (changes[-1] - changes[0]).total_seconds()


def _ready(pod: dict[str, object]) -> bool:
    status = pod["status"]
    assert isinstance(status, dict)
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", ()))


def _with_kubectl(copy: Web, image: str) -> float:
    """Seconds until kubectl calls it failed. Raises WentWrong where it does not."""
    began = time.perf_counter()
    copy.kubectl("set", "image", "deployment/web", f"web={image}")
    scope = ("-n", copy.namespace)
    said = copy.cluster.kubectl(*scope, "rollout", "status", "deployment/web", check=False, timeout=DEADLINE + 60)
    _expect(said.returncode != 0, f"kubectl found nothing wrong with {image}: {said.stdout}")
    return time.perf_counter() - began


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WentWrong(otherwise)
