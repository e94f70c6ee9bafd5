"""Canary by the weights of HTTPRoutes: gateways send exactly that share of requests to the new pods.

The app's Services stay pinned to the old pods, and a Service of ours stands beside each for the new ones; a route names
it only once it has ready endpoints, and no longer before it goes. No weight is higher than the share of pods that carry
it.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.gateway import RULES, Gateway, HttpRoute
from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.refs import SERVICE, Ref, ref_to
from dot_ai_lifecycle.core.smoke import Check
from dot_ai_lifecycle.core.steps import Await, Create, Delete, Edit, Observe, Patch, Smoke, Step, WayBack
from dot_ai_lifecycle.core.workload import HASH_LABEL, Manifest
from dot_ai_lifecycle.domain.strategies.canary import WINDOWS, Weights
from dot_ai_lifecycle.domain.strategies.preview import door, smoke_checks
from dot_ai_lifecycle.domain.strategies.rollout import Pace, Rollout
from dot_ai_lifecycle.domain.strategies.switching import (
    PROXIES,
    SETTLES,
    WHOLE,
    committed,
    gate,
    led_back,
    marked,
    own_pace,
    pinned,
    routed,
    sending,
    surged,
    unmarked,
)

FOLLOWS = 60.0
"""Seconds for a gateway to follow a route; they do in one or two, and a restart of its controller fits in."""

_LONGEST = 63 - len("-canary")


def weighted(
    rollout: Rollout,
    old_hash: str,
    weights: Weights,
    gateway: Gateway,
    *before_switch: Step,
    header: str = "",
    checks: tuple[Check, ...] = (),
) -> tuple[Step, ...]:
    """The steps of a canary by weight. `header` (`NAME=VALUE`) names requests that always meet the new version.

    `checks` have to be answered before a route names the new pods. Raises Refused where a rule divides the traffic
    already.
    """
    split = _Split(rollout, old_hash, gateway, header, checks)
    return (
        *led_back(
            pinned(rollout, None, old_hash, "sends to the old version alone"),
            rollout.served("it serves through its own Services"),
        ),
        *routed(rollout, old_hash, "the old version alone is asked"),
        *split.watched(weights),
        *before_switch,
        *split.ended(weights.percent[-1]),
    )


def carrying(weight: int, replicas: int) -> int:
    """How many new pods beside `replicas` old ones may carry that percentage: the least k with k/n ≥ w."""
    return -(-replicas * weight // 100)


class _Split(Struct, frozen=True, dict=True):
    rollout: Rollout
    old_hash: str
    gateway: Gateway
    header: str
    checks: tuple[Check, ...]

    @cached_property
    def _names(self) -> dict[str, str]:
        """Of each Service that routes lead to, the one beside it for the new pods."""
        return {name: f"{name[:_LONGEST]}-canary" for name in self.gateway.services}

    def watched(self, weights: Weights) -> tuple[Step, ...]:
        steps: list[Step] = []
        pods, before = 0, 0
        for weight in weights.percent:
            if (wanted := carrying(weight, self.rollout.workload.replicas)) != pods:
                steps += [self._widened(pods, wanted), self._proven(wanted)]
                steps += [] if pods else self._created()
                steps.append(self._ready())
                steps += [] if pods else self._answering()
                pods = wanted
            steps += [*self._shared(before, weight), *self._followed(0), self._seen(weights, weight)]
            before = weight
        return tuple(steps)

    def ended(self, weight: int) -> tuple[Step, ...]:
        """A whole new set, the Services to it, the routes as they were, and nothing of ours left."""
        last = carrying(weight, self.rollout.workload.replicas)
        whole = self.rollout.at_pace(gate(last), gate(WHOLE), "a whole new set beside the old ones")
        return (
            whole,
            surged(self.rollout, None, NEW_HASH, "a whole new set is proven beside the old one"),
            *led_back(
                pinned(self.rollout, self.old_hash, NEW_HASH, "sends to the new version"),
                *routed(self.rollout, self.old_hash, "the old version alone is asked", PROXIES),
            ),
            *routed(self.rollout, NEW_HASH, "the new version alone is asked", PROXIES),
            *self._restored(weight),
            *self._followed(PROXIES),
            *(step.model_copy(update={"back": self._back_from(())}) for step in self._deleted()),
            *committed(self.rollout, WHOLE),
        )

    def _widened(self, before: int, after: int) -> Patch:
        spoken = "1 new pod" if after == 1 else f"{after} new pods"
        if before:
            return self.rollout.at_pace(gate(before), gate(after), f"{spoken} beside the old ones")
        own: Pace = own_pace(self.rollout)
        begun = self.rollout.begun(own, gate(after), f"{self.rollout.why}, {spoken} beside the old ones", *marked())
        back = begun.inverse("the old version alone is wanted: new pods end")
        proof = self.rollout.served("the old version alone serves")
        return begun.model_copy(update={"back": WayBack(steps=(back, proof))})

    def _proven(self, pods: int) -> Await:
        return surged(self.rollout, pods, NEW_HASH, f"{pods} proven")

    def _created(self) -> list[Create]:
        return [
            Create(ref=self._ref(name), manifest=self._service(name), why=f"the new pods of {name} alone")
            for name in self._names
        ]

    def _deleted(self) -> tuple[Delete, ...]:
        why = "no route names it any more"
        return tuple(Delete(ref=self._ref(name), was=self._service(name), why=why) for name in self._names)

    def _ref(self, name: str) -> Ref:
        return ref_to(SERVICE, self._names[name], self.rollout.workload.namespace)

    def _service(self, name: str) -> dict[str, Any]:
        """Ours, and the workload's: whoever deletes the app deletes it too."""
        workload, spec = self.rollout.workload, self.gateway.services[name]["spec"]
        owner = {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name, "uid": workload.uid}
        fields = ("name", "protocol", "appProtocol", "port", "targetPort")
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": self._names[name],
                "namespace": workload.namespace,
                "labels": {"app.kubernetes.io/managed-by": "dot-ai-lifecycle"},
                "ownerReferences": [owner],
            },
            "spec": {
                "selector": {**spec["selector"], HASH_LABEL: NEW_HASH},
                "ports": [{key: port[key] for key in fields if key in port} for port in spec["ports"]],
            },
        }

    def _ready(self) -> Await:
        return Await(
            ref=self.rollout.workload.ref,
            until="routed",
            services=tuple(self._names.values()),
            to=NEW_HASH,
            within=SETTLES,
            why="the new pods can be reached before a route names them",
        )

    def _answering(self) -> tuple[Smoke, ...]:
        service, backend = door(tuple(one for one in sending(self.rollout) if one.name in self._names))
        return smoke_checks(self.rollout, self._names[service.name], backend, self.checks)

    def _shared(self, before: int, after: int) -> tuple[Patch, ...]:
        patches = tuple(
            self._patch(route, before, after, f"{after} % of the requests meet the new version")
            for route in self.gateway.routes
        )
        return patches if before else led_back(patches, *self._followed(PROXIES))

    def _patch(self, route: HttpRoute, before: int, after: int, why: str) -> Patch:
        old, new = (self._rules(route, weight) for weight in (before, after))
        return Patch(ref=route.ref, edits=(Edit(path=RULES, old=old, new=new),), why=why)

    def _rules(self, route: HttpRoute, weight: int) -> list[Manifest]:
        """The rules of a route that sends so many percent to the new pods; its own for 0."""
        if not weight:
            return list(route.rules)
        named = [rule for one in route.rules if self.header for rule in self._for_header(route, one)]
        return [*named, *(self._divided(route, rule, weight) for rule in route.rules)]

    def _divided(self, route: HttpRoute, rule: Manifest, weight: int) -> Manifest:
        backend = self._backend(route, rule)
        if backend is None:
            return rule
        old, new = {**backend, "weight": 100 - weight}, {**backend, "name": self._beside(route, backend)}
        return {**rule, "backendRefs": [old, {**new, "weight": weight}]}

    def _for_header(self, route: HttpRoute, rule: Manifest) -> Sequence[Manifest]:
        """The same rule for requests with the header, to the new pods alone; the name of a rule is its own."""
        backend = self._backend(route, rule)
        if backend is None:
            return ()
        name, _, value = self.header.partition("=")
        wanted = {"type": "Exact", "name": name, "value": value}
        own: Sequence[Manifest] = rule.get("matches") or ({},)
        matches = [_with_header(match, wanted) for match in own]
        only = {key: part for key, part in rule.items() if key != "name"}
        return ({**only, "matches": matches, "backendRefs": [{**backend, "name": self._beside(route, backend)}]},)

    def _beside(self, route: HttpRoute, backend: Manifest) -> str:
        return self._names[route.leads_to(backend)]

    def _backend(self, route: HttpRoute, rule: Manifest) -> Manifest | None:
        """The one backend of a rule that leads to the app; None where it leads elsewhere, or nowhere."""
        backends = rule.get("backendRefs") or ()
        ours = [one for one in backends if route.leads_to(one) in self._names and one.get("weight", 1)]
        if ours and len(backends) > 1:
            raise Refused(
                f"A rule of {route.ref} divides its traffic among several backends already.",
                hint="Let it send to one Service, or update by another strategy.",
            )
        return ours[0] if ours else None

    def _followed(self, settle: float) -> tuple[Await, ...]:
        why = "its gateways follow it"
        within = FOLLOWS + settle
        return tuple(
            Await(ref=route.ref, until="followed", within=within, settle=settle, why=why)
            for route in self.gateway.routes
        )

    def _seen(self, weights: Weights, weight: int) -> Observe:
        return Observe(
            ref=self.rollout.workload.ref,
            new=NEW_HASH,
            old=self.old_hash,
            seconds=weights.seconds / WINDOWS,
            windows=WINDOWS,
            why=f"{weight} % of the requests meet the new version",
        )

    def _restored(self, weight: int) -> tuple[Patch, ...]:
        routes = self.gateway.routes
        patches = [self._patch(route, weight, 0, "the route is as it was") for route in routes]
        return tuple(
            patch.model_copy(update={"back": self._back_from(tuple(patches[place + 1 :]))})
            for place, patch in enumerate(patches)
        )

    def _back_from(self, unrestored: tuple[Patch, ...]) -> WayBack:
        """The way back while all Services send to the new set and the old one still stands beside it."""
        rollout, old = self.rollout, self.old_hash
        back = rollout.returned(gate(WHOLE), own_pace(rollout), "the old version alone is wanted", *unmarked())
        steps: tuple[Step, ...] = (
            *pinned(rollout, NEW_HASH, old, "sends to the old version again"),
            *routed(rollout, old, "the old version alone is asked", PROXIES),
            *unrestored,
            *self._followed(PROXIES),
            *self._deleted(),
            back,
            rollout.served("the old version alone serves"),
            *pinned(rollout, old, None, "sends to every pod of the app again"),
            rollout.served("the old version serves through its own Services"),
        )
        return WayBack(steps=steps, whole=True)


def _with_header(match: Mapping[str, Any], header: Manifest) -> dict[str, Any]:
    path = match.get("path") or {"type": "PathPrefix", "value": "/"}
    return {**match, "path": path, "headers": [*(match.get("headers") or ()), header]}
