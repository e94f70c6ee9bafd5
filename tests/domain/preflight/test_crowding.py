"""Where several apps get new pods at the same time, each has only the room that the others leave."""

from decimal import Decimal

from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.crowding import crowded
from dot_ai_lifecycle.domain.preflight.room import node_room, quota_room
from tests.support.prospects import around, node, quota


def test_nodes_hold_the_new_pods_of_other_apps_too():
    seen = around(nodes=(node("node-1", pods="10"), node("node-2", pods="10")))
    alone = node_room(Case(seen, "blue-green", {})).pods

    beside = node_room(Case(crowded(seen, [(around(), 4), (around(), 3)]), "blue-green", {})).pods

    assert (alone, beside) == (17, 10), "of 20 pods 3 run on these nodes, and 7 come"


def test_what_finds_no_node_takes_no_room():
    seen = around(nodes=(node("node-1", pods="3"),))

    assert node_room(Case(crowded(seen, [(around(), 50)]), "blue-green", {})).pods == 0
    assert crowded(around(nodes=()), [(around(), 1)]).bookings == around().bookings


def test_quotas_count_the_new_pods_of_other_apps_where_they_count_such_pods():
    quotas = (quota("all", pods="10", used={"pods": "4"}), quota("plain", pods="9", scopes=["BestEffort"]))
    seen = around(quotas=quotas)

    found = crowded(seen, [(around(), 3)])

    assert quota_room(Case(seen, "blue-green", {})).pods == 6
    assert quota_room(Case(found, "blue-green", {})).pods == 3
    assert found.quotas is not None
    assert [one.left("pods") for one in found.quotas] == [Decimal(3), Decimal(9)]


def test_what_may_not_be_seen_stays_unseen():
    found = crowded(around(quotas=None, bookings=None, nodes=None), [(around(), 3)])

    assert (found.quotas, found.bookings) == (None, None)
