"""Law: after a crash between any two writes, another process goes on or takes back, and nothing is left over."""

import asyncio
import copy
from pathlib import Path
from typing import Any, Literal

import pytest

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.local_files import LocalFiles
from dot_ai_lifecycle.core.errors import LifecycleError, NotFound
from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.core.record import UNFINISHED, Record
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.laws.cases import CASES, Case
from tests.requirements import claims
from tests.support.house import House, house
from tests.support.mortal import MortalTransport


async def killed_after(home: House, writes: int, change: Change[Any], *, mute: bool) -> None:
    """Run a change in a process that dies after that many writes."""
    transport = MortalTransport(home.box.transport, writes, mute=mute)
    client = KubernetesCluster(transport, "embedded", "shop", clock=home.box.now)
    engine = Engine(client, LocalFiles(home.state_dir / "of-the-dead"), Policy(), actor="cli:doomed")
    proposal = await engine.propose(change)

    async def live() -> None:
        run = await engine.start(change, Consent(by="cli:doomed", plan_id=proposal.plan.id, person=True))
        await run.wait()

    living, dying = asyncio.create_task(live()), asyncio.create_task(transport.dead.wait())
    await asyncio.wait({living, dying}, return_when=asyncio.FIRST_COMPLETED)
    if not dying.done():
        living.result()  # what was refused would prove nothing
    living.cancel()
    for task in asyncio.all_tasks():
        if task.get_name().startswith(("operation", "renew", "watch")):
            task.cancel()
    await asyncio.wait({living}, timeout=30)


async def recorded(home: House, app: str = "web", kind: str = "Deployment") -> Record | None:
    """What the process that died left in the ledger."""
    records = await home.engine.world.story.records("shop", app=app, kind=kind)
    return next((record for record in records if record.actor == "cli:doomed"), None)


@pytest.mark.parametrize("mute", [False, True], ids=["before the write", "after it, unanswered"])
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize("version", ["v2", "missing"])
@pytest.mark.parametrize("writes", range(1, 9))
async def test_whatever_a_dead_process_left_ends_clean(
    tmp_path: Path, writes: int, version: str, action: Literal["resume", "undo"], mute: bool
):
    async with house(tmp_path) as home:
        await killed_after(home, writes, UpdateApp(app="web", version=version), mute=mute)
        left = await recorded(home)

        if left is not None:
            await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))
            assert (await home.engine.world.story.record(left.id)).state not in UNFINISHED

        await home.box.settled()
        goes_on = action == "resume" and version == "v2" and left is not None and left.state != "undone"
        assert home.image() == ("box.local/web:v2" if goes_on else "box.local/web:v1")
        assert home.deployment()["status"]["readyReplicas"] == 4
        assert home.deployment()["status"]["updatedReplicas"] == 4


def rolled(case: Case, home: House) -> bool:
    """Whether every pod that is wanted runs the wanted template and is ready."""
    status = case.workload(home)["status"]
    if case.kind == "DaemonSet":
        return bool(status["desiredNumberScheduled"] == status["updatedNumberScheduled"] == status["numberReady"])
    wanted = case.workload(home)["spec"]["replicas"]
    return bool(wanted == status["updatedReplicas"] == status["readyReplicas"])


OTHERS = [
    case
    for case in CASES
    if (case.name, case.app) in {("update", "db"), ("update", "agent"), ("rollback", "db")}
    or (case.name in ("rollback", "scale out", "scale up", "restart") and case.app == "web")
]


@claims("update.resume")
@pytest.mark.parametrize("action", ["resume", "undo"])
@pytest.mark.parametrize("writes", range(2, 7))
@pytest.mark.parametrize("case", OTHERS, ids=str)
async def test_no_change_of_any_kind_is_left_half_done(
    tmp_path: Path, case: Case, writes: int, action: Literal["resume", "undo"]
):
    async with case.house(tmp_path) as (home, change):
        before = copy.deepcopy(case.workload(home)["spec"])
        await killed_after(home, writes, change, mute=True)
        left = await recorded(home, case.app, case.kind)
        if left is None:  # it died before it had recorded anything
            assert case.workload(home)["spec"] == before
            return

        await home.run_if_any(ResumeOperation(operation_id=left.id, action=action))

        await home.box.settled()
        after = case.workload(home)["spec"]
        assert (after != before) is (action == "resume")
        assert rolled(case, home)
        assert (after["template"] != before["template"]) is (action == "resume" and case.name != "scale out")
        fields = ("strategy", "updateStrategy", "minReadySeconds")
        assert [after.get(field) for field in fields] == [before.get(field) for field in fields]


async def test_a_live_run_is_not_taken_over(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2"))
        colleague = home.another_engine()
        resume = ResumeOperation(operation_id=run.operation_id)
        proposal = await colleague.propose(resume)

        with pytest.raises(LifecycleError):
            await colleague.start(resume, Consent(by="cli:colleague", plan_id=proposal.plan.id, person=True))

        assert (await run.wait()).state == "done"


async def test_resuming_what_never_was_says_so(tmp_path: Path):
    async with house(tmp_path) as home:
        with pytest.raises(NotFound, match="no operation 'abcd1234'"):
            await home.engine.propose(ResumeOperation(operation_id="abcd1234"))
