"""How several apps are changed as one, decided from what was seen of them."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.queries import own_query
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.preview import Preview
from dot_ai_lifecycle.core.smoke import checks_of
from dot_ai_lifecycle.core.steps import Await, Edit, Observe, Together
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.domain.strategies.as_one import Member, as_one
from dot_ai_lifecycle.domain.strategies.replacing import Ways
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from tests.support.prospects import app, around, service, standing

IMAGE = "/spec/template/spec/containers/0/image"
LATENCY = own_query("max(latency) <= 2")


def member(name: str = "web", *, behind: str | None = None, services: bool = True, **more: Any) -> Member:
    scene = standing(app(name=name, **more))
    seen = replace(
        scene, services=(service(behind or name),) if services else (), shared=(behind,) if behind is not None else ()
    )
    rollout = Rollout(seen, (Edit(path=IMAGE, old="shop/web:v1", new="shop/web:v2"),), "to v2", "update: to v2", 60)
    return Member(rollout, Look(around(seen), {}))


def test_the_metrics_a_person_asks_for_are_asked_of_every_app_that_is_watched():
    whole = as_one([member("api"), member("web")], "auto", Ways(queries=(LATENCY,)))

    (watch,) = (step for step in whole.steps if isinstance(step, Together) and isinstance(step.steps[0], Observe))
    assert [one.queries for one in watch.steps if isinstance(one, Observe)] == [(LATENCY,)] * 2


@pytest.mark.parametrize(
    ("members", "ways"),
    [
        ([member("api", services=False), member("web", services=False)], Ways(queries=(LATENCY,))),
        ([member("api"), member("web")], Ways(queries=(LATENCY,), standby=0)),
    ],
    ids=["no traffic", "no time"],
)
def test_metrics_are_refused_where_nothing_is_watched(members: list[Member], ways: Ways):
    with pytest.raises(Refused, match="Nothing is watched"):
        as_one(members, "auto", ways)


@pytest.mark.parametrize("main", [member("web", services=False), member("web", replicas=0)], ids=["no traffic", "off"])
def test_smoke_checks_are_refused_where_the_app_itself_cannot_be_asked_beforehand(main: Member):
    ways = Ways(preview=Preview(checks_of(["/healthz"])))

    with pytest.raises(Refused, match="no smoke checks of Deployment shop/web: its new pods cannot stand beside"):
        as_one([member("api"), main], "auto", ways)


def test_without_a_standby_nothing_is_watched_after_the_switch():
    whole = as_one([member("api"), member("web")], "auto", Ways(standby=0))

    assert not [step for step in whole.steps if isinstance(step, Together) and isinstance(step.steps[0], Observe)]


@pytest.mark.parametrize(("wanted", "proven"), [("auto", 1), ("rolling", 1), ("blue-green", None)])
def test_what_nobody_sends_to_has_one_pod_proven_unless_a_whole_set_is_asked_for(wanted: Any, proven: int | None):
    whole = as_one([member("worker", services=False), member("web")], wanted, Ways())

    waits = next(step for step in whole.steps if isinstance(step, Together)).steps
    assert next(one.pods for one in waits if not isinstance(one, Observe)) == proven


def test_an_app_of_high_risk_makes_the_whole_of_high_risk_and_is_named():
    stops = member("api", strategy={"type": "Recreate"})

    whole = as_one([stops, member("web")], "auto", Ways())

    assert whole.risk.level == "high"
    assert any(reason.startswith("deployment/api: the Recreate strategy stops") for reason in whole.risk.reasons)
    assert any("deployment/api: its new pods cannot be prepared" in note.text for note in whole.notes)


def test_a_strategy_that_one_of_them_cannot_have_is_refused_by_its_name():
    with pytest.raises(Refused, match="blue-green change of StatefulSet shop/db"):
        as_one([member("db", kind="StatefulSet"), member("web")], "blue-green", Ways())


def test_apps_behind_one_service_are_proven_together_and_rolled_as_it_cannot_name_a_version_of_each():
    apps = [member("api", behind="front"), member("web", behind="front")]

    whole = as_one(apps, "auto", Ways())

    proven = next(step for step in whole.steps if isinstance(step, Together))
    assert [(one.ref.name, one.pods) for one in proven.steps if isinstance(one, Await)] == [("api", 1), ("web", 1)]
    assert not [step for step in whole.steps if step.ref.kind == "Service"]
    with pytest.raises(Refused, match="Deployment shop/api is not possible: Service front sends traffic to pods"):
        as_one(apps, "blue-green", Ways())
