"""Requests through Services, counted: whether an update loses any is the question this project exists for.

Clients are open-loop: requests start at a fixed rate, whatever happens to the others, each on a new connection to one
of the endpoints the proxies know. Proxies learn of changes with a lag (kube-proxy writes its rules at most once a
second); a request to a pod that no longer listens is a failed one. Keep-alive clients hold an idle connection, and what
they lose is counted apart: a library that finds its idle connection closed before any byte of an answer tries again.

Between two changes of the cluster nothing about an answer changes, so requests are reckoned in spans, not one by one.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from dot_ai_lifecycle.embedded.containers import Container
from dot_ai_lifecycle.embedded.controllers.endpointslice import SERVICE_LABEL
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.kubelet import Kubelets

PROXY_LAG_S = (0.1, 1.0)
_SKEW = 3
"""Most syncs come soon after the change: the lag is spread by the third power of a uniform number."""

Target = tuple[str, int]


@dataclass(slots=True)
class Second:
    """What happened to the requests that started in one second."""

    ok: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Connection:
    container: Container
    start: int
    """Which of the container's lives it was opened in."""

    @property
    def alive(self) -> bool:
        return self.container.state == "running" and self.container.starts == self.start


class Flow:
    """Clients of one Service, from when they start until they are stopped. Rates are requests a second."""

    def __init__(self, traffic: "Traffic", key: Key, rate: float, keepalive: int) -> None:
        self._traffic = traffic
        self.key = key
        self.rate = rate
        self.seconds: dict[int, Second] = defaultdict(Second)
        self._began = self._at = self._last_ok = traffic.clock()
        self._owed = 0.0
        self._gap = 0.0
        self._cut = 0
        self._connections: list[_Connection | None] = [None] * keepalive
        self._stopped = False

    # what a reader asks

    @property
    def ok(self) -> Counter[str]:
        """Answered requests by the version that answered."""
        self._traffic.account()
        return sum((one.ok for one in self.seconds.values()), Counter())

    @property
    def failed(self) -> Counter[str]:
        """Failed requests by kind: `refused` (nobody listened) or `5xx` (the app said so)."""
        self._traffic.account()
        return sum((one.failed for one in self.seconds.values()), Counter())

    @property
    def cut(self) -> int:
        """Idle keep-alive connections that ended without notice."""
        self._traffic.account()
        return self._cut

    @property
    def longest_gap(self) -> float:
        """The longest time between two good answers, in seconds; the one that still lasts counts, too."""
        self._traffic.account()
        return max(self._gap, self._at - self._last_ok)

    def stop(self) -> None:
        """No more requests from now on; the counts stay."""
        self._traffic.account()
        self._stopped = True
        self._traffic.forget(self)

    # reckoning

    def advance(self, now: float, targets: list[Target]) -> None:
        """Reckon the requests since the last call, all of which met these targets as they are."""
        if self._stopped:
            return
        self._check_connections(targets)
        span, began = now - self._at, self._at
        self._at = now
        self._owed += span * self.rate
        number = int(self._owed + 1e-9)
        self._owed -= number
        if number <= 0:
            return
        step = span / number
        answering = [self._traffic.answering(target) for target in targets]
        versions = {one.app.version for one in answering if one and one.app and not one.app.error_percent}
        if answering and None not in answering and len(versions) == 1 and not _faulty(answering):
            self._all_good(began, now, number, next(iter(versions)))
            return
        for index in range(number):
            self._one(began + (index + 1) * step, answering)

    def _all_good(self, began: float, now: float, number: int, version: str) -> None:
        """A span in which every request is answered alike: spread over its seconds."""
        self._gap = max(self._gap, began + (now - began) / number - self._last_ok)
        self._last_ok = now
        first, last, done = int(began - self._began), int(now - self._began), 0
        for second in range(first, last + 1):
            ends = min(now, self._began + second + 1)
            upto = number if second == last else round(number * (ends - began) / (now - began))
            if upto > done:
                self.seconds[second].ok[version] += upto - done
            done = upto

    def _one(self, at: float, answering: list[Container | None]) -> None:
        second = self.seconds[int(at - self._began)]
        one = self._traffic.choose(answering)
        if one is None or one.app is None:
            second.failed["refused"] += 1
            return
        one.served += 1
        if one.served % 100 < one.app.error_percent:
            second.failed["5xx"] += 1
            return
        second.ok[one.app.version] += 1
        self._gap = max(self._gap, at - self._last_ok)
        self._last_ok = at

    def _check_connections(self, targets: list[Target]) -> None:
        for index, held in enumerate(self._connections):
            if held is not None and held.alive and not held.container.draining:
                continue
            if held is not None and not held.container.draining:
                self._cut += 1
            found = self._traffic.choose([self._traffic.answering(target) for target in targets])
            self._connections[index] = _Connection(found, found.starts) if found else None


