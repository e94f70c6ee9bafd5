"""Blue-green where the app's own strategy is Recreate: a clone of it serves while its own pods are replaced."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import STOPS, House, house

SCALED = """---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: bare, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: bare}, minReplicas: 4, maxReplicas: 8}
"""


def by_clone(version: str = "v2", **more: Any) -> UpdateApp:
    return UpdateApp(app="bare", version=version, strategy="blue-green", **{"standby": 2, **more})


def deployments(home: House) -> set[str]:
    return {found["metadata"]["name"] for found in home.box.store.list("Deployment", "shop")}


async def test_an_app_that_stops_all_its_pods_is_updated_without_a_failed_request(tmp_path: Path):
    async with house(tmp_path, STOPS) as home:
        before = deployments(home)
        flow = home.box.traffic.start("bare", "shop", rate=200)
        proposal = await home.engine.propose(by_clone())

        record = await home.run(by_clone())

        assert record.state == "done", record.verdict
        assert (proposal.plan.risk.level, "side by side" in proposal.plan.risk.reasons[0]) == ("high", True)
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v2")
        assert (flow.failed, deployments(home)) == ({}, before)
        assert flow.ok["v2"]


async def test_the_same_app_is_down_where_its_own_strategy_goes(tmp_path: Path):
    async with house(tmp_path, STOPS) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(UpdateApp(app="bare", version="v2"))

        assert record.plan.notes[0].text.startswith("Strategy rolling:")
        assert record.state == "done"
        assert sum(flow.failed.values()) > 0, "or a clone would prove nothing"


async def test_what_was_updated_by_a_clone_is_undone_by_one(tmp_path: Path):
    async with house(tmp_path, STOPS) as home:
        before, done = deployments(home), await home.run(by_clone())
        flow = home.box.traffic.start("bare", "shop", rate=200)

        undone = await home.run(ResumeOperation(operation_id=done.id, action="undo"))
        await home.box.settled()

        assert undone.state == "done", undone.verdict
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert (flow.failed, deployments(home)) == ({}, before)


@pytest.mark.parametrize("version", ["missing", "v2-crash", "v2-unready"])
async def test_nobody_is_served_by_a_clone_that_does_not_come_up(tmp_path: Path, version: str):
    async with house(tmp_path, STOPS) as home:
        before = deployments(home)
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(by_clone(version))

        assert record.state == "undone", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert (flow.failed, set(flow.ok), deployments(home)) == ({}, {"v1"}, before)


async def test_whoever_aborts_while_the_old_pods_stand_by_has_them_serve_again(tmp_path: Path):
    async with house(tmp_path, STOPS) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)
        run = await home.start(by_clone(standby=60))
        while "v2" not in flow.ok:
            await run.wait(within=1)
        await home.run(PromoteOperation(operation_id=run.operation_id, action="abort"))
        record = await run.wait()

        assert record.state == "undone", record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert flow.failed == {}


@pytest.mark.parametrize("number", range(1, 16, 2))
async def test_who_changes_the_template_meanwhile_finds_no_clone_and_its_services_as_they_were(
    tmp_path: Path, number: int
):
    async with house(tmp_path, STOPS) as home:
        before, seen = deployments(home), list[str]()

        def theirs(found: dict[str, Any]) -> None:
            found["spec"]["template"]["spec"]["containers"][0]["image"] = "box.local/bare:theirs"

        def tell(progress: Any) -> None:
            if not progress.total and progress.text not in seen:
                seen.append(progress.text)
                if len(seen) == number + 1:
                    home.edit(theirs, "bare")

        change = by_clone()
        proposal = await home.engine.propose(change)
        record = await (await home.engine.start(change, home.consent(proposal), tell)).wait()

        await home.box.settled()
        assert record.state in ("stuck", "done"), record.verdict
        assert home.is_as_at_first("bare", "box.local/bare:theirs")
        assert deployments(home) == before


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (STOPS.replace("replicas: 4", "replicas: 0", 1), "it is scaled to 0"),
        (STOPS + SCALED, "its autoscaler bare would count the pods of a clone as its own"),
        (
            STOPS.replace("selector: {app: bare}, ports", "selector: {app: other}, ports"),
            "no Service sends traffic to it",
        ),
    ],
    ids=["off", "scaled by itself", "no traffic"],
)
async def test_where_a_clone_is_of_no_use_it_is_refused_with_the_reason(tmp_path: Path, manifest: str, why: str):
    async with house(tmp_path, manifest) as home:
        with pytest.raises(Refused, match=why):
            await home.engine.propose(by_clone())


async def test_smoke_checks_are_not_asked_of_a_clone(tmp_path: Path):
    async with house(tmp_path, STOPS) as home:
        with pytest.raises(Refused, match="a clone of it is proven instead"):
            await home.engine.propose(by_clone(smoke=("/healthz",)))
