"""The ways traffic takes to a pod, and how long they need to notice that it ends (Z21, Z22)."""

from dot_ai_lifecycle.core.objects import Service
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, ok, unknown, warned

INSIDE = 5
"""Seconds within which the proxies of all nodes have noticed: 1 to 3 are usual (kubernetes#43576)."""

INGRESS = 15
"""Seconds within which an ingress, gateway or mesh has: it learns from endpoints as proxies do, then loads anew."""

OUTSIDE = 30
"""Seconds within which a cloud's load balancer has, and caches of DNS names of headless Services."""


def drain_seconds(case: Case) -> int:
    """How long a pod should stay after it was told to end: the longest of the ways to it."""
    found = [INSIDE]
    if any(service.type == "LoadBalancer" or service.headless for service in case.scene.services):
        found.append(OUTSIDE)
    if routing(case):
        found.append(INGRESS)
    return max(found)


def routing(case: Case) -> list[str]:
    """The Ingresses and routes that lead to the app's Services."""
    names = {service.name for service in case.scene.services}
    return [f"{route.kind} {route.name}" for route in case.seen.routes or () if route.services & names]


def z21(case: Case) -> Finding:
    """Services send to ready pods alone, and notice soon when one ends."""
    if case.served is None:
        return unknown("Z21", "You may not list Services here: how traffic reaches the app is not known.")
    odd = [words for service in case.scene.services if (words := _odd(service))]
    if odd:
        fix = Fix(f"Let pods drain {drain_seconds(case)} s in a preStop hook, and let clients try again.")
        return warned("Z21", odd[0], *odd[1:], fix=fix)
    names = ", ".join(service.name for service in case.scene.services)
    return ok("Z21", f"Traffic comes through {names} to ready pods." if names else "No Service leads to its pods.")


def _odd(service: Service) -> str:
    if service.publishes_not_ready:
        return f"Service {service.name} sends to pods that are not ready (publishNotReadyAddresses)."
    if service.headless:
        return (
            f"Service {service.name} is headless: clients keep addresses of pods that have ended until they ask again."
        )
    if service.local_traffic:
        return (
            f"Service {service.name} takes outside traffic only on nodes that run a pod (externalTrafficPolicy Local): "
            "load balancers learn late that a node has none any more."
        )
    if service.sticky:
        return f"Service {service.name} keeps each client at one pod (sessionAffinity): its end is felt by all of them."
    return ""


def z22(case: Case) -> Finding:
    """What stands before the Services notices in time."""
    outside = [service.name for service in case.scene.services if service.type == "LoadBalancer"]
    if case.seen.routes is None and not outside:
        why = case.why_unread("ingresses")
        return unknown("Z22", f"Whether an Ingress or route leads to it was not seen. {why}")
    before = [*routing(case), *(f"Load balancer of Service {name}" for name in outside)]
    if not before:
        return ok("Z22", "No Ingress, route or load balancer stands before its Services.")
    words = f"{', '.join(before)} needs up to {drain_seconds(case)} s to notice that a pod ends."
    fix = Fix(f"Let pods drain {drain_seconds(case)} s in a preStop hook.")
    return warned("Z22", words, fix=fix)


def z28(case: Case) -> Finding:
    """It is known whether traffic reaches the app at all."""
    from_queues = _queues(case)
    match case.served:
        case None:
            return unknown("Z28", "You may not list Services here: whether traffic reaches the app is not known.")
        case True:
            return ok("Z28", "Services send it traffic, so traffic can be led.")
        case _:
            words = "No Service sends it traffic: new pods take up work as soon as they start, before any check ends."
            return Finding("Z28", "info", words, from_queues)


def _queues(case: Case) -> tuple[str, ...]:
    """Variables that look as if work came from a queue."""
    marks = ("QUEUE", "KAFKA", "AMQP", "RABBIT", "SQS", "NATS", "PUBSUB", "CELERY")
    names = [
        str(variable.get("name", ""))
        for container in case.spec.get("containers") or ()
        for variable in container.get("env") or ()
    ]
    return tuple(f"variable {name}" for name in names if any(mark in name.upper() for mark in marks))[:3]
