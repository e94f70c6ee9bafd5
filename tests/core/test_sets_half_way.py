"""When a set that is held half-way has as many new pods as it should, told from its scene alone."""

from types import MappingProxyType
from typing import Any

import pytest

from dot_ai_lifecycle.core.conditions.reading import Met, Reading, Waiting
from dot_ai_lifecycle.core.conditions.sides import wanted_hash
from dot_ai_lifecycle.core.conditions.surge import surged
from dot_ai_lifecycle.core.pods import Pod
from tests.support.scenes import pod, revision, scene, workload


def of_set(name: str, tag: str, **more: Any) -> Pod:
    """A set's pod, which carries its revision as sets' pods do."""
    return pod(name, labels=MappingProxyType({"app": "web", "controller-revision-hash": tag}), **more)


def numbered(*tags: str, spec: Any = None, **status: Any) -> Reading:
    """The reading of one new pod in a StatefulSet whose pods, from ordinal 0, are of those revisions."""
    counted = {"updateRevision": "web-v2", "updatedReplicas": sum(tag == "web-v2" for tag in tags), **status}
    start = (spec or {}).get("ordinals", {}).get("start", 0)
    pods = [of_set(f"web-{start + number}", tag) for number, tag in enumerate(tags)]
    return surged(scene(workload("StatefulSet", spec=spec, status=counted), *pods), "", 1, 0)


@pytest.mark.parametrize("spec", [None, {"ordinals": {"start": 5}}])
def test_of_a_stateful_set_the_highest_ordinals_count(spec: Any):
    assert numbered("web-v1", "web-v1", "web-v2", spec=spec) == Met("1 pod of v2 ready", 1)
    assert numbered("web-v2", "web-v1", "web-v1", spec=spec) == Waiting("0 of 1 pod of v2 ready", 0, 1)


def test_pods_that_the_status_does_not_count_yet_may_be_of_the_revision_before():
    lagging = numbered("web-v1", "web-v1", "web-v2", updatedReplicas=0)

    assert lagging == Waiting("the StatefulSet controller does not count all of v2 yet", 0, 1)


def test_a_daemon_set_whose_new_revision_was_not_heard_of_yet_has_no_new_pods():
    old = (revision("shop/web:v1", 1),)
    pods = [of_set(f"web-{letter}", "v1") for letter in "abc"]
    seen = scene(workload("DaemonSet", status={"updatedNumberScheduled": 0}), *pods, revisions=old)

    assert isinstance(surged(seen, "", 0, 0), Waiting)


def test_what_pods_of_the_wanted_revision_carry_is_known_once_its_controller_has_looked():
    named = {"updateRevision": "web-abc"}

    assert wanted_hash(scene(workload("StatefulSet", status=named))) == "web-abc"
    assert wanted_hash(scene(workload("StatefulSet", status={**named, "observedGeneration": 1}))) == "v2"
    assert wanted_hash(scene(workload("DaemonSet"))) == "v2"
    assert wanted_hash(scene(workload(), revisions=())) == ""
