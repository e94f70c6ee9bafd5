"""Smoke checks and previews: a version that does not answer is taken back before anybody was served by it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dot_ai_lifecycle.core.errors import Conflict, Forbidden, Refused
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.showing import step_text
from dot_ai_lifecycle.core.steps import Create, Smoke
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.embedded.messages import Request
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.requirements import claims
from tests.support.gateway import DEFINITION, ROUTE
from tests.support.house import AGENT, BARE, House, house, with_image
from tests.support.rollouts import CANARY
from tests.support.saying import reached, say

PREVIEW = "bare-preview"
PROXY = f"services/{PREVIEW}:80/proxy"
THEIRS = """
apiVersion: v1
kind: Service
metadata: {name: bare-preview, namespace: shop}
spec: {selector: {app: somebody-elses}, ports: [{port: 80}]}
"""


def update(**more: Any) -> UpdateApp:
    return UpdateApp(**{"app": "bare", "version": "v2", "smoke": ["/healthz", "/items?page=2"], **more})


def erring(home: House, version: str = "v2-errs", **env: str) -> str:
    """A version that gets ready and answers every request with an error."""
    home.box.behaviour.images[f"box.local/bare:{version}"] = {"ERROR_PERCENT": "100", **env}
    return version


def previews(home: House) -> list[str]:
    """The Services there are that nobody but us made."""
    names = [found["metadata"]["name"] for found in home.box.store.list("Service", "shop")]
    return [name for name in names if name.endswith(("-preview", "-canary"))]


async def nothing_is_left(home: House, version: str = "v1") -> None:
    await home.box.settled()
    assert previews(home) == []
    assert home.is_as_at_first("bare", f"box.local/bare:{version}")


def asked(home: House) -> list[str]:
    """What is asked of the preview from now on, in order."""
    paths: list[str] = []

    def note(request: Request) -> None:
        if "/proxy/" in request.path:
            paths.append(request.path.rpartition("/services/")[2])

    home.box.faults.before = note
    return paths


def caused(record: Record) -> tuple[str, str]:
    assert record.state == "undone", record.verdict
    assert record.cause is not None
    return record.cause.code, record.cause.text


@claims("update.blue_green")
async def test_a_version_is_asked_before_anybody_is_served_by_it_and_then_gets_all_requests(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        flow, paths = home.box.traffic.start("bare", "shop", rate=200), asked(home)

        record = await home.run(update())

        assert record.state == "done", record.verdict
        assert record.plan.notes[0].text.startswith("Strategy blue-green: smoke checks ask a whole new set")
        assert paths == [f"{PREVIEW}:80/proxy/healthz", f"{PREVIEW}:80/proxy/items"]
        texts = [happening.text for happening in record.happenings if happening.what == "done"]
        assert "/healthz, /items?page=2 answered as expected" in texts
        await nothing_is_left(home, "v2")
        assert flow.failed == {}


@claims("update.blue_green")
@pytest.mark.parametrize("strategy", ["auto", "blue-green", "canary"])
async def test_a_version_that_does_not_answer_as_it_has_to_served_nobody(tmp_path: Path, strategy: str):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)

        record = await home.run(update(version=erring(home), strategy=strategy))

        code, text = caused(record)
        assert code == "SMOKE_FAILED"
        assert text == 'The new version answered GET /healthz with 500 instead of 2xx or 3xx: "boom".'
        assert record.cause is not None
        assert record.cause.evidence == ("GET /healthz: 500", "boom")
        await nothing_is_left(home)
        assert (flow.failed, set(flow.ok)) == ({}, {"v1"})


async def test_an_error_that_is_expected_will_do_and_a_good_answer_then_does_not(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        record = await home.run(update(version=erring(home), smoke=["/a=500"]))
        assert record.state == "done", record.verdict

        text = caused(await home.run(update(version="v3", smoke=["/ready", "/ready=401"])))[1]
        assert text == "The new version answered GET /ready with 200 instead of 401."
        await nothing_is_left(home, "v2-errs")


async def test_what_a_version_says_is_shown_without_its_secrets(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        version = erring(home, ERROR_PERCENT="0", VERSION="password=correct-horse")
        record = await home.run(update(version=version, smoke=["/=404"]))

        assert "correct-horse" not in record.model_dump_json()
        assert "password=‹hidden, 13 characters›" in caused(record)[1]


async def test_a_pod_that_is_not_reached_yet_is_asked_again(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        nobody = Fault(method="GET", path=PROXY, status=503, times=5, message="no endpoints available")
        home.box.faults.add(nobody)

        assert (await home.run(update())).state == "done"

        assert nobody.matched == 7


async def test_a_pod_that_is_never_reached_is_taken_back(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.add(Fault(method="GET", path=PROXY, status=503, times=0, message="no endpoints available"))
        record = await home.run(update())

        text = "The new version did not answer GET /healthz within 15 s: no endpoints available."
        assert caused(record) == ("SMOKE_FAILED", text)
        await nothing_is_left(home)


async def test_a_right_that_is_taken_away_meanwhile_takes_it_back(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.add(Fault(method="GET", path=PROXY, status=403, times=0))
        record = await home.run(update())

        assert caused(record)[0] == "REFUSED_BY_CLUSTER"
        await nothing_is_left(home)


async def test_an_api_server_that_is_away_for_a_moment_is_waited_for(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.add(Fault(method="GET", path=PROXY, drop="before", times=3))
        assert (await home.run(update())).state == "done"


async def test_who_aborts_while_it_is_asked_finds_nothing_left(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.add(Fault(method="GET", path=PROXY, delay=8, times=0))
        run = await home.start(update(smoke=["/a", "/b", "/c"]))
        await reached(run, "smoke")
        await say(home, run, "abort")

        assert caused(await run.wait())[0] == "ABORTED"
        await nothing_is_left(home)


async def test_who_is_asked_can_look_at_the_new_version_by_itself(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(update(smoke=None, strategy="blue-green", approve=True))
        approve = next(step for step in run.record.plan.steps if step.step == "approve")
        assert f"kubectl -n shop port-forward service/{PREVIEW} 8080:80" in step_text(approve)

        await reached(run, "approve")
        behind, served = home.selector(PREVIEW), home.selector("bare")
        owner = home.box.store.get("Service", PREVIEW, "shop")["metadata"]["ownerReferences"][0]
        await say(home, run, "promote")
        record = await run.wait()

        assert record.state == "done", record.verdict
        assert behind["pod-template-hash"] != served["pod-template-hash"]
        assert (owner["kind"], owner["name"]) == ("Deployment", "bare")
        await nothing_is_left(home, "v2")


@pytest.mark.parametrize("strategy", ["blue-green", "canary"])
async def test_nobody_promotes_and_the_preview_goes_with_the_rest(tmp_path: Path, strategy: str):
    async with house(tmp_path, BARE) as home:
        change = update(strategy=strategy, steps=[25], interval=4, approve=True, approve_within=20)
        assert caused(await home.run(change))[0] == "NOT_PROMOTED"
        await nothing_is_left(home)


async def test_a_canary_that_answers_and_is_promoted_leaves_nothing(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        flow, change = home.box.traffic.start("bare", "shop", rate=200), update(strategy="canary", approve=True)
        run = await home.start(change.model_copy(update={"steps": [25, 50], "interval": 4}))
        await reached(run, "approve")
        standing = previews(home)
        promote = PromoteOperation(operation_id=run.operation_id)
        await home.run(promote)

        assert ((await run.wait()).state, standing) == ("done", [PREVIEW])
        await nothing_is_left(home, "v2")
        assert flow.failed == {}


@pytest.mark.parametrize("version", ["v2", "v2-errs"])
async def test_a_canary_by_weight_asks_its_own_service_before_a_route_names_it(tmp_path: Path, version: str):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        erring(home)
        paths = asked(home)
        record = await home.run(update(version=version, strategy="canary", steps=[25], interval=4))

        kinds = [f"{step.step} {step.ref.kind}" for step in record.plan.steps]
        assert kinds.index("smoke Deployment") < kinds.index("patch HTTPRoute")
        assert paths[0] == "bare-canary:80/proxy/healthz"
        assert record.state == ("done" if version == "v2" else "undone"), record.verdict
        await nothing_is_left(home, version if version == "v2" else "v1")


async def test_an_operation_that_was_held_is_undone_with_its_preview(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        record = await home.run(update(version=erring(home), on_failure="hold"))
        assert (record.state, previews(home)) == ("stuck", [PREVIEW])

        await home.run(ResumeOperation(operation_id=record.id, action="undo"))

        await nothing_is_left(home)


@pytest.mark.parametrize("kind", ["smoke", "approve"])
async def test_who_changes_the_template_meanwhile_finds_the_preview_gone(tmp_path: Path, kind: str):
    async with house(tmp_path, BARE) as home:
        flow = home.box.traffic.start("bare", "shop", rate=200)
        home.box.faults.add(Fault(method="GET", path=PROXY, delay=5, times=0))
        run = await home.start(update(approve=True))
        await reached(run, kind)
        home.edit(with_image("box.local/bare:theirs"), "bare")
        record = await run.wait()

        assert (record.state, record.cause and record.cause.code) == ("stuck", "FOREIGN_CHANGE")
        await nothing_is_left(home, "theirs")
        assert flow.longest_gap < 1


async def test_a_service_of_that_name_that_is_not_ours_is_not_touched(tmp_path: Path):
    async with house(tmp_path, BARE, THEIRS) as home:
        with pytest.raises(Refused, match="Service shop/bare-preview exists already"):
            await home.engine.propose(update())

        plan = (await home.engine.propose(update(smoke=None, strategy="blue-green", approve=True))).plan
        assert not [step for step in plan.steps if isinstance(step, Create)]
        assert "There is no preview Service: Service shop/bare-preview exists already." in [n.text for n in plan.notes]


async def test_nor_where_it_comes_after_the_plan_was_made(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(update())
        home.box.apply(THEIRS)
        theirs = home.box.store.get("Service", PREVIEW, "shop")
        record = await run.wait()

        assert caused(record) == (
            "NAME_TAKEN",
            "Service shop/bare-preview exists already, and is not ours: it was left as it is.",
        )
        await home.box.settled()
        assert home.box.store.get("Service", PREVIEW, "shop") == theirs


async def test_nor_where_it_takes_the_place_of_ours(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        run = await home.start(update(approve=True))
        await reached(run, "approve")
        home.box.store.delete("Service", PREVIEW, "shop")
        home.box.apply(THEIRS)
        theirs = home.box.store.get("Service", PREVIEW, "shop")
        await say(home, run, "abort")

        assert (await run.wait()).state == "undone"
        assert home.box.store.get("Service", PREVIEW, "shop") == theirs


async def test_a_service_that_is_made_between_the_plan_and_its_start_is_a_conflict(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.add(Fault(method="GET", path=f"services/{PREVIEW}", status=403, times=0))
        proposal = await home.engine.propose(update())
        home.box.apply(THEIRS)
        home.box.faults.clear()
        with pytest.raises((Conflict, Refused), match="exists already"):
            await home.engine.start(update(), home.consent(proposal))


@pytest.mark.parametrize(
    ("verb", "resource"), [("get", "services/proxy"), ("create", "services"), ("delete", "services")]
)
async def test_a_right_that_is_missing_is_named_before_anything_is_touched(tmp_path: Path, verb: str, resource: str):
    async with house(tmp_path, BARE) as home:
        home.box.faults.forbid(verb, resource)
        with pytest.raises(Forbidden, match=f"You may not {verb} {resource} in namespace shop"):
            await home.engine.propose(update())


async def test_who_may_not_create_services_may_be_asked_without_a_preview(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.faults.forbid("create", "services")
        plan = (await home.engine.propose(update(smoke=None, strategy="canary", approve=True))).plan

    assert not [step for step in plan.steps if isinstance(step, Create)]
    told = "There is no preview Service: you may not create and delete services in namespace shop."
    assert told in [note.text for note in plan.notes]


NO_DOOR = BARE.replace("port: 80, targetPort", "port: 80, protocol: UDP, targetPort").partition("\n---\n")[0]
AT_ONCE = BARE.replace("spec:\n  replicas: 4", "spec:\n  strategy: {type: Recreate}\n  replicas: 4")


@pytest.mark.parametrize(
    ("manifest", "more", "why"),
    [
        (NO_DOOR, {}, "no Service with a TCP port sends traffic to it"),
        (AT_ONCE, {}, "its strategy is Recreate"),
        (BARE, {"app": "agent"}, "a DaemonSet has one pod on each node"),
        (CANARY, {"app": "api"}, "is decided by Argo Rollouts, which delivers it"),
        (BARE, {"app": "agent", "strategy": "canary"}, "a pod of a set serves as soon as it is ready"),
    ],
)
async def test_where_there_can_be_no_checks_it_is_said_before_anything_is_touched(
    tmp_path: Path, manifest: str, more: dict[str, str], why: str
):
    async with house(tmp_path, manifest, AGENT) as home:
        with pytest.raises(Refused, match=why):
            await home.engine.propose(update(**more))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"strategy": "rolling"}, "smoke goes with strategy blue-green or canary"),
        ({"smoke": ["healthz"]}, "smoke wants a path such as /healthz"),
        ({"smoke": []}, "at least 1 item"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], why: str):
    with pytest.raises(ValidationError, match=why):
        update(**given)


@pytest.mark.parametrize(
    ("ports", "port", "scheme"),
    [
        ("[{name: metrics, port: 9090}, {name: https, port: 443, targetPort: http}]", 443, "https"),
        ("[{name: a, port: 9090}, {name: b, port: 8080}]", 8080, "http"),
        ("[{port: 8443, targetPort: http}]", 8443, "https"),
        ("[{name: a, port: 1, appProtocol: kubernetes.io/h2c}, {name: b, port: 2, appProtocol: http}]", 2, "http"),
        ("[{name: b, port: 7}, {name: a, port: 8}]", 7, "http"),
    ],
)
async def test_the_port_that_most_likely_speaks_http_is_asked(tmp_path: Path, ports: str, port: int, scheme: str):
    manifest = BARE.replace("[{port: 80, targetPort: http}]", ports).rpartition("\n---\n")[0]
    async with house(tmp_path, manifest) as home:
        plan = (await home.engine.propose(update())).plan

    (smoke,) = [step for step in plan.steps if isinstance(step, Smoke)]
    (create,) = [step for step in plan.steps if isinstance(step, Create)]
    assert (smoke.at.port, smoke.at.scheme) == (port, scheme)
    assert port in [one["port"] for one in create.manifest["spec"]["ports"]]
