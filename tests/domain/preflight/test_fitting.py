"""Whether a node takes a pod, as the scheduler's filters decide."""

from typing import Any

import pytest

from dot_ai_lifecycle.domain.preflight.fitting import usable
from tests.support.prospects import node

TAINT = {"key": "team", "value": "a", "effect": "NoSchedule"}


def affinity(*terms: Any) -> dict[str, Any]:
    required = {"nodeSelectorTerms": list(terms)}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "machine", "fits"),
    [
        ({}, node(), True),
        ({}, node(ready=False), False),
        ({}, node(cordoned=True), False),
        (
            {"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]},
            node(cordoned=True),
            True,
        ),
        ({"nodeSelector": {"disk": "ssd"}}, node(), False),
        ({"nodeSelector": {"disk": "ssd"}}, node(labels={"disk": "ssd"}), True),
        ({}, node(taints=(TAINT,)), False),
        ({}, node(taints=({**TAINT, "effect": "PreferNoSchedule"},)), True),
        ({"tolerations": [{"operator": "Exists"}]}, node(taints=(TAINT,)), True),
        ({"tolerations": [{"key": "team", "operator": "Exists"}]}, node(taints=(TAINT,)), True),
        ({"tolerations": [{"key": "other", "operator": "Exists"}]}, node(taints=(TAINT,)), False),
        ({"tolerations": [{"key": "team", "value": "a"}]}, node(taints=(TAINT,)), True),
        ({"tolerations": [{"key": "team", "value": "b"}]}, node(taints=(TAINT,)), False),
        ({"tolerations": [{"key": "team", "value": "a", "effect": "NoExecute"}]}, node(taints=(TAINT,)), False),
        (affinity(expression("disk", "In", "ssd")), node(labels={"disk": "ssd"}), True),
        (affinity(expression("disk", "In", "ssd")), node(), False),
        (affinity(expression("disk", "In", "ssd"), expression("disk", "DoesNotExist")), node(), True),
        (affinity(expression("cores", "Gt", "4")), node(labels={"cores": "8"}), True),
        (affinity(expression("cores", "Lt", "4")), node(labels={"cores": "8"}), False),
        (affinity(expression("cores", "Gt", "4")), node(labels={"cores": "many"}), False),
        (affinity({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}), node(), True),
        (affinity({}), node(), False),
        (affinity(), node(), False),
    ],
)
def test_a_node_takes_a_pod(spec: dict[str, Any], machine: Any, fits: bool):
    assert usable(machine, spec) is fits
