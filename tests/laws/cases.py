"""One of every change on every kind of workload: what the laws are tried on."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.steps import Patch
from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.operations.configure_app import ConfigureApp
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import AGENT, BARE, DATABASE, House, house
from tests.support.releases import FIRST, SECOND, THIRD, Helm

MANIFESTS = {"web": (), "bare": (BARE,), "db": (DATABASE,), "agent": (AGENT,), "site": ()}
KINDS = {"web": "Deployment", "bare": "Deployment", "db": "StatefulSet", "agent": "DaemonSet", "site": "Deployment"}
"""`web` drains and is rolled, `bare` does not and is switched; `site` belongs to a Helm release."""

Asked = Callable[[House, str], Awaitable[Change[Any]]]
"""Brings an app where the change has something to do, and returns the change."""


@dataclass(frozen=True)
class Case:
    """A change on a workload of some kind."""

    name: str
    app: str
    asked: Asked

    @property
    def kind(self) -> str:
        return KINDS[self.app]

    def __str__(self) -> str:
        return f"{self.name} of {self.app}"

    def workload(self, home: House) -> dict[str, Any]:
        """The workload as it stands."""
        return home.deployment(self.app, self.kind)

    @asynccontextmanager
    async def house(self, tmp_path: Path) -> AsyncIterator[tuple[House, Change[Any]]]:
        """A house in which the change may be asked for, at rest."""
        async with house(tmp_path, *MANIFESTS[self.app]) as home:
            change = await self.asked(home, self.app)
            await home.box.settled()
            home.first.setdefault((self.kind, self.app), copy.deepcopy(self.workload(home)["spec"]))
            yield home, change


async def _update(_: House, app: str) -> Change[Any]:
    return UpdateApp(app=app, version="v2")


async def _update_together(_: House, app: str) -> Change[Any]:
    return UpdateApp.model_validate({"app": app, "version": "v2", "with": ["web"]})


async def _rollback(home: House, app: str) -> Change[Any]:
    await home.run(UpdateApp(app=app, version="v2"))
    return RollbackApp(app=app, to_version="v1")


async def _rollback_to_previous(home: House, app: str) -> Change[Any]:
    await home.run(UpdateApp(app=app, version="v2"))
    return RollbackApp(app=app)


async def _roll_forward(_: House, app: str) -> Change[Any]:
    return RollbackApp(app=app, to_version="v0.9", roll_forward=True)


async def _rollback_together(home: House, app: str) -> Change[Any]:
    """Back to a version whose Service selected more."""

    def move_on(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["metadata"]["labels"]["generation"] = "three"

    def follow(service: dict[str, Any]) -> None:
        service["spec"]["selector"]["generation"] = "three"

    await home.run(UpdateApp(app=app, version="v2"))
    home.edit(move_on, app, KINDS[app])
    await home.box.settled()
    home.box.store.edit("Service", app, "shop", follow, field_manager="a-stranger")
    await home.box.settled()
    return RollbackApp(app=app, to_version="v1")


async def _rollback_of_release(home: House, app: str) -> Change[Any]:
    await Helm(home, app).upgrade(FIRST, SECOND, THIRD)
    return RollbackApp(app=app)


async def _rollback_of_release_to_first(home: House, app: str) -> Change[Any]:
    await Helm(home, app).upgrade(FIRST, SECOND, THIRD)
    return RollbackApp(app=app, to_version="#1")


async def _scale_out(_: House, app: str) -> Change[Any]:
    return ScaleApp(app=app, replicas=5)


async def _scale_in(_: House, app: str) -> Change[Any]:
    return ScaleApp(app=app, replicas=2)


async def _scale_up(_: House, app: str) -> Change[Any]:
    return ScaleApp(app=app, cpu="100m", memory="128Mi")


async def _restart(_: House, app: str) -> Change[Any]:
    return RestartApp(app=app)


async def _configure(_: House, app: str) -> Change[Any]:
    return ConfigureApp(app=app, set_={"MODE": "dark"})


async def _undo(home: House, app: str) -> Change[Any]:
    record = await home.run(UpdateApp(app=app, version="v2"))
    return ResumeOperation(operation_id=record.id, action="undo")


async def interrupted(home: House, change: Change[Any]) -> str:
    """The operation that a process began and that was stopped right after its first write to the app, if it has one."""
    process = home.another_engine(actor="cli:stopped")
    plan = (await process.propose(change)).plan
    written = asyncio.Event()

    def note(request: Any, _: Any) -> None:
        if request.method == "PATCH" and "/apis/apps/" in request.path and ("dryRun", "All") not in request.query:
            written.set()

    home.box.faults.after = note
    run = await process.start(change, Consent(by="cli:stopped", plan_id=plan.id, person=True))
    if any(isinstance(step, Patch) for step in plan.steps):
        await written.wait()
    await run.interrupt()
    home.box.faults.clear()
    assert run.record.state == "interrupted", run.record.verdict
    return run.operation_id


async def _resume(home: House, app: str) -> Change[Any]:
    return ResumeOperation(operation_id=await interrupted(home, UpdateApp(app=app, version="v2")))


EVERYWHERE = ("web", "bare", "db", "agent")
WITH_REPLICAS = ("web", "db")

CASES = [
    Case(name, app, asked)
    for name, apps, asked in (
        ("update", EVERYWHERE, _update),
        ("update together", EVERYWHERE[1:], _update_together),
        ("rollback", EVERYWHERE, _rollback),
        ("rollback to the previous", ("web",), _rollback_to_previous),
        ("roll forward", ("web",), _roll_forward),
        ("rollback together", EVERYWHERE[:3], _rollback_together),
        ("rollback of a release", ("site",), _rollback_of_release),
        ("rollback of a release to its first", ("site",), _rollback_of_release_to_first),
        ("scale out", WITH_REPLICAS, _scale_out),
        ("scale in", WITH_REPLICAS, _scale_in),
        ("scale up", EVERYWHERE, _scale_up),
        ("restart", EVERYWHERE, _restart),
        ("configure", EVERYWHERE, _configure),
        ("undo", EVERYWHERE, _undo),
        ("resume", EVERYWHERE, _resume),
    )
    for app in apps
]

every_change = pytest.mark.parametrize("case", CASES, ids=str)
