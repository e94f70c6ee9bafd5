"""The kubelets of all nodes: pods become processes, processes die, are probed, restarted and stopped as on a real node.

Everything is a moment at which something is due; a pod that just runs has none and costs nothing.
"""

import random
from collections.abc import Callable

from dot_ai_lifecycle.embedded.behaviour import App, Behaviour
from dot_ai_lifecycle.embedded.containers import Container, containers_of, go_duration, kept_lines
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import finished, terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key, Routine
from dot_ai_lifecycle.embedded.environment import unmountable
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.podrun import PodRun, field_path, port_names
from dot_ai_lifecycle.embedded.podstatus import status_of
from dot_ai_lifecycle.embedded.probes import Probing, ask
from dot_ai_lifecycle.embedded.rejected import bad_request
from dot_ai_lifecycle.embedded.starting import Starting
from dot_ai_lifecycle.embedded.stopping import Stopping

LONGEST_MOUNT_WAIT_S = 122.0


class Kubelets:
    """Runs every pod that is bound to a node. `changing` is called before a process starts or stops to answer."""

    def __init__(self, plane: Plane, behaviour: Behaviour, *, seed: int = 0) -> None:
        self._plane = plane
        self._behaviour = behaviour
        self._random = random.Random(seed)
        self._starting = Starting(plane, behaviour, self._random)
        self._stopping = Stopping(plane, self._random)
        self._runs: dict[Key, PodRun] = {}
        self._by_ip: dict[str, PodRun] = {}
        self._addresses = 0
        self.changing: list[Callable[[], None]] = []

    def reconcile(self, plane: Plane, key: Key) -> float | None:
        """Let a pod go on as far as it can at this moment; the seconds until something of it is due."""
        pod, now = plane.get("Pod", key), plane.clock()
        run = self._runs.get(key)
        if run is not None and (pod is None or pod["metadata"]["uid"] != run.uid):
            self._forget(run)
            run = None
        if pod is None or not pod["spec"].get("nodeName"):
            return None
        if plane.get("Node", Key("", pod["spec"]["nodeName"])) is None:
            self._strand(pod, run)
            return None
        if run is None:
            if finished(pod) and not terminating(pod):
                return None
            run = self._take_on(key, pod, now)
        run.pod = pod
        run.dirty |= bool(pod["spec"].get("readinessGates"))  # others open them, in the status that is written here
        while self._step(run, now):
            run.dirty = True
        self._write(run)
        if run.gone_at is not None and run.gone_at <= now:
            self._forget(run)
            plane.store.finish_delete("Pod", key.name, key.namespace, uid=run.uid)
            return None
        return self._next(run, now)

    def _take_on(self, key: Key, pod: Object, now: float) -> PodRun:
        run = PodRun(key, pod, containers_of(pod["spec"]), self._plane.stamp())
        run.sandbox_due = now + self._behaviour.takes(self._random, 0.2, 0.6)
        self._runs[key] = run
        return run

    def _forget(self, run: PodRun) -> None:
        self._changing()
        self._runs.pop(run.key, None)
        if run.ip:
            self._by_ip.pop(run.ip, None)

    def _strand(self, pod: Object, run: PodRun | None) -> None:
        """The node is gone: so are its processes, and the pod is collected."""
        if run is not None:
            self._forget(run)
        meta = pod["metadata"]
        self._plane.store.finish_delete("Pod", meta["name"], meta["namespace"], uid=meta["uid"])

    def _changing(self) -> None:
        for callback in self.changing:
            callback()

    def _next(self, run: PodRun, now: float) -> float | None:
        times = run.due()
        if not times:
            return None
        wait = max(0.0, min(due for due, _ in times) - now)
        return Routine(wait) if all(routine for _, routine in times) else wait

    def _write(self, run: PodRun) -> None:
        if not run.dirty:
            return
        run.dirty = False
        node = self._plane.get("Node", Key("", run.node))
        addresses = (node or {}).get("status", {}).get("addresses") or [{"address": "10.0.0.1"}]
        status = status_of(
            run.pod,
            run.containers,
            ip=run.ip,
            host_ip=addresses[0]["address"],
            started=run.started,
            stamp=self._plane.stamp(),
        )
        if self._plane.write_status(run.pod, status):
            run.pod = self._plane.get("Pod", run.key) or run.pod

    # one step

    def _step(self, run: PodRun, now: float) -> bool:
        """Do one thing that is due; whether there was one."""
        if terminating(run.pod) or run.stopping:
            self._stopping.begin(run, now)
        if run.stopping:
            return self._stop(run, now)
        if not run.ip:
            return self._network(run, now)
        for one in run.startable():
            self._starting.begin(run, one, now)
            return True
        return any(self._move(run, one, now) for one in run.containers)

    def _stop(self, run: PodRun, now: float) -> bool:
        for one in run.containers:
            if one.state == "running" and one.exit and one.due is not None and one.due <= now:
                self._exit(run, one, now)
                return True
            if self._probe(run, one, now):
                return True
        due = self._stopping.due(run, now)
        if due:
            self._changing()
            due()
        return due is not None

    def _network(self, run: PodRun, now: float) -> bool:
        if run.sandbox_due is None or run.sandbox_due > now:
            return False

        def find(kind: str, name: str) -> Object | None:
            return self._plane.store.find(kind, name, run.key.namespace)

        missing = unmountable(find, run.pod)
        if missing:
            said = f'MountVolume.SetUp failed for volume "{missing[0]}" : {missing[1]}'
            self._plane.events.warning(run.pod, "FailedMount", said, source="kubelet", host=run.node)
            run.mount_wait = min(LONGEST_MOUNT_WAIT_S, run.mount_wait * 2)
            run.sandbox_due = now + run.mount_wait
            return True
        self._addresses += 1
        run.ip = f"10.{244 + self._addresses // 65024 % 12}.{self._addresses // 254 % 256}.{self._addresses % 254 + 1}"
        run.sandbox_due = None
        self._by_ip[run.ip] = run
        return True

    def _move(self, run: PodRun, one: Container, now: float) -> bool:
        if self._probe(run, one, now):
            return True
        if one.due is None or one.due > now:
            return False
        acts = {
            "pulling": self._starting.pulled,
            "pull-backoff": self._starting.pull_again,
            "config": self._starting.begin,
            "starting": self._start,
            "running": self._exit,
            "dead": self._restart,
            "backoff": self._restart,
        }
        acts[one.stage](run, one, now)
        return True

    def _start(self, run: PodRun, one: Container, now: float) -> None:
        self._changing()
        self._starting.start(run, one, now)

    def _exit(self, run: PodRun, one: Container, now: float) -> None:
        self._changing()
        way = one.exit
        if way is None:
            one.due = None
            return
        one.end(way.code, way.reason, now=now, stamp=self._plane.stamp(), said=way.said)
        self._dead(run, one, now)

    def _dead(self, run: PodRun, one: Container, now: float) -> None:
        policy = "Always" if one.role == "sidecar" else run.restart_policy
        again = policy == "Always" or (policy == "OnFailure" and one.code != 0)
        if one.role == "init":
            again = one.code != 0 and policy != "Never"
        if run.stopping or not again:
            one.stage, one.due = "done", None
        else:
            one.stage, one.due = "dead", now + self._random.uniform(0.3, 1.0)

    def _restart(self, run: PodRun, one: Container, now: float) -> None:
        until = one.crash.ends(one.ended_at)
        if one.crash.wait and now < until and now - one.crash.used < 600:
            if one.stage == "dead":
                self._back_off(run, one, until)
            else:
                one.due = until
            return
        if one.state == "terminated":
            one.remember_end()
        one.crash.advance(now)
        self._starting.begin(run, one, now)

    def _back_off(self, run: PodRun, one: Container, until: float) -> None:
        one.remember_end()
        pod = f"{run.key.name}_{run.key.namespace}({run.uid})"
        said = f"Back-off restarting failed container {one.name} in pod {pod}"
        self._plane.events.warning(run.pod, "BackOff", said, source="kubelet", host=run.node, path=field_path(one))
        wait = go_duration(one.crash.wait)
        why = f"back-off {wait} restarting failed container={one.name} pod={pod}"
        one.wait("backoff", "CrashLoopBackOff", why, until=until)

    # probes

    def _probe(self, run: PodRun, one: Container, now: float) -> bool:
        if one.state != "running" or one.app is None:
            return False
        for probing in one.probing.values():
            if probing.due is not None and probing.due <= now:
                self._ask(run, one, probing, one.app, now)
                return True
        return False

    def _ask(self, run: PodRun, one: Container, probing: Probing, app: App, now: float) -> None:
        if run.stopping and probing.kind != "readiness":
            probing.due = None
            return
        age = now - one.running_since
        ports = port_names(one.spec)
        answer = ask(probing, app, ip=run.ip, ports=ports, age=age, draining=one.draining)
        probing.due = now + probing.period
        if not answer.good:
            said = f"{probing.kind.capitalize()} probe failed: {answer.why}"
            self._plane.events.warning(
                run.pod, "Unhealthy", said, source="kubelet", host=run.node, path=field_path(one)
            )
        changed = probing.count(good=answer.good)
        if answer.good and answer.steady and probing.passed:
            probing.due = None
        self._verdict(run, one, probing, now, changed=changed)

    def _verdict(self, run: PodRun, one: Container, probing: Probing, now: float, *, changed: bool) -> None:
        if probing.kind != "readiness" and probing.failed:
            self._kill(run, one, probing.kind, now)
        elif probing.kind == "startup" and probing.passed:
            one.started, probing.due = True, None
            one.ready = "readiness" not in one.probing
            for kind in ("liveness", "readiness"):
                if kind in one.probing:
                    later = one.running_since + one.probing[kind].spec.get("initialDelaySeconds", 0)
                    one.probing[kind].due = max(now, later)
        elif probing.kind == "readiness" and changed:
            one.ready = probing.passed

    def _kill(self, run: PodRun, one: Container, kind: str, now: float) -> None:
        """A failed liveness or startup probe: the container is stopped and started again."""
        said = f"Container {one.name} failed {kind} probe, will be restarted"
        self._plane.events.normal(run.pod, "Killing", said, source="kubelet", host=run.node, path=field_path(one))
        self._changing()
        one.end(0, "Completed", now=now, stamp=self._plane.stamp())
        self._dead(run, one, now)

    # what others ask

    def running(self, ip: str) -> list[Container]:
        """The running containers of the pod with this address."""
        run = self._by_ip.get(ip)
        return [one for one in run.containers if one.state == "running"] if run else []

    def of(self, pod: Object) -> PodRun | None:
        """What runs for this very pod."""
        meta = pod["metadata"]
        run = self._runs.get(Key(meta["namespace"], meta["name"]))
        return run if run and run.uid == meta["uid"] else None

    def logs(self, pod: Object, container: str, previous: bool, tail: int | None, limit_bytes: int | None) -> bytes:
        """What a container printed, oldest line first; of its life before when `previous`.

        Raises `Rejected` 400 in the kubelet's words where there is no log (yet).
        """
        run = self.of(pod)
        one = next((one for one in run.containers if one.name == container), None) if run else None
        if one is None:
            raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        lines = kept_lines(one, pod["metadata"]["name"], previous=previous)
        if tail is not None:
            lines = lines[max(0, len(lines) - tail) :]
        text = "".join(line + "\n" for line in lines).encode()
        return text if limit_bytes is None else text[:limit_bytes]
