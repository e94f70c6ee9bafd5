"""Canary by the weights of an HTTPRoute: exact shares, never more than new pods carry, and a route left as it was."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dot_ai_lifecycle.core.errors import Forbidden, Refused
from dot_ai_lifecycle.core.steps import Await, Create, Patch
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.engine.test_canaries import reached, say
from tests.requirements import claims
from tests.support.gateway import DEFINITION, ROUTE
from tests.support.house import BARE, House, house, with_image

SECOND = ROUTE.partition("---")[0].replace("name: bare, namespace", "name: second, namespace")
FOREIGN = SECOND.replace("name: second", "name: of-nobody").replace("[{name: front}]", "[]")


def canary(**more: Any) -> UpdateApp:
    return UpdateApp(
        **{"app": "bare", "version": "v2", "strategy": "canary", "interval": 20, "steps": [10, 50], **more}
    )


def rules(home: House, name: str = "bare") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = home.box.store.get("HTTPRoute", name, "shop")["spec"]["rules"]
    return found


def weights(home: House, name: str = "bare") -> list[list[tuple[str, int | None]]]:
    """The backends of every rule with their weights."""
    return [[(one["name"], one.get("weight")) for one in rule["backendRefs"]] for rule in rules(home, name)]


OWN = [[("bare", None)], [("elsewhere", None)], [("bare", 1)]]


def shared(weight: int) -> list[list[tuple[str, int | None]]]:
    both = [("bare", 100 - weight), ("bare-canary", weight)]
    return [both, [("elsewhere", None)], both]


def is_as_at_first(home: House, version: str, routes: tuple[str, ...] = ("bare",)) -> bool:
    assert [weights(home, name) for name in routes] == [OWN] * len(routes)
    assert [s["metadata"]["name"] for s in home.box.store.list("Service", "shop")] == [
        "bare",
        "bare-admin",
        "elsewhere",
        "web",
    ]
    return home.is_as_at_first("bare", f"box.local/bare:{version}")


@claims("update.canary")
async def test_a_route_sends_exactly_the_shares_asked_for_and_is_left_as_it_was(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        before = rules(home)
        flow = home.box.traffic.start("bare", "shop", rate=200)
        run = await home.start(canary())
        await reached(run, "observe")
        first, counted = weights(home), home.deployment("bare")["status"]["updatedReplicas"]
        behind = home.selector("bare-canary"), home.selector("bare")
        await say(home, run, "promote")
        await reached(run, "await")
        await reached(run, "observe")
        second = weights(home)
        record = await run.wait()

        assert (first, counted, second) == (shared(10), 1, shared(50))
        assert behind[0]["pod-template-hash"] != behind[1]["pod-template-hash"]
        assert record.state == "done", record.verdict
        await home.box.settled()
        assert rules(home) == before
        assert is_as_at_first(home, "v2")
        assert flow.failed == {}


async def test_no_route_names_the_new_pods_before_they_can_be_reached(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        plan = (await home.engine.propose(canary())).plan

    kinds = [f"{step.step} {step.ref.kind}" for step in plan.steps]
    created, changed = kinds.index("create Service"), kinds.index("patch HTTPRoute")
    assert kinds[created - 1 : changed] == ["await Deployment", "create Service", "await Deployment"]
    service = plan.steps[created]
    assert isinstance(service, Create)
    assert service.manifest["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": "http"}]
    assert service.manifest["metadata"]["ownerReferences"][0]["kind"] == "Deployment"


async def test_a_weight_that_the_same_pods_carry_needs_no_more_of_them(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        plan = (await home.engine.propose(canary(steps=[10, 20, 50]))).plan

    surged = [step.pods for step in plan.steps if isinstance(step, Await) and step.until == "surged"]
    changed = [step for step in plan.steps if isinstance(step, Patch) and step.ref.kind == "HTTPRoute"]
    assert (surged, len(changed)) == ([1, 2, None], 4)


async def test_all_else_in_a_rule_stays_and_a_header_leads_to_the_new_version_first(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        plan = (await home.engine.propose(canary(header="x-canary=yes"))).plan
        own = rules(home)

    patch = next(step for step in plan.steps if isinstance(step, Patch) and step.ref.kind == "HTTPRoute")
    (edit,) = patch.edits
    header = {"type": "Exact", "name": "x-canary", "value": "yes"}
    assert edit.old == own
    named, plain, *rest = edit.new
    assert named["matches"] == [{"path": {"type": "PathPrefix", "value": "/api"}, "headers": [header]}]
    assert named["backendRefs"] == [{"name": "bare-canary", "port": 80}]
    assert "name" not in named
    assert (named["filters"], named["timeouts"]) == (own[0]["filters"], own[0]["timeouts"])
    assert plain["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}, "headers": [header]}]
    assert [{**rule, "backendRefs": None} for rule in rest] == [{**rule, "backendRefs": None} for rule in own]


@pytest.mark.parametrize("kind", ["observe", "await"])
async def test_whoever_aborts_has_the_route_back_before_any_new_pod_ends(tmp_path: Path, kind: str):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        run = await home.start(canary(steps=[50]))
        await reached(run, kind)
        await say(home, run, "abort")
        record = await run.wait()

        assert record.state == "undone", record.verdict
        await home.box.settled()
        assert is_as_at_first(home, "v1")
        done = [f"{step.step} {step.ref.kind}" for step in record.back]
        assert kind == "await" or done.index("patch HTTPRoute") < done.index("delete Service") < done.index(
            "patch Deployment"
        )


async def test_several_routes_go_together_and_one_that_no_gateway_follows_is_left_out(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE, SECOND, FOREIGN) as home:
        run = await home.start(canary(steps=[25]))
        await reached(run, "observe")
        seen = [weights(home, name) for name in ("bare", "second", "of-nobody")]
        record = await run.wait()

        assert seen == [shared(25), shared(25), OWN]
        assert record.state == "done", record.verdict
        await home.box.settled()
        assert is_as_at_first(home, "v2", ("bare", "second", "of-nobody"))


async def test_what_was_switched_by_weight_is_undone(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        done = await home.run(canary())
        record = await home.run(ResumeOperation(operation_id=done.id, action="undo"))

        assert record.state == "done", record.verdict
        await home.box.settled()
        assert is_as_at_first(home, "v1")


async def test_a_route_that_the_api_server_refuses_has_it_all_taken_back(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        home.box.faults.add(Fault(method="PATCH", path="/httproutes/bare", nth=2, status=422, message="no such field"))
        record = await home.run(canary())

        assert record.state == "undone"
        assert record.cause is not None
        assert record.cause.code == "REFUSED_BY_CLUSTER"
        await home.box.settled()
        assert is_as_at_first(home, "v1")


async def test_a_backend_that_is_gone_is_named_by_the_gateway(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        run = await home.start(canary(steps=[50]))
        await reached(run, "observe")
        home.box.store.delete("Service", "elsewhere", "shop")
        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "ROUTE_NOT_FOLLOWED"
        assert "ResolvedRefs is False (BackendNotFound: Service elsewhere not found)" in record.cause.text


@pytest.mark.parametrize("whose", ["template", "route"])
async def test_who_changes_it_meanwhile_finds_nothing_of_ours_in_their_way(tmp_path: Path, whose: str):
    def theirs(found: dict[str, Any]) -> None:
        found["spec"]["rules"][0]["timeouts"] = {"request": "9s"}

    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        run = await home.start(canary())
        await reached(run, "observe")
        if whose == "template":
            home.edit(with_image("box.local/bare:theirs"), "bare")
        else:
            home.box.store.edit("HTTPRoute", "bare", "shop", theirs, field_manager="a-stranger")
        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "FOREIGN_CHANGE"
        await home.box.settled()
        if whose == "template":
            assert is_as_at_first(home, "theirs")
        else:
            assert weights(home) == shared(10), "their route is theirs"
            assert home.box.store.find("Service", "bare-canary", "shop"), "and may name what is ours"
        assert home.selector("bare") == {"app": "bare"}


async def test_a_route_that_is_deleted_meanwhile_is_not_waited_for(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        run = await home.start(canary())
        await reached(run, "observe")
        home.box.store.delete("HTTPRoute", "bare", "shop")
        record = await run.wait()

        assert record.state == "stuck"
        assert record.cause is not None
        assert record.cause.code == "GONE"


async def test_without_a_route_that_is_followed_the_share_is_that_of_the_pods(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE) as home:
        plain = (await home.engine.propose(canary())).plan
        with pytest.raises(Refused, match="No HTTPRoute that a gateway follows leads to Deployment shop/bare"):
            await home.engine.propose(canary(header="x-canary=yes"))
        home.box.apply(FOREIGN)
        unfollowed = (await home.engine.propose(canary())).plan
        home.box.apply(ROUTE)
        await home.box.settled()
        home.box.faults.forbid("list", "httproutes")
        unseen = (await home.engine.propose(canary())).plan

        assert {step.ref.kind for plan in (plain, unfollowed, unseen) for step in plan.steps} == {
            "Deployment",
            "Service",
        }
        with pytest.raises(ValidationError, match="header goes with strategy canary"):
            UpdateApp(app="bare", version="v2", header="x-canary=yes")


async def test_a_rule_that_divides_its_traffic_already_is_not_divided_again(tmp_path: Path):
    def divided(found: dict[str, Any]) -> None:
        found["spec"]["rules"][0]["backendRefs"].append({"name": "elsewhere", "port": 80})

    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        home.box.store.edit("HTTPRoute", "bare", "shop", divided)
        await home.box.settled()
        with pytest.raises(Refused, match="divides its traffic among several backends already"):
            await home.engine.propose(canary())


async def test_who_may_not_change_routes_is_told_before_anything_is_changed(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        home.box.faults.forbid("patch", "httproutes")
        with pytest.raises(Forbidden, match="patch httproutes in namespace shop"):
            await home.engine.propose(canary())
