"""Which pods an ordered set would never replace: the broken ones of a revision that should be gone, and no others."""

from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions.stuck import stuck
from dot_ai_lifecycle.core.objects import Revision
from dot_ai_lifecycle.core.pods import Owner, Pod
from dot_ai_lifecycle.core.scene import Scene
from tests.support.scenes import broken, container, event, pod, revision, scene, template, workload

OWNER = Owner("StatefulSet", "web", "uid-StatefulSet")
GOOD, BAD = (
    replace(revision(f"shop/web:v{number}", number), name=f"web-{number}", hash=f"web-{number}", owner=OWNER)
    for number in (1, 2)
)


def of(number: int, which: Revision, *, ready: bool = False, **more: Any) -> Pod:
    labels = MappingProxyType({"app": "web", "controller-revision-hash": which.name})
    made = pod(f"web-{number}") if ready else broken(f"web-{number}", container(ready=False))
    return replace(made, labels=labels, owner=OWNER, **more)


def ordered(*pods: Pod, status: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **more: Any) -> Scene:
    known = {"updateRevision": GOOD.name, **(status or {})}
    wanted = workload("StatefulSet", wants=template("shop/web:v1"), status=known, spec=spec)
    return scene(wanted, *pods, revisions=(GOOD, BAD), **more)


def names(pods: tuple[Pod, ...]) -> list[str]:
    return [one.name for one in pods]


def test_broken_pods_of_the_bad_revision_are_freed_lowest_ordinal_first():
    seen = ordered(of(10, BAD), of(2, BAD), of(1, BAD, ready=True), of(0, GOOD))

    assert names(stuck(seen).free) == ["web-2", "web-10"]
    assert stuck(seen).held == ()


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(ordered(of(2, BAD), status={"observedGeneration": 1}), id="its controller has not looked yet"),
        pytest.param(ordered(of(2, BAD), status={"updateRevision": BAD.name}), id="the bad revision is still wanted"),
        pytest.param(ordered(of(2, BAD), spec={"podManagementPolicy": "Parallel"}), id="replaced in parallel"),
        pytest.param(ordered(of(2, BAD, finalizers=("a.io/b",))), id="somebody else lets it go"),
        pytest.param(ordered(of(2, BAD, phase="Failed")), id="its controller replaces what ended"),
        pytest.param(scene(workload(), of(2, BAD)), id="no StatefulSet"),
        pytest.param(replace(ordered(of(2, BAD), status={"updateRevision": ""}), revisions=()), id="nothing known"),
    ],
)
def test_no_other_pod_is_touched(seen: Scene):
    assert stuck(seen).free == ()


def test_a_pod_on_a_lost_node_is_left():
    assert names(stuck(ordered(of(2, BAD, reason="NodeLost"))).held) == ["web-2"]


OWN = {"volumeClaimTemplates": [{"metadata": {"name": "disk"}}]}
WAITS = (container(phase="waiting", ready=False, since=None),)


@pytest.mark.parametrize(("spec", "held"), [(OWN, ["web-2"]), ({}, [])])
def test_a_pod_whose_own_volume_is_the_cause_would_come_back_the_same(spec: dict[str, Any], held: list[str]):
    waiting = of(2, BAD, containers=WAITS)
    attached = event(waiting, "FailedAttachVolume", "Multi-Attach error for volume disk-web-2")

    seen = stuck(ordered(waiting, spec=spec, events=(attached,)))

    assert names(seen.held) == held
    assert names(seen.free) == ([] if held else ["web-2"])


def test_a_pod_with_a_volume_that_crashes_is_freed():
    assert names(stuck(ordered(of(2, BAD), spec=OWN)).free) == ["web-2"]
