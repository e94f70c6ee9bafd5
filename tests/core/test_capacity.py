"""What a pod asks for as a whole, and what a template names."""

from decimal import Decimal
from typing import Any

import pytest

from dot_ai_lifecycle.core.capacity import amounts, asked
from dot_ai_lifecycle.core.needs import Need, needs


def cpu(request: str = "", limit: str = "", **more: Any) -> dict[str, Any]:
    sides = {"requests": request, "limits": limit}
    return {"name": "c", "resources": {side: {"cpu": value} for side, value in sides.items() if value}, **more}


@pytest.mark.parametrize(
    ("spec", "requests", "limits"),
    [
        pytest.param({"containers": [cpu("1"), cpu("500m")]}, "1.5", None, id="containers add up"),
        pytest.param({"containers": [cpu(limit="2")]}, "2", "2", id="a limit stands for the request"),
        pytest.param({"containers": [cpu("1", "2")]}, "1", "2", id="both are given"),
        pytest.param(
            {"containers": [cpu("1")], "initContainers": [cpu("3"), cpu("2")]}, "3", None, id="the largest start"
        ),
        pytest.param(
            {"containers": [cpu("1")], "initContainers": [cpu("1", restartPolicy="Always"), cpu("2")]},
            "3",
            None,
            id="a start beside a sidecar",
        ),
        pytest.param(
            {"containers": [cpu("3")], "initContainers": [cpu("2"), cpu("1", restartPolicy="Always")]},
            "4",
            None,
            id="a sidecar stays",
        ),
        pytest.param({"containers": [cpu("1")], "overhead": {"cpu": "250m"}}, "1.25", "0.25", id="the overhead"),
        pytest.param({"containers": [{"name": "c"}]}, None, None, id="nothing"),
        pytest.param({}, None, None, id="no containers"),
    ],
)
def test_a_pod_asks_for_the_most_it_needs_at_any_time(spec: Any, requests: str | None, limits: str | None):
    assert asked(spec).get("cpu") == (Decimal(requests) if requests else None)
    assert asked(spec, "limits").get("cpu") == (Decimal(limits) if limits else None)


def test_what_is_no_quantity_is_left_out():
    assert amounts({"cpu": "1", "memory": "much", "pods": 4}) == {"cpu": 1, "pods": 4}
    assert amounts(None) == {}


NAMING: dict[str, Any] = {
    "env": [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "b", "optional": True}}},
        {"name": "C", "value": "plain"},
    ],
    "envFrom": [{"configMapRef": {"name": "more"}}, {"secretRef": {"name": "secrets", "optional": True}}],
}
VOLUMES = [
    {"name": "1", "configMap": {"name": "files", "items": [{"key": "x.yaml", "path": "x"}]}},
    {"name": "2", "secret": {"secretName": "tls"}},
    {"name": "3", "projected": {"sources": [{"configMap": {"name": "part"}}, {"secret": {"name": "half"}}]}},
    {"name": "4", "persistentVolumeClaim": {"claimName": "data"}},
    {"name": "5", "emptyDir": {}},
]


def test_everything_a_template_names_is_found_once_with_key_and_place():
    spec = {
        "containers": [NAMING],
        "initContainers": [NAMING],
        "volumes": VOLUMES,
        "imagePullSecrets": [{"name": "pull"}],
        "serviceAccountName": "runner",
        "priorityClassName": "high",
        "runtimeClassName": "gvisor",
    }

    assert needs({"spec": spec}) == (
        Need("ConfigMap", "settings", "env", "a"),
        Need("Secret", "keys", "env", "b", optional=True),
        Need("ConfigMap", "more", "envFrom"),
        Need("Secret", "secrets", "envFrom", optional=True),
        Need("ConfigMap", "files", "volume"),
        Need("ConfigMap", "files", "volume", "x.yaml"),
        Need("Secret", "tls", "volume"),
        Need("ConfigMap", "part", "volume"),
        Need("Secret", "half", "volume"),
        Need("PersistentVolumeClaim", "data", "volume"),
        Need("Secret", "pull", "imagePullSecrets", optional=True),
        Need("ServiceAccount", "runner", "serviceAccountName"),
        Need("PriorityClass", "high", "priorityClassName"),
        Need("RuntimeClass", "gvisor", "runtimeClassName"),
    )


def test_a_need_is_spoken_of_by_its_kind_name_and_key():
    assert str(Need("ConfigMap", "files", "volume", "x.yaml")) == "ConfigMap files, key x.yaml"
    assert str(Need("Secret", "tls", "volume")) == "Secret tls"
    assert needs({}) == ()
