"""What was around a version: what is recorded of it, and by which patches it is put back."""

from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.around import Around, Bounds, Sender
from dot_ai_lifecycle.core.objects import Autoscaler, Service
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Await, Patch, WayBack
from dot_ai_lifecycle.domain.belonging import around_of, recorded_around, restored, surrounded
from dot_ai_lifecycle.domain.rolling import raised, risk_of
from tests.support.scenes import record, scene, service, template, workload

SCALER = Autoscaler("web", "shop", "uid-scaler", "Deployment", "web", 2, 10, current=3)
THEN = Around(senders=(Sender(name="web", selector={"app": "web"}),), bounds=Bounds(name="web", minimum=2, maximum=10))


def selecting(name: str = "web", **selector: str) -> Service:
    return service(name, selector=MappingProxyType({"app": "web", **selector}))


def labelled(**labels: str) -> dict[str, Any]:
    return {**template(), "metadata": {"labels": {"app": "web", **labels}}}


def now(*services: Service, labels: dict[str, str] | None = None, **spec: Any) -> Scene:
    return scene(workload(wants=labelled(**(labels or {})), spec=spec), services=services, autoscaler=SCALER)


def test_what_is_around_a_healthy_app_is_recorded():
    found = around_of(now(selecting(), minReadySeconds=5, strategy={"type": "Recreate"}))

    assert found == Around(
        senders=THEN.senders,
        bounds=THEN.bounds,
        pace={
            "/spec/strategy": {"type": "Recreate"},
            "/spec/minReadySeconds": 5,
            "/spec/progressDeadlineSeconds": None,
        },
    )


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(scene(workload(status={"readyReplicas": 2})), id="not all pods are ready"),
        pytest.param(
            scene(workload(annotations={"lifecycle.dot-ai/gated-by": "abc"})), id="an operation holds its pace"
        ),
    ],
)
def test_what_is_around_an_app_in_trouble_is_not_recorded(seen: Scene):
    assert around_of(seen) is None


def test_what_is_an_operations_for_a_time_is_not_recorded():
    pinned = selecting(**{"pod-template-hash": "v2"})
    partitioned = workload("StatefulSet", spec={"updateStrategy": {"rollingUpdate": {"partition": 2}}})

    assert around_of(scene(partitioned, services=(pinned,))) == Around()


def test_the_latest_sight_of_a_template_counts():
    plan = record().plan
    seen = plan.model_copy(update={"around": THEN})
    records = (
        record("a", template_before="t2", plan=seen),
        record("b", template_before="t1", plan=plan),
        record("c", template_before="t1", plan=seen.model_copy(update={"around": Around()})),
        record("d", template_before="t1", plan=seen),
    )

    assert recorded_around(records, "t1") == Around()
    assert recorded_around(records, "t3") is None


def test_nothing_known_is_nothing_done():
    seen = now(selecting(generation="three"), labels={"generation": "three"})

    assert restored(seen, labelled(), None).scene is seen


def test_what_is_as_it_was_or_belongs_to_another_is_left():
    pinned = selecting(**{"pod-template-hash": "v2"})
    other = Around(senders=THEN.senders, bounds=Bounds(name="another", minimum=1, maximum=2))

    for seen, then in ((now(selecting()), THEN), (now(pinned), other)):
        found = restored(seen, labelled(), then)
        assert (found.first, found.last, found.notes, found.gaps) == ((), (), (), ())


def test_a_selector_that_suits_both_versions_comes_first():
    seen = now(selecting(generation="three"), labels={"generation": "three"})

    found = restored(seen, labelled(), THEN)

    assert [str(patch.ref) for patch in found.first] == ["Service shop/web"]
    assert dict(found.scene.services[0].selector) == {"app": "web"}
    assert (found.last, found.gaps) == ((), ())


def test_a_selector_that_suits_the_version_to_come_alone_comes_last():
    then = Around(senders=(Sender(name="web", selector={"app": "web", "generation": "one"}),))

    found = restored(now(selecting()), labelled(generation="one"), then)

    assert (found.first, len(found.last), found.gaps) == ((), 1, ())


def test_versions_without_a_label_in_common_leave_a_gap_that_a_person_has_to_agree_to():
    then = Around(senders=(Sender(name="web", selector={"app": "web", "generation": "one"}),))
    seen = now(selecting(generation="three"), labels={"generation": "three"})

    found = restored(seen, labelled(generation="one"), then)

    assert found.gaps == ("Service web sends to nobody between the two versions: their labels have nothing in common",)
    assert raised(risk_of(seen), found.gaps).level == "high"
    assert raised(risk_of(seen), ()) == risk_of(seen)


def test_a_service_that_sends_elsewhere_now_is_brought_back_and_one_that_is_gone_is_told():
    then = Around(senders=(*THEN.senders, Sender(name="admin", selector={"app": "web"})))
    stray = service("web", selector=MappingProxyType({"app": "other"}))

    found = restored(now(), labelled(), then, (stray,))

    assert [service.name for service in found.scene.services] == ["web"]
    assert "Service admin" in found.notes[0].text


@pytest.mark.parametrize(
    ("minimum", "maximum", "edits"),
    [
        pytest.param(2, 10, [], id="the same"),
        pytest.param(1, 10, [("/spec/minReplicas", 2, 1)], id="lower"),
        pytest.param(2, 5, [("/spec/maxReplicas", 10, 5)], id="upper"),
    ],
)
def test_bounds_come_back(minimum: int, maximum: int, edits: list[tuple[str, int, int]]):
    then = Around(bounds=Bounds(name="web", minimum=minimum, maximum=maximum))

    found = restored(now(), labelled(), then)

    assert [(e.path, e.old, e.new) for patch in found.last for e in patch.edits] == edits


def test_no_bound_takes_pods_away_that_run():
    found = restored(now(), labelled(), Around(bounds=Bounds(name="web", minimum=1, maximum=2)))

    assert found.last == ()
    assert "keeps its bounds of 2 to 10" in found.notes[0].text


def test_an_app_that_lost_its_autoscaler_gets_none():
    assert restored(replace(now(), autoscaler=None), labelled(), THEN).last == ()


def test_strategy_fields_come_back_those_that_were_absent_too():
    then = Around(pace={"/spec/strategy": {"type": "RollingUpdate"}, "/spec/minReadySeconds": None})

    found = restored(now(minReadySeconds=5, strategy={"type": "Recreate"}), labelled(), then)

    assert [(e.path, e.old, e.new) for e in found.last[0].edits] == [
        ("/spec/strategy", {"type": "Recreate"}, {"type": "RollingUpdate"}),
        ("/spec/minReadySeconds", 5, None),
    ]


def test_what_takes_back_a_whole_change_takes_the_services_back_last():
    seen = now(selecting(generation="three"), labels={"generation": "three"})
    around = restored(seen, labelled(), THEN)
    proof = Await(ref=seen.workload.ref, within=1, why="proof")
    plain = Patch(ref=seen.workload.ref, edits=(), why="x")
    whole = plain.model_copy(update={"back": WayBack(steps=(proof,), whole=True)})
    part = plain.model_copy(update={"back": WayBack(steps=(proof,))})

    first, same, led, alone = surrounded((plain, whole, part), around, proof)

    assert (first, same, alone) == (around.first[0], plain, part)
    assert led.back is not None
    assert [step.step for step in led.back.steps] == ["await", "patch"]
