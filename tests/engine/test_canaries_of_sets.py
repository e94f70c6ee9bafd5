"""Canary on sets: by partition where pods are numbered, by chosen nodes where there is one on each."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Forbidden, Refused
from dot_ai_lifecycle.core.steps import Patch, Renew, Step
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.engine.test_canaries import reached, say
from tests.laws.cases import KINDS
from tests.requirements import claims
from tests.support.house import AGENT, DATABASE, House, house, with_image

both = pytest.mark.parametrize("app", ["db", "agent"])

AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: db, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}
  minReplicas: 3
  maxReplicas: 5
"""


def canary(app: str, version: str = "v2", **more: Any) -> UpdateApp:
    return UpdateApp(**{"app": app, "version": version, "strategy": "canary", "interval": 20, **more})


def pods(home: House, app: str) -> dict[str, tuple[str, str]]:
    """Version and uid of every pod that stays, by where it is: its ordinal, or its node."""
    found = {}
    for pod in home.box.store.list("Pod", "shop", labels=f"app={app}"):
        if "deletionTimestamp" not in pod["metadata"]:
            place = pod["metadata"]["name"] if app == "db" else pod["spec"]["nodeName"]
            version = pod["spec"]["containers"][0]["image"].rpartition(":")[2]
            found[place] = (version, pod["metadata"]["uid"])
    return dict(sorted(found.items()))


def versions(home: House, app: str) -> list[str]:
    return [version for version, _ in pods(home, app).values()]


def strategy(home: House, app: str) -> Any:
    return home.deployment(app, KINDS[app])["spec"]["updateStrategy"]


