"""What a plan costs on a real cluster: the time until it is shown, and what is asked of the API server for it."""

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from benchmarks.measured import Measured, WentWrong, at_most, exactly, plain
from benchmarks.site import Real, Site
from tests.real.product import Session
from tests.real.web import Web

TIMES = 15


def measure(site: Site) -> Measured:
    """Plan the same update many times through one server; nothing is changed by it."""
    return asyncio.run(_measured(site.real()))


async def _measured(real: Real) -> Measured:
    app = await asyncio.to_thread(real.deployed)
    change = {"app": app.name, "namespace": app.namespace, "version": "v2"}
    async with real.product().serving() as session:
        first = await _seconds(session, change)
        before = real.asked()
        warm = [await _seconds(session, change) for _ in range(TIMES)]
        asked = real.asked(before)
    kubectl = [await asyncio.to_thread(_dry_run, real, app) for _ in range(TIMES)]
    await asyncio.to_thread(real.drop, app)
    return Measured(
        title="Planning an update",
        how=(
            f"`update_app` without `plan_id` on an app of four pods, {TIMES} times through one `dot-ai serve` over "
            "stdio on a real cluster; the requests are counted in the API server's audit log. Beside it, the least "
            "that kubectl can say beforehand, a dry run of the same change, which starts a process each time."
        ),
        beside="`kubectl set image --dry-run=server`",
        figures=[
            plain("first call of a server: connects and loads", first * 1000, "ms"),
            at_most("further calls, median", median(warm) * 1000, 300, "ms", median(kubectl) * 1000),
            plain("further calls, slowest", max(warm) * 1000, "ms", max(kubectl) * 1000),
            at_most("requests for one plan", len(asked) / TIMES, 15, ""),
            exactly("writes", sum(request.is_write for request in asked), 0),
        ],
    )


async def _seconds(session: Session, change: Mapping[str, Any]) -> float:
    began = time.perf_counter()
    answer = await session.call("update_app", **change)
    seconds = time.perf_counter() - began
    if answer.content.get("status") != "planned":
        raise WentWrong(answer.text)
    return seconds


def _dry_run(real: Real, app: Web) -> float:
    began = time.perf_counter()
    app.kubectl("set", "image", "deployment/web", f"web={real.cluster.image('v2')}", "--dry-run=server")
    return time.perf_counter() - began
