"""Pods that keep their own kind away: Z12 (volumes) and Z13 (anti-affinity, spread, ports)."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.needs import Need
from dot_ai_lifecycle.core.surroundings import Sought
from dot_ai_lifecycle.domain.preflight.beside import rooms_beside
from dot_ai_lifecycle.domain.preflight.capacity import z13
from dot_ai_lifecycle.domain.preflight.headroom import headroom
from dot_ai_lifecycle.domain.preflight.volumes import volume_room, z12
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.support.prospects import GOOD, NODES, app, case, claim, container, node, standing, template

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
OWN = {"matchLabels": {"app": "web"}}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
CLAIMED = template(
    GOOD, volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}, {"name": "e", "emptyDir": {}}]
)


def apart(key: str = HOST, selector: Any = OWN, **more: Any) -> dict[str, Any]:
    term = {"topologyKey": key, "labelSelector": selector, **more}
    return template(GOOD, affinity={"podAntiAffinity": {REQUIRED: [term]}})


def spread(key: str = HOST, **more: Any) -> dict[str, Any]:
    rule = {"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": OWN, **more}
    return template(GOOD, topologySpreadConstraints=[rule])


def of(wants: Any, replicas: int = 3, strategy: Strategy = "rolling", **more: Any) -> Any:
    """An app whose running pods and new ones are of that template."""
    return case(standing(app(wants=wants, replicas=replicas)), strategy, **more)


@pytest.mark.parametrize(
    ("wants", "replicas", "pods"),
    [
        pytest.param(template(GOOD), 3, None, id="no rule"),
        pytest.param(apart(), 3, 0, id="one on each of three nodes"),
        pytest.param(apart(), 2, 1, id="one node is free"),
        pytest.param(apart(ZONE), 3, 0, id="one in each zone"),
        pytest.param(apart(selector={"matchLabels": {"app": "other"}}), 3, None, id="away from others"),
        pytest.param(apart(selector=None), 3, None, id="a rule that selects nothing"),
        pytest.param(apart(matchLabelKeys=["pod-template-hash"]), 3, None, id="within a revision"),
        pytest.param(apart("rack"), 3, 0, id="a key no node has"),
    ],
)
def test_required_anti_affinity_leaves_one_pod_for_each_domain(wants: Any, replicas: int, pods: int | None):
    bounds = [room.pods for room in rooms_beside(of(wants, replicas)) if room.pods is not None]

    assert bounds == ([] if pods is None else [pods])


def test_the_rule_of_the_pods_that_run_holds_against_new_ones_without_it():
    assert z13(case(standing(app(wants=apart(), replicas=3)), wants=template(GOOD))).level == "warn"


@pytest.mark.parametrize(
    ("wants", "nodes", "pods"),
    [
        pytest.param(spread(), NODES, None, id="every node takes pods"),
        pytest.param(spread(), (*NODES, node("node-4", cordoned=True)), 0, id="one takes none, and counts as empty"),
        pytest.param(spread(maxSkew=2), (*NODES, node("node-4", cordoned=True)), 3, id="more skew"),
        pytest.param(
            spread(nodeTaintsPolicy="Honor"), (*NODES, node("node-4", cordoned=True)), None, id="it is left out"
        ),
        pytest.param(
            spread(whenUnsatisfiable="ScheduleAnyway"), (*NODES, node("node-4", cordoned=True)), None, id="soft"
        ),
        pytest.param(
            spread(matchLabelKeys=["pod-template-hash"]), (*NODES, node("node-4", cordoned=True)), None, id="hash"
        ),
        pytest.param(spread(labelSelector=None), (*NODES, node("node-4", cordoned=True)), None, id="nobody"),
        pytest.param(spread(), (*NODES[:2], replace(NODES[2], cordoned=True)), 2, id="a node with a pod is cordoned"),
    ],
)
def test_a_spread_that_counts_dead_domains_fills_the_others_up(wants: Any, nodes: Any, pods: int | None):
    bounds = [room.pods for room in rooms_beside(of(wants, nodes=nodes)) if room.pods is not None]

    assert bounds == ([] if pods is None else [pods])


@pytest.mark.parametrize(
    ("wants", "replicas", "pods"),
    [
        pytest.param(template(container(ports=[{"containerPort": 80, "hostPort": 80}])), 3, 0, id="a port of the host"),
        pytest.param(template(container(ports=[{"containerPort": 80, "hostPort": 80}])), 2, 1, id="one node is free"),
        pytest.param(template(container(), hostNetwork=True), 3, 0, id="the network of the host"),
        pytest.param(template(container(ports=None), hostNetwork=True), 3, None, id="without a port"),
    ],
)
def test_a_port_of_the_host_is_had_once_on_each_node(wants: Any, replicas: int, pods: int | None):
    bounds = [room.pods for room in rooms_beside(of(wants, replicas)) if room.pods is not None]

    assert bounds == ([] if pods is None else [pods])


@pytest.mark.parametrize("wants", [apart(), spread(), template(container(), hostNetwork=True)])
def test_without_nodes_whether_pods_fit_beside_each_other_is_unknown(wants: Any):
    assert z13(of(wants, nodes=None)).level == "unknown"


@pytest.mark.parametrize(
    ("given", "level", "harm"),
    [
        pytest.param(of(template(GOOD)), "ok", "none", id="no rule"),
        pytest.param(of(apart(), 2), "ok", "none", id="room for one"),
        pytest.param(of(apart()), "warn", "none", id="room for none"),
        pytest.param(of(apart(), 2, "blue-green"), "block", "fails", id="no room for a set"),
        pytest.param(of(template(container(), hostNetwork=True)), "warn", "none", id="ports"),
    ],
)
def test_rules_that_keep_new_pods_away_are_told(given: Any, level: str, harm: str):
    found = z13(given)

    assert (found.level, found.harm) == (level, harm)


def test_a_rule_within_a_version_is_the_way_out_of_anti_affinity():
    assert "matchLabelKeys" in z13(of(apart())).fix.words  # type: ignore[union-attr] # it has one
    assert "matchLabelKeys" not in z13(of(template(container(), hostNetwork=True))).fix.words  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("modes", "nodes", "pods", "level"),
    [
        pytest.param(("ReadWriteMany",), NODES, None, "ok", id="shared"),
        pytest.param(("ReadWriteOnce", "ReadWriteMany"), NODES, None, "ok", id="shared too"),
        pytest.param(("ReadWriteOncePod",), NODES[:1], 0, "warn", id="one pod"),
        pytest.param(("ReadWriteOnce",), NODES, 0, "warn", id="one of several nodes"),
        pytest.param(("ReadWriteOnce",), NODES[:1], None, "ok", id="the only node"),
        pytest.param(("ReadWriteOnce",), None, 0, "warn", id="nodes not seen"),
    ],
)
def test_a_volume_that_cannot_be_shared_keeps_new_pods_from_starting(
    modes: tuple[str, ...], nodes: Any, pods: int | None, level: str
):
    given = case(wants=CLAIMED, claims={"d": claim("d", *modes)}, nodes=nodes)

    assert volume_room(given).pods == pods
    assert z12(given).level == level


def test_a_claim_that_was_not_seen_is_unknown_and_one_that_is_missing_is_another_checks():
    gone = Sought(Need("PersistentVolumeClaim", "d", "volume"), "missing")

    assert z12(case(wants=CLAIMED)).level == "unknown"
    assert z12(case(wants=CLAIMED, sought=(gone,))).level == "ok"


def test_what_does_not_surge_never_needs_a_volume_twice():
    given = case(standing(app("StatefulSet")), wants=CLAIMED, claims={"d": claim("d", "ReadWriteOncePod")})

    assert z12(given).level == "ok"


def test_a_volume_of_one_pod_is_the_headroom():
    given = case(wants=CLAIMED, claims={"d": claim("d", "ReadWriteOncePod")})

    assert headroom(given) == (0, "volume claim d may be mounted by one pod only (ReadWriteOncePod)")