@claims("update.canary")
async def test_the_highest_ordinals_of_a_stateful_set_go_first_and_the_rest_at_the_end(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        run = await home.start(canary("db", steps=[10, 50]))
        seen = []
        for pods_new in (1, 2):
            await reached(run, "observe")
            seen.append((versions(home, "db"), strategy(home, "db")["rollingUpdate"]["partition"]))
            if pods_new == 1:
                await say(home, run, "promote")
                await reached(run, "await")

        record = await run.wait()

        assert seen == [(["v1", "v1", "v2"], 2), (["v1", "v2", "v2"], 1)]
        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("db", "box.local/db:v2", "StatefulSet")
        assert record.plan.notes[0].text == "Strategy canary: as asked."


async def test_a_daemon_set_is_renewed_on_its_first_nodes_by_name_and_the_rest_at_the_end(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        before = pods(home, "agent")
        run = await home.start(canary("agent", steps=[10, 50]))
        await reached(run, "observe")
        first, held = pods(home, "agent"), strategy(home, "agent")
        await say(home, run, "promote")
        await reached(run, "renew")
        await reached(run, "observe")
        second = versions(home, "agent")

        record = await run.wait()

        assert [version for version, _ in first.values()] == ["v2", "v1", "v1"]
        assert list(first.items())[1:] == list(before.items())[1:], "the others were not touched"
        assert held == {"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
        assert second == ["v2", "v2", "v1"]
        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("agent", "box.local/agent:v2", "DaemonSet")


@both
@pytest.mark.parametrize("version", ["missing", "v2-crash", "v2-unready"])
async def test_only_one_pod_ever_meets_a_version_that_does_not_come_up(tmp_path: Path, app: str, version: str):
    async with house(tmp_path, DATABASE, AGENT) as home:
        before = pods(home, app)

        record = await home.run(canary(app, version))

        assert record.state == "undone", record.verdict
        await home.box.settled()
        assert home.is_as_at_first(app, f"box.local/{app}:v1", KINDS[app])
        after = pods(home, app)
        assert sum(before[place] != after[place] for place in before) == 1


@both
async def test_a_canary_on_a_set_that_dies_while_it_is_watched_is_taken_back(tmp_path: Path, app: str):
    async with house(tmp_path, DATABASE, AGENT) as home:
        home.box.behaviour.images[f"box.local/{app}:v2"] = {"VERSION": "v2", "CRASH_AFTER_S": "6"}

        record = await home.run(canary(app, steps=[50], interval=60))

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code in ("RESTARTED", "RESTARTS", "CRASH_LOOP", "EXITS_AT_ONCE")
        await home.box.settled()
        assert home.is_as_at_first(app, f"box.local/{app}:v1", KINDS[app])


@both
async def test_whoever_aborts_a_canary_on_a_set_has_its_pods_replaced_by_the_old_version(tmp_path: Path, app: str):
    async with house(tmp_path, DATABASE, AGENT) as home:
        run = await home.start(canary(app, steps=[50]))
        await reached(run, "observe")
        assert versions(home, app).count("v2") == 2

        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone"
        assert [step.step for step in record.back if step.step != "unstick"] == ["patch", "await"]
        await home.box.settled()
        assert home.is_as_at_first(app, f"box.local/{app}:v1", KINDS[app])


@both
async def test_the_rest_of_a_set_waits_for_a_persons_word_where_one_is_wanted(tmp_path: Path, app: str):
    async with house(tmp_path, DATABASE, AGENT) as home:
        run = await home.start(canary(app, steps=[10], approve=True))
        await reached(run, "approve")
        assert sorted(versions(home, app)) == ["v1", "v1", "v2"]

        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first(app, f"box.local/{app}:v2", KINDS[app])


@both
async def test_a_canary_on_a_set_that_is_done_can_be_undone(tmp_path: Path, app: str):
    async with house(tmp_path, DATABASE, AGENT) as home:
        done = await home.run(canary(app))

        record = await home.run(ResumeOperation(operation_id=done.id, action="undo"))

        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first(app, f"box.local/{app}:v1", KINDS[app])


@both
@pytest.mark.parametrize("kind", ["renew", "await", "observe"])
async def test_who_changes_the_template_of_a_set_meanwhile_finds_its_strategy_given_back(
    tmp_path: Path, app: str, kind: str
):
    async with house(tmp_path, DATABASE, AGENT) as home:
        run = await home.start(canary(app))
        waits = "renew" if app == "agent" and kind == "await" else "await" if app == "db" and kind == "renew" else kind
        await reached(run, waits)
        home.edit(with_image(f"box.local/{app}:theirs"), app, KINDS[app])

        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "FOREIGN_CHANGE"
        await home.box.settled()
        assert home.is_as_at_first(app, f"box.local/{app}:theirs", KINDS[app])


async def test_as_many_nodes_at_once_are_without_their_pod_as_the_app_allows(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        home.box.add_nodes(3)
        home.edit(allowing("40%"), "agent", "DaemonSet")
        await home.box.settled()
        asked = []

        def note(request: Any, _: Any) -> None:
            if request.method == "DELETE" and "/pods/" in request.path:
                asked.append(versions(home, "agent").count("v2"))

        home.box.faults.after = note
        record = await home.run(canary("agent", steps=[50]))

        assert renewals(record.plan.steps) == [(3, 3)]
        assert asked == [0, 0, 0]
        assert record.state == "done", record.verdict


def allowing(missing: object, surge: object = 0) -> Any:
    def change(found: dict[str, Any]) -> None:
        found["spec"]["updateStrategy"]["rollingUpdate"] = {"maxUnavailable": missing, "maxSurge": surge}

    return change


def renewals(steps: tuple[Step, ...]) -> list[tuple[int, int]]:
    return [(step.pods, step.at_once) for step in steps if isinstance(step, Renew)]


async def test_who_may_not_delete_pods_is_told_before_anything_is_changed(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        home.box.faults.forbid("delete", "pods")

        with pytest.raises(Forbidden, match="delete pods in namespace shop"):
            await home.engine.propose(canary("agent"))


async def test_who_loses_that_right_meanwhile_has_it_all_taken_back(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        run = await home.start(canary("agent", steps=[10, 50]))
        await reached(run, "observe")
        home.box.faults.forbid("delete", "pods")

        record = await run.wait()

        assert record.state == "undone"
        assert record.cause is not None
        assert record.cause.code == "REFUSED_BY_CLUSTER"
        await home.box.settled()
        assert home.is_as_at_first("agent", "box.local/agent:v1", "DaemonSet")


async def test_a_deletion_whose_answer_is_lost_costs_no_second_pod(tmp_path: Path):
    async with house(tmp_path, AGENT) as home:
        lost = home.box.faults.add(Fault(method="DELETE", path="/pods/", drop="after"))
        run = await home.start(canary("agent", steps=[10]))
        await reached(run, "observe")

        assert sorted(versions(home, "agent")) == ["v1", "v1", "v2"]
        assert lost.matched == 2, "it was asked again"
        assert (await run.wait()).state == "done"


@both
async def test_blue_green_is_refused_for_a_set_with_the_reason(tmp_path: Path, app: str):
    async with house(tmp_path, DATABASE, AGENT) as home:
        with pytest.raises(Refused, match="so no second set can stand beside them"):
            await home.engine.propose(canary(app, strategy="blue-green"))


async def test_a_set_that_cannot_be_held_half_way_is_refused_with_the_reason(tmp_path: Path):
    async with house(tmp_path, DATABASE) as home:
        said = [
            await refusal(home, replicas=3, partition=2),
            await refusal(home, replicas=1, partition=0),
            await refusal(home, replicas=0, partition=0),
        ]
        home.edit(with_image("box.local/db:missing"), "db", "StatefulSet")
        home.edit(sized(2, 0), "db", "StatefulSet")
        said.append(await refusal(home, replicas=2, partition=0))

    reasons = [one.message.partition("is not possible: ")[2] for one in said]
    assert reasons == [
        "its updateStrategy has the partition 2: somebody divides its versions by hand.",
        "it takes two pods to have one of each version.",
        "no pods of it are wanted.",
        "not all of its pods are ready.",
    ]
    assert [(one.hint or "").startswith("Try again once it is steady") for one in said] == [False, False, False, True]


def sized(replicas: int, partition: int) -> Any:
    def change(found: dict[str, Any]) -> None:
        found["spec"]["replicas"] = replicas
        found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = partition

    return change


async def refusal(home: House, *, replicas: int, partition: int) -> Refused:
    """Why a canary on that StatefulSet is not possible."""
    home.edit(sized(replicas, partition), "db", "StatefulSet")
    await home.box.settled()
    with pytest.raises(Refused) as caught:
        await home.engine.propose(canary("db"))
    return caught.value


async def test_what_a_canary_on_a_set_cannot_keep_is_said_beforehand(tmp_path: Path):
    async with house(tmp_path, DATABASE, AGENT, AUTOSCALER) as home:
        home.edit(allowing(0, "50%"), "agent", "DaemonSet")
        await home.box.settled()

        daemon = (await home.engine.propose(canary("agent"))).plan
        scaled = (await home.engine.propose(canary("db"))).plan

        assert renewals(daemon.steps) == [(1, 1), (2, 1)]
        assert any("maxSurge holds for the others only" in note.text for note in daemon.notes)
        assert any("removes the canary's pods first" in note.text for note in scaled.notes)
        first = scaled.steps[0]
        assert isinstance(first, Patch)
        assert ("/spec/updateStrategy/rollingUpdate/partition", 0, 2) in [(e.path, e.old, e.new) for e in first.edits]
