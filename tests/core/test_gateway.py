"""What a route says: where it leads, and whether the gateways it names follow it as it is now."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.conditions.reading import Met, Waiting
from dot_ai_lifecycle.core.gateway import HttpRoute


def condition(kind: str, status: str = "True", generation: int = 2, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, "reason": "", "message": "", **more}


FOLLOWS = (condition("Accepted"), condition("ResolvedRefs"))


def said(*conditions: dict[str, Any], **parent: Any) -> dict[str, Any]:
    return {"parentRef": {"name": "front", **parent}, "controllerName": "a", "conditions": list(conditions)}


def route(*parents: dict[str, Any], wants: Any = ({"name": "front"},), rules: Any = ()) -> HttpRoute:
    """A route of generation 2."""
    return HttpRoute(
        {
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": 2},
            "spec": {"parentRefs": list(wants), "rules": list(rules)},
            "status": {"parents": list(parents)},
        }
    )


def test_a_route_is_followed_once_every_gateway_has_taken_it_as_it_is():
    both = ({"name": "front"}, {"name": "back", "sectionName": "https"})

    assert route(said(*FOLLOWS)).followed() == Met("front follows HTTPRoute shop/web")
    assert isinstance(route(said(*FOLLOWS), wants=both).followed(), Waiting)
    assert isinstance(
        route(said(*FOLLOWS), said(*FOLLOWS, name="back", sectionName="https"), wants=both).followed(), Met
    )


def test_a_parent_is_the_same_with_the_defaults_left_out_or_written():
    whole = said(*FOLLOWS, group="gateway.networking.k8s.io", kind="Gateway", namespace="shop")

    assert isinstance(route(whole).followed(), Met)
    assert isinstance(route(said(*FOLLOWS, namespace="elsewhere")).followed(), Waiting)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ((), "has not looked at the last change (Accepted)"),
        ((condition("Accepted", generation=1), condition("ResolvedRefs")), "the last change (Accepted)"),
        ((condition("Accepted"), condition("ResolvedRefs", generation=1)), "the last change (ResolvedRefs)"),
        (
            (condition("Accepted", "False", reason="NoMatchingParent"), FOLLOWS[1]),
            "Accepted is False (NoMatchingParent",
        ),
        ((FOLLOWS[0], condition("ResolvedRefs", "False", message="no web-canary")), "(: no web-canary)"),
    ],
)
def test_what_a_gateway_has_not_said_of_this_generation_is_waited_for(conditions: Any, words: str):
    reading = route(said(*conditions)).followed()

    assert isinstance(reading, Waiting)
    assert words in reading.words


def test_two_controllers_of_one_gateway_both_have_to_follow():
    assert isinstance(route(said(*FOLLOWS), said(condition("Accepted"))).followed(), Waiting)


def test_a_route_without_a_gateway_leads_nowhere():
    assert route(wants=()).followed() == Waiting("HTTPRoute shop/web names no gateway")


def test_only_services_of_its_own_namespace_are_where_a_route_leads():
    backends = [
        {"name": "web"},
        {"name": "far", "namespace": "other"},
        {"name": "bucket", "kind": "Bucket"},
        {"name": "mesh", "group": "mesh.example.com"},
        {"name": "api", "kind": "Service", "group": "", "namespace": "shop"},
    ]

    assert route(rules=[{"backendRefs": backends}, {}]).services == {"web", "api"}
