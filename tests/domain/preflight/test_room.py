"""Room for pods: Z10 (quotas), Z11 (nodes), and how many extra pods they leave."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.capacity import Quota
from dot_ai_lifecycle.core.trial import Trial
from dot_ai_lifecycle.domain.preflight.capacity import z10, z11
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.headroom import headroom
from dot_ai_lifecycle.domain.preflight.room import node_room, quota_room
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.support.prospects import GOOD, NODES, app, booking, case, container, node, quota, standing, template

OVER = Trial("refused", 'pods "web-" is forbidden: exceeded quota: small, requested: pods=1', "quota")
LARGE = template(container(resources={"requests": {"cpu": "3"}}))


@pytest.mark.parametrize(
    ("quotas", "pods"),
    [
        pytest.param((), None, id="none"),
        pytest.param((quota(pods="10", used={"pods": "4"}),), 6, id="a count"),
        pytest.param((quota(**{"count/pods": "9"}, used={"count/pods": "4"}),), 5, id="a count by another name"),
        pytest.param((quota(requests_cpu="1", used={"requests_cpu": "400m"}),), 6, id="processors"),
        pytest.param((quota(cpu="650m", used={"cpu": "400m"}),), 2, id="processors, as requests"),
        pytest.param((quota(limits_memory="1Gi", used={"limits_memory": "512Mi"}),), 4, id="memory limits"),
        pytest.param((quota(requests_storage="1Gi"),), None, id="what pods do not use"),
        pytest.param((quota(pods="3", used={"pods": "4"}),), 0, id="lowered below what is used"),
        pytest.param(
            (quota(pods="9", used={"pods": "4"}), quota("b", pods="5", used={"pods": "4"})), 1, id="the least"
        ),
    ],
)
def test_quotas_leave_room_for_so_many_pods(quotas: tuple[Quota, ...], pods: int | None):
    assert quota_room(case(quotas=quotas)).pods == pods


@pytest.mark.parametrize(
    ("scopes", "selector", "counts"),
    [
        pytest.param(["NotTerminating"], [], True, id="pods that run on"),
        pytest.param(["Terminating"], [], False, id="pods that end by themselves"),
        pytest.param(["NotBestEffort"], [], True, id="pods with requests"),
        pytest.param(["BestEffort"], [], False, id="pods without requests"),
        pytest.param(["CrossNamespacePodAffinity"], [], False, id="a scope not judged"),
        pytest.param([], [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}], True, id="in"),
        pytest.param([], [{"scopeName": "PriorityClass", "operator": "In", "values": ["low"]}], False, id="not in"),
        pytest.param([], [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["low"]}], True, id="other"),
        pytest.param([], [{"scopeName": "PriorityClass", "operator": "Exists"}], True, id="any priority"),
        pytest.param([], [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}], False, id="no priority"),
        pytest.param([], [{"scopeName": "NotTerminating", "operator": "Exists"}], True, id="a scope as a rule"),
    ],
)
def test_a_quota_counts_for_the_pods_in_its_scope(scopes: list[str], selector: list[Any], counts: bool):
    bounded = quota(pods="4", used={"pods": "4"}, scopes=scopes, selector=selector)
    found = quota_room(case(wants=template(GOOD, priorityClassName="high"), quotas=(bounded,)))

    assert found.pods == (0 if counts else None)


def test_a_quota_of_pods_without_requests_counts_those_alone():
    bare = template(container(resources=None))

    assert quota_room(case(wants=bare, quotas=(quota(pods="4", scopes=["BestEffort"]),))).pods == 4


@pytest.mark.parametrize(
    ("strategy", "more", "level", "harm", "words"),
    [
        pytest.param("rolling", {}, "ok", "none", "No quota stands in the way", id="no quota"),
        pytest.param(
            "rolling", {"quotas": (quota(pods="5", used={"pods": "4"}),)}, "ok", "none", "1 more pod fits", id="1"
        ),
        pytest.param(
            "rolling",
            {"quotas": (quota(pods="4", used={"pods": "4"}),)},
            "warn",
            "none",
            "room for 0 more pods and 1 are wanted: quota small leaves 0 pods",
            id="none left",
        ),
        pytest.param(
            "blue-green",
            {"quotas": (quota(pods="7", used={"pods": "4"}),)},
            "block",
            "fails",
            "room for 3 more pods and 4 are wanted",
            id="no whole set",
        ),
        pytest.param(
            "rolling",
            {"quotas": (quota(limits_memory="512Mi", used={"limits_memory": "512Mi"}),)},
            "warn",
            "none",
            "leaves 0Mi of memory limits",
            id="one for one",
        ),
        pytest.param(
            "rolling",
            {"quotas": (quota(pods="3", used={"pods": "4"}),)},
            "block",
            "fails",
            "Not even one new pod fits: quota small leaves 0 pods once an old pod is gone",
            id="over the bound",
        ),
        pytest.param(
            "rolling",
            {"wants": LARGE, "quotas": (quota(requests_cpu="1", used={"requests_cpu": "400m"}),)},
            "block",
            "fails",
            "leaves 700m of cpu once an old pod is gone, and a new pod needs 3 of cpu",
            id="a larger pod",
        ),
        pytest.param(
            "rolling",
            {"quotas": (quota(**{"count/replicasets.apps": "4"}, used={"count/replicasets.apps": "3"}),)},
            "ok",
            "none",
            "No quota",
            id="one more ReplicaSet",
        ),
        pytest.param("rolling", {"quotas": None, "trial": OVER}, "warn", "none", "used up", id="the server says so"),
        pytest.param("rolling", {"quotas": None}, "ok", "none", "would take one more", id="the server would take one"),
        pytest.param(
            "rolling",
            {"quotas": None, "trial": Trial(), "unread": {"resourcequotas": "You may not list them."}},
            "unknown",
            "none",
            "You may not list them.",
            id="nobody says",
        ),
        pytest.param("blue-green", {"quotas": None}, "unknown", "none", "was not seen", id="one is not four"),
        pytest.param(
            "rolling",
            {"trial": Trial("refused", "failed quota: small: must specify limits.memory for: web", "quota")},
            "block",
            "fails",
            "must specify limits.memory",
            id="what a quota wants to be said",
        ),
    ],
)
def test_quotas_have_room_for_what_the_strategy_needs(
    strategy: Strategy, more: dict[str, Any], level: str, harm: str, words: str
):
    found = z10(case(None, strategy, **more))

    assert (found.level, found.harm) == (level, harm)
    assert words in found.words


def test_each_version_needs_a_replica_set_and_sets_need_none():
    full = quota(**{"count/replicasets.apps": "3"}, used={"count/replicasets.apps": "3"})

    assert "allows 3 ReplicaSets" in z10(case(quotas=(full,))).words
    assert z10(case(standing(app("StatefulSet")), quotas=(full,))).level == "ok"


def test_sets_and_what_is_scaled_to_0_need_no_room():
    full = (quota(pods="4", used={"pods": "4"}),)

    assert z10(case(standing(app("StatefulSet")), quotas=full)).level == "ok"
    assert z10(case(standing(app(replicas=0)), quotas=full)).level == "ok"
    assert z11(case(standing(app(replicas=0)), nodes=())).level == "ok"


@pytest.mark.parametrize(
    ("nodes", "others", "pods"),
    [
        pytest.param((node(cpu="2"),), (), 18, id="what is left beside its own pods"),
        pytest.param((node(cpu="2"),), (booking("x", cpu="1"),), 8, id="beside those of others"),
        pytest.param((node(cpu="2"),), (booking("x", "", cpu="1"),), 18, id="a pod without a node takes none"),
        pytest.param(
            (node(cpu="2"),), (replace(booking("x", cpu="1"), finished=True),), 18, id="a finished one neither"
        ),
        pytest.param((node(pods="3"),), (), 1, id="so many pods and no more"),
        pytest.param((node(cpu="100m"),), (), 0, id="overbooked"),
        pytest.param((node(), node("node-2", cordoned=True)), (), 18, id="a cordoned node takes none"),
        pytest.param((node("node-9", labels={"karpenter.sh/nodepool": "a"}),), (), None, id="nodes that grow"),
    ],
)
def test_nodes_have_room_for_so_many_pods(nodes: Any, others: Any, pods: int | None):
    seen = case(nodes=nodes)
    found = node_room(case(nodes=nodes, bookings=(*(seen.seen.bookings or ()), *others)))

    assert found.pods == pods


@pytest.mark.parametrize(
    ("strategy", "more", "level", "harm", "words"),
    [
        pytest.param("rolling", {}, "ok", "none", "The nodes have room for it: 56 more pods fit", id="room"),
        pytest.param("rolling", {"nodes": (node(cpu="250m"),)}, "warn", "none", "room for 0 more", id="full"),
        pytest.param("blue-green", {"nodes": (node(cpu="500m"),)}, "block", "fails", "and 4 are wanted", id="no set"),
        pytest.param(
            "rolling",
            {"nodes": (node(cordoned=True), node("node-2", cpu="150m"), node("node-3", cpu="100m"))},
            "warn",
            "none",
            "room for 0 more",
            id="full, and one that takes nobody",
        ),
        pytest.param("rolling", {"nodes": ()}, "block", "fails", "No node takes pods", id="no node at all"),
        pytest.param(
            "rolling",
            {"wants": template(GOOD, nodeSelector={"disk": "ssd"})},
            "block",
            "fails",
            "No node",
            id="none fits",
        ),
        pytest.param("rolling", {"wants": LARGE}, "block", "fails", "asks for 3 of cpu", id="too large for any"),
        pytest.param("rolling", {"nodes": None}, "unknown", "none", "was not seen", id="nodes not seen"),
        pytest.param("rolling", {"bookings": None}, "unknown", "none", "was not seen", id="pods not seen"),
        pytest.param(
            "blue-green",
            {"nodes": (node(labels={"karpenter.sh/nodepool": "a"}),)},
            "ok",
            "none",
            "have room",
            id="nodes that grow",
        ),
    ],
)
def test_nodes_have_room_for_what_the_strategy_needs(
    strategy: Strategy, more: dict[str, Any], level: str, harm: str, words: str
):
    found = z11(case(None, strategy, **more))

    assert (found.level, found.harm) == (level, harm)
    assert words in found.words


def test_the_tightest_bound_is_the_headroom_and_unbounded_is_none():
    quotas = (quota(pods="9", used={"pods": "4"}),)

    assert headroom(case(quotas=quotas)).pods == 5
    assert headroom(case(quotas=quotas, nodes=(node(cpu="600m"),))) == (
        4,
        "the one node for such pods has room for 4 more",
    )
    assert headroom(Case(replace(case().seen, quotas=None, nodes=None), "rolling")).pods is None
    assert len(NODES) == 3