def _faulty(answering: list[Container | None]) -> bool:
    return any(one is not None and one.app is not None and one.app.error_percent > 0 for one in answering)


class Traffic:
    """All clients of a cluster, and the proxies between them and the pods."""

    def __init__(self, plane: Plane, kubelets: Kubelets, *, seed: int = 0) -> None:
        self._plane = plane
        self._kubelets = kubelets
        self._random = random.Random(seed)
        self._flows: list[Flow] = []
        self._known: dict[Key, list[Target]] = {}
        self._due: dict[Key, float] = {}
        self.lag = PROXY_LAG_S
        """The shortest and the longest time proxies take to learn of a change, in seconds."""
        kubelets.changing.append(self.account)

    def clock(self) -> float:
        return self._plane.clock()

    def start(self, service: str, namespace: str = "default", *, rate: float = 200.0, keepalive: int = 0) -> Flow:
        """Start clients of a Service: `rate` new connections a second, and `keepalive` idle connections."""
        key = Key(namespace, service)
        self.account()
        self._known[key] = self._wanted(key)
        flow = Flow(self, key, rate, keepalive)
        self._flows.append(flow)
        return flow

    def forget(self, flow: Flow) -> None:
        self._flows.remove(flow)
        if not any(one.key == flow.key for one in self._flows):
            self._known.pop(flow.key, None)
            self._due.pop(flow.key, None)

    def account(self) -> None:
        """Reckon all requests up to now; called before anything changes that they could notice."""
        now = self.clock()
        for flow in self._flows:
            flow.advance(now, self._known[flow.key])

    def answering(self, target: Target) -> Container | None:
        """The container that answers at an address, if one does."""
        ip, port = target
        for one in self._kubelets.running(ip):
            if one.app is not None and one.app.listens(port):
                return one
        return None

    def choose(self, answering: list[Container | None]) -> Container | None:
        return answering[self._random.randrange(len(answering))] if answering else None

    def per_second(self, ip: str) -> float:
        """Requests a second that a pod address gets at present."""
        return sum(
            flow.rate * sum(target[0] == ip for target in known) / len(known)
            for flow in self._flows
            if (known := self._known[flow.key])
        )

    # the proxies

    def reconcile(self, plane: Plane, key: Key) -> float | None:
        """Let the proxies learn what the slices of a Service say, a while after it changed; seconds until they do."""
        if key not in self._known:
            return None
        wanted, now = self._wanted(key), self.clock()
        if wanted == self._known[key]:
            self._due.pop(key, None)
            return None
        shortest, longest = self.lag
        lag = shortest + (longest - shortest) * self._random.random() ** _SKEW
        due = self._due.setdefault(key, now + lag)
        if due > now:
            return due - now
        del self._due[key]
        self.account()
        self._known[key] = wanted
        return None

    def _wanted(self, key: Key) -> list[Target]:
        """Ready endpoints; where there are none, those that still serve while they terminate."""
        ready: list[Target] = []
        leaving: list[Target] = []
        for one in self._plane.index.all("EndpointSlice", key.namespace):
            if one["metadata"]["labels"].get(SERVICE_LABEL) != key.name:
                continue
            for endpoint in one.get("endpoints") or ():
                state = endpoint["conditions"]
                found = [(endpoint["addresses"][0], port["port"]) for port in (one.get("ports") or ())[:1]]
                if state["ready"]:
                    ready += found
                elif state["serving"] and state["terminating"]:
                    leaving += found
        return ready or leaving
