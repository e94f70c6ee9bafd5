"""What running an update costs beyond kubectl on a real cluster, with identical apps and identical strategy fields."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measured import Measured, WentWrong, at_most, plain
from benchmarks.site import Real, Site
from tests.real.cluster.audit import Request
from tests.real.product import Session
from tests.real.web import Web

TIMES = 5
STRATEGY = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
"""The one pace that both keep: a slower one we would quicken, a lossy one we would mend."""


def measure(site: Site) -> Measured:
    """Update two apps by turns, one with us and one with kubectl; each round goes to the other version."""
    return asyncio.run(_measured(site.real()))


@dataclass(frozen=True)
class _Run:
    seconds: float
    asked: Sequence[Request]


async def _measured(real: Real) -> Measured:
    mine, theirs = [await asyncio.to_thread(lambda: real.deployed(strategy=STRATEGY)) for _ in range(2)]
    runs, kubectl = [], []
    async with real.product().serving() as session:
        for round_ in range(TIMES):
            version = ("v2", "v1")[round_ % 2]
            runs.append(await _ours(real, session, mine, version))
            kubectl.append(await asyncio.to_thread(_with_kubectl, real, theirs, version))
    await asyncio.to_thread(real.drop, mine, theirs)
    longer = [run.seconds - other for run, other in zip(runs, kubectl, strict=True)]
    return Measured(
        title="Executing an update",
        how=(
            f"Two equal apps of four pods with equal strategy fields on a real cluster, updated by turns {TIMES} "
            "times: `update_app` with its `plan_id` through `dot-ai serve`, from the call to its answer, and "
            "`kubectl set image` followed by `kubectl rollout status`. Ours also writes the record, and waits until "
            "no old pod serves; all of that is in its time and its requests, which are counted in the API server's "
            "audit log."
        ),
        beside="`kubectl set image && kubectl rollout status`",
        figures=[
            plain("median", median(run.seconds for run in runs), "s", median(kubectl)),
            at_most("longer than kubectl, median of the pairs", median(longer), 1.0, "s"),
            at_most("requests, most of a run", max(len(run.asked) for run in runs), 30, ""),
            plain("writes among them, most of a run", max(_writes(run) for run in runs), ""),
            at_most("same read repeated, most of a run", max(_repeated(run) for run in runs), 3, ""),
        ],
    )


async def _ours(real: Real, session: Session, app: Web, version: str) -> _Run:
    change = {"app": app.name, "namespace": app.namespace, "version": version}
    planned = await session.call("update_app", **change)
    old, before = app.pod_names(), real.asked()
    began = time.perf_counter()
    answer = await session.call("update_app", **change, plan_id=planned.content["plan_id"])
    seconds = time.perf_counter() - began
    if answer.content.get("status") != "done":
        raise WentWrong(answer.text)
    await asyncio.to_thread(app.wait_until_gone, old)
    return _Run(seconds, real.asked(before))


def _with_kubectl(real: Real, app: Web, version: str) -> float:
    old = app.pod_names()
    began = time.perf_counter()
    app.kubectl("set", "image", "deployment/web", f"web={real.cluster.image(version)}")
    app.kubectl("rollout", "status", "deployment/web")
    seconds = time.perf_counter() - began
    app.wait_until_gone(old)
    return seconds


def _writes(run: _Run) -> int:
    return sum(request.is_write for request in run.asked)


def _repeated(run: _Run) -> int:
    """How often the read that was made most often was made: a polling loop shows here."""
    return max(Counter(request.url for request in run.asked if request.verb in ("get", "list")).values())
