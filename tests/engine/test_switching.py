"""Blue-green on one Deployment: nobody is served by a version that was not proven, and no request is lost."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.operation import Change
from dot_ai_lifecycle.core.way_back import GATED_BY
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import BARE, House, house

V2 = UpdateApp(app="bare", version="v2")


async def test_an_app_whose_pods_do_not_drain_is_switched_without_a_failed_request(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(V2)

        assert record.state == "done", record.verdict
        assert record.plan.notes[0].text.startswith("Strategy blue-green: its pods leave the Services")
        assert await home.box.settled() is None
        assert home.is_as_at_first("bare", "box.local/bare:v2")
        assert flow.failed == {}
        assert flow.ok["v2"]


async def test_the_same_app_loses_requests_where_it_is_rolled(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(UpdateApp(app="bare", version="v2", strategy="rolling"))

        assert record.state == "done"
        assert sum(flow.failed.values()) > 0, "or switching would prove nothing"


@pytest.mark.parametrize("version", ["missing", "v2-crash", "v2-unready"])
async def test_nobody_is_served_by_a_version_that_does_not_come_up(tmp_path: Path, version: str):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(UpdateApp(app="bare", version=version))

        assert record.state == "undone", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert (flow.failed, set(flow.ok)) == ({}, {"v1"})


async def test_an_update_that_was_switched_is_undone_the_same_way(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        done = await home.run(V2)
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(ResumeOperation(operation_id=done.id, action="undo"))

        assert record.state == "done", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert flow.failed == {}
        assert flow.ok["v1"]


def at_step(home: House, number: int, act: Any) -> Any:
    """A listener that acts once, when that step of the plan is begun."""
    seen: list[str] = []

    def tell(progress: Any) -> None:
        if not progress.total and progress.text not in seen:
            seen.append(progress.text)
            if len(seen) == number + 1:
                act()

    return tell


@pytest.mark.parametrize("number", range(1, 12))
async def test_who_changes_the_template_meanwhile_finds_the_services_and_the_strategy_given_back(
    tmp_path: Path, number: int
):
    async with house(tmp_path, BARE) as home:

        def theirs(found: dict[str, Any]) -> None:
            found["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/bare:theirs"

        flow = home.box.traffic.start("bare", "shop", rate=200)
        proposal = await home.engine.propose(V2)
        tell = at_step(home, number, lambda: home.edit(theirs, "bare"))
        run = await home.engine.start(V2, home.consent(proposal), tell)

        record = await run.wait()

        await home.box.settled()
        assert record.state in ("stuck", "done"), record.verdict
        assert home.image("bare") == "box.local/bare:theirs"
        assert home.is_as_at_first("bare", "box.local/bare:theirs")
        assert flow.longest_gap < 1


async def test_a_service_that_somebody_edits_meanwhile_is_left_as_they_want_it(tmp_path: Path):
    async with house(tmp_path, BARE) as home:

        def theirs(found: dict[str, Any]) -> None:
            found["spec"]["selector"] = {"app": "bare", "tier": "front"}

        proposal = await home.engine.propose(V2)
        tell = at_step(
            home, 4, lambda: home.box.store.edit("Service", "bare", "shop", theirs, field_manager="a-stranger")
        )
        record = await (await home.engine.start(V2, home.consent(proposal), tell)).wait()

        await home.box.settled()
        assert record.state == "stuck"
        assert record.cause is not None
        assert (record.cause.code, "a-stranger" in record.cause.text) == ("FOREIGN_CHANGE", True)
        assert home.selector("bare") == {"app": "bare", "tier": "front"}
        assert home.selector("bare-admin") == {"app": "bare"}
        assert home.deployment("bare")["spec"]["strategy"] == home.first["Deployment", "bare"]["strategy"]


@pytest.mark.parametrize("strategy", ["blue-green", "canary"])
async def test_the_mark_of_an_earlier_operation_that_an_undo_by_kubectl_brought_back_is_not_in_the_way(
    tmp_path: Path, strategy: str
):
    async with house(tmp_path, BARE) as home:
        assert (await home.run(V2)).state == "done"
        sets = home.box.store.list("ReplicaSet", "shop")
        (kept,) = [found["metadata"]["annotations"] for found in sets if GATED_BY in found["metadata"]["annotations"]]

        def undone_by_kubectl(found: dict[str, Any]) -> None:
            found["metadata"]["annotations"][GATED_BY] = kept[GATED_BY]

        home.edit(undone_by_kubectl, "bare")
        await home.box.settled()
        record = await home.run(UpdateApp(app="bare", version="v3", strategy=strategy, interval=4))

        assert record.state == "done", record.verdict
        assert GATED_BY not in home.deployment("bare")["metadata"]["annotations"]
        assert home.is_as_at_first("bare", "box.local/bare:v3")


async def test_a_template_that_changes_while_a_restart_is_gated_is_theirs_from_then_on(tmp_path: Path):
    async with house(tmp_path, BARE) as home:

        def theirs(found: dict[str, Any]) -> None:
            found["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/bare:theirs"

        restart = RestartApp(app="bare")
        proposal = await home.engine.propose(restart)
        commit = max(
            n for n, step in enumerate(proposal.plan.steps) if step.ref.kind == "Deployment" and step.step == "patch"
        )
        tell = at_step(home, commit, lambda: home.edit(theirs, "bare"))
        record = await (await home.engine.start(restart, home.consent(proposal), tell)).wait()

        await home.box.settled()
        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "FOREIGN_CHANGE"
        assert home.image("bare") == "box.local/bare:theirs"
        assert [home.selector(name) for name in ("bare", "bare-admin")] == [{"app": "bare"}, {"app": "bare"}]
        assert home.deployment("bare")["spec"].get("minReadySeconds") is None


@pytest.mark.parametrize(
    "change", [UpdateApp(app="bare", version="v2"), RestartApp(app="bare")], ids=["update", "restart"]
)
async def test_where_services_may_not_be_patched_pods_are_replaced_in_the_way_that_needs_no_such_right(
    tmp_path: Path, change: Change[Any]
):
    async with house(tmp_path, BARE) as home:
        home.box.faults.forbid("patch", "services")

        proposal = await home.engine.propose(change)
        record = await home.run(change)

        assert "you may not patch services here" in " ".join(note.text for note in proposal.plan.notes)
        assert record.state == "done", record.verdict
        assert {step.ref.kind for step in record.plan.steps} == {"Deployment"}


async def test_a_switch_that_is_asked_for_without_the_right_to_it_is_refused_with_what_to_do_instead(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.forbid("patch", "services")

        with pytest.raises(Refused, match="you may not patch services here") as caught:
            await home.engine.propose(UpdateApp(app="bare", version="v2", strategy="blue-green"))

        assert "Leave the strategy out" in (caught.value.hint or "")


TWIN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: twin, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: bare, track: twin}}
  template:
    metadata: {labels: {app: bare, track: twin}}
    spec:
      containers: [{name: bare, image: "box.local/bare:twin", ports: [{name: http, containerPort: 8080}]}]
"""


