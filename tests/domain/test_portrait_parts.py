"""The parts of a portrait: whose pods, which references, which events."""

from types import MappingProxyType

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.pods import Owner, Pod
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.chronicle import chronicle
from dot_ai_lifecycle.domain.grouping import pods_by_workload
from dot_ai_lifecycle.domain.health import standing
from dot_ai_lifecycle.domain.portrait import autoscaler_of, containers_of, problems_of, strategy_of
from dot_ai_lifecycle.domain.references import references
from tests.support.scenes import (
    ago,
    broken,
    container,
    event,
    pod,
    scene,
    served,
    template,
    waiting,
    workload,
)


def whose(workloads: list[Workload], *pods: Pod) -> dict[str, list[str]]:
    return {uid: [one.name for one in own] for uid, own in pods_by_workload(workloads, pods).items()}


def test_a_deployments_pods_are_told_by_the_name_of_their_replica_set() -> None:
    assert whose([workload()], pod("web-v1-a", "v1"), pod("web-v2-b")) == {"uid-Deployment": ["web-v1-a", "web-v2-b"]}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_sets_pods_are_told_by_their_owner(kind: str) -> None:
    of_set = replace(pod("web-0"), owner=Owner(kind, "web", f"uid-{kind}"))
    assert whose([workload(kind)], of_set) == {f"uid-{kind}": ["web-0"]}


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(replace(pod("web-v2-b"), namespace="other"), id="of another namespace"),
        pytest.param(replace(pod("web-v2-b"), owner=None), id="that nobody owns"),
        pytest.param(replace(pod("x"), owner=Owner("Job", "web", "j")), id="of a Job"),
        pytest.param(
            replace(pod("b"), owner=Owner("ReplicaSet", "web-extra-v2", "u")), id="of a longer name with the same start"
        ),
        pytest.param(
            replace(pod("b"), labels=MappingProxyType({"app": "no", "pod-template-hash": "v2"})), id="not selected"
        ),
    ],
)
def test_pods_are_left_out(stranger: Pod) -> None:
    assert whose([workload()], pod("web-v2-a"), stranger) == {"uid-Deployment": ["web-v2-a"]}


def test_pods_of_an_adopted_replica_set_are_found_by_the_selector() -> None:
    adopted = replace(pod("old-0"), owner=Owner("ReplicaSet", "made-by-hand", "u"))
    assert whose([workload()], adopted) == {"uid-Deployment": ["old-0"]}


def test_references_are_named_once_with_their_places_and_without_values() -> None:
    wants = template(
        volumes=[
            {"name": "a", "configMap": {"name": "settings"}},
            {"name": "b", "secret": {"secretName": "tls"}},
            {"name": "c", "projected": {"sources": [{"secret": {"name": "db"}}, {"configMap": {"name": "ca"}}]}},
            {"name": "d", "persistentVolumeClaim": {"claimName": "disk"}},
        ],
        imagePullSecrets=[{"name": "registry"}],
        initContainers=[{"name": "init", "envFrom": [{"secretRef": {"name": "db"}}]}],
    )
    wants["spec"]["containers"][0] |= {
        "env": [
            {"name": "PLAIN", "value": "hunter2"},
            {"name": "PORT", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "port"}}},
            {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
    }
    found = [str(reference) for reference in references(wants)]
    assert found == [
        "ConfigMap ca (volume)",
        "ConfigMap settings (env, envFrom, volume)",
        "PersistentVolumeClaim disk (volume)",
        "Secret db (envFrom, volume)",
        "Secret registry (imagePullSecrets)",
        "Secret tls (volume)",
    ]


def test_a_template_without_references_has_none() -> None:
    assert references(template()) == ()


def test_events_that_matter_are_the_apps_own_folded_and_warnings_first() -> None:
    pods = served().pods
    events = (
        event(pods[0], "BackOff", "Back-off restarting web-v2-0", age=30),
        event(pods[1], "BackOff", "Back-off restarting web-v2-1", age=9),
        event(workload(), "ScalingReplicaSet", "Scaled up replica set web-v2 to 3", age=1, kind="Normal"),
        event(pods[2], "Pulled", "Successfully pulled image", kind="Normal"),
        event(pod("stranger"), "BackOff", "Back-off", age=1),
    )
    first, second = chronicle(served(events=events), most=10)
    assert (first.about, first.times, first.last) == ("Pod web-v2-1 and 1 more", 2, ago(9))
    assert second.reason == "ScalingReplicaSet"


def test_only_so_many_events_are_told_and_the_latest_of_them() -> None:
    events: tuple[Event, ...] = tuple(
        event(served().pods[0], f"Reason{number}", f"message {number}", age=number) for number in range(20)
    )
    assert [one.reason for one in chronicle(served(events=events), most=2)] == ["Reason0", "Reason1"]


def test_problems_of_one_cause_are_told_once_with_redacted_evidence() -> None:
    lines = "password=hunter2 manifest not found"
    seen = scene(workload(), *(broken(f"web-v2-{n}", waiting("ErrImagePull", lines)) for n in range(3)))
    (problem,) = problems_of(standing(seen), most=5)
    assert (problem.code, problem.about) == ("IMAGE_NOT_FOUND", "web-v2-0")
    assert "hunter2" not in problem.model_dump_json()


def test_the_strategy_is_told_with_what_holds_it() -> None:
    spec = {
        "paused": True,
        "minReadySeconds": 5,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    }
    told = "RollingUpdate, maxSurge 1, maxUnavailable 0, minReadySeconds 5, paused"
    assert strategy_of(workload(spec=spec)) == told


def test_containers_are_told_with_resources_and_probes_but_no_variables() -> None:
    wants = template(initContainers=[{"name": "migrate", "image": "shop/web:v2"}])
    wants["spec"]["containers"][0] |= {
        "env": [{"name": "PASSWORD", "value": "hunter2"}],
        "resources": {"requests": {"cpu": "1", "memory": "64Mi"}},
        "livenessProbe": {},
        "readinessProbe": {"tcpSocket": {"port": 1}},
    }
    digest = "sha256:" + "0" * 64
    running = pod("web-0", containers=(container(image_id=f"shop/web@{digest}"),))
    web, init = containers_of(workload(wants=wants), [running])
    assert (web.digest, web.requests, web.probes) == (digest, "cpu 1, memory 64Mi", "readiness")
    assert init.name == "migrate (init)"
    assert "hunter2" not in web.model_dump_json()


def test_without_an_autoscaler_nothing_is_said_of_one() -> None:
    assert autoscaler_of(served()) == ""