async def test_a_service_that_other_pods_share_is_not_switched_away_from_them(tmp_path: Path):
    own = BARE.replace("matchLabels: {app: bare}", "matchLabels: {app: bare, track: own}")
    own = own.replace("labels: {app: bare}}", "labels: {app: bare, track: own}}")
    async with house(tmp_path, own, TWIN) as home:
        proposal = await home.engine.propose(V2)
        with pytest.raises(Refused, match="Service bare sends traffic to pods of other apps too"):
            await home.engine.propose(UpdateApp(app="bare", version="v2", strategy="blue-green"))

        assert "Service bare sends traffic to pods of other apps too" in proposal.plan.notes[0].text
        assert {step.ref.kind for step in proposal.plan.steps} == {"Deployment"}


async def test_a_service_is_not_switched_away_from_pods_that_the_selector_of_the_app_finds_too(tmp_path: Path):
    async with house(tmp_path, BARE, TWIN) as home:
        proposal = await home.engine.propose(V2)
        record = await home.run(V2)

        assert "Service bare sends traffic to pods of other apps too" in proposal.plan.notes[0].text
        assert {step.ref.kind for step in proposal.plan.steps} == {"Deployment"}
        assert record.state == "done"
        assert home.deployment("twin")["status"]["readyReplicas"] == 2
