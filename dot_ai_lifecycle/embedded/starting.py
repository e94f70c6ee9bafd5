"""From an image reference to a running process, with all that can go wrong between and the kubelet's words for it."""

import random
import re

from dot_ai_lifecycle.embedded.behaviour import App, Behaviour, tag_of
from dot_ai_lifecycle.embedded.containers import Container
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.environment import Missing, resolve
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.podrun import PodRun, field_path
from dot_ai_lifecycle.embedded.probes import Probing
from dot_ai_lifecycle.embedded.quantities import bytes_of

_REFERENCE = re.compile(
    r"^[a-z0-9]+([._:-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?$"
)
SYNC_AGAIN_S = (10.0, 15.0)
"""A pod whose sync failed is tried again after 10 s and up to half as much more."""
FAILED_PULL_SHOWN_S = 1.5
RELIST_S = 1.0
"""The kubelet looks at the runtime once a second: what ends sooner was never seen running, so it was never ready."""
IMAGE_BYTES = 31_457_280


class Starting:
    """Starts containers on nodes; remembers which images each node has."""

    def __init__(self, plane: Plane, behaviour: Behaviour, chance: random.Random) -> None:
        self._plane = plane
        self._behaviour = behaviour
        self._random = chance
        self._present: set[tuple[str, str]] = set()

    def begin(self, run: PodRun, one: Container, now: float) -> None:
        """The container's turn has come: get its image."""
        policy = one.spec.get("imagePullPolicy") or ("Always" if tag_of(one.image) == "latest" else "IfNotPresent")
        present = (run.node, one.image) in self._present
        if not _REFERENCE.match(one.image):
            said = f'Failed to apply default image tag "{one.image}": couldn\'t parse image name "{one.image}": '
            self._warn(run, one, "InspectFailed", said + "invalid reference format")
            self._stuck(run, one, "InvalidImageName", said + "invalid reference format", now)
        elif policy == "Never" and not present:
            said = f'Container image "{one.image}" is not present with pull policy of Never'
            self._warn(run, one, "ErrImageNeverPull", said)
            self._stuck(run, one, "ErrImageNeverPull", said, now)
        elif present and policy != "Always":
            self._tell(run, one, "Pulled", f'Container image "{one.image}" already present on machine')
            self.configure(run, one, now)
        else:
            self._tell(run, one, "Pulling", f'Pulling image "{one.image}"')
            one.stage, one.pull_began = "pulling", now
            one.due = now + self._pull_time(one.image, present=present)

    def _pull_time(self, image: str, *, present: bool) -> float:
        if present:
            return self._behaviour.takes(self._random, 0.1, 0.3)
        return self._behaviour.pull_seconds.get(image, self._behaviour.takes(self._random, 0.5, 1.5))

    def _stuck(self, run: PodRun, one: Container, reason: str, message: str, now: float) -> None:
        """An error that only a change from outside can cure; looked at again and again all the same."""
        self._warn(run, one, "Failed", f"Error: {reason}")
        one.wait("config", reason, message, until=now + self._random.uniform(*SYNC_AGAIN_S))

    def pulled(self, run: PodRun, one: Container, now: float) -> None:
        """The registry has answered."""
        if not self._behaviour.exists(one.image):
            name = _canonical(one.image)
            rpc = "rpc error: code = NotFound desc = failed to pull and unpack image"
            error = f'{rpc} "{name}": failed to resolve reference "{name}": {name}: not found'
            self._warn(run, one, "Failed", f'Failed to pull image "{one.image}": {error}')
            self._warn(run, one, "Failed", "Error: ErrImagePull")
            one.pull.advance(now)
            one.wait("pull-backoff", "ErrImagePull", error, until=now + FAILED_PULL_SHOWN_S)
            one.ended_at = now
            return
        self._present.add((run.node, one.image))
        took = _duration(now - one.pull_began)
        said = f'Successfully pulled image "{one.image}" in {took} ({took} including waiting). '
        said += f"Image size: {IMAGE_BYTES} bytes."
        self._tell(run, one, "Pulled", said)
        self.configure(run, one, now)

    def pull_again(self, run: PodRun, one: Container, now: float) -> None:
        """After a failed pull: wait out the backoff, then pull again."""
        if now >= one.pull.ends(one.ended_at):
            self.begin(run, one, now)
            return
        if one.reason == "ErrImagePull":
            self._tell(run, one, "BackOff", f'Back-off pulling image "{one.image}"')
            self._warn(run, one, "Failed", "Error: ImagePullBackOff")
            one.message = f'Back-off pulling image "{one.image}": ErrImagePull: {one.message}'
            one.reason = "ImagePullBackOff"
        one.due = one.pull.ends(one.ended_at)

    def configure(self, run: PodRun, one: Container, now: float) -> None:
        """The image is there: find what the environment refers to, then create and start."""
        try:
            self._environment(run, one)
        except Missing as missing:
            self._warn(run, one, "Failed", f"Error: {missing}")
            again = now + self._random.uniform(*SYNC_AGAIN_S)
            one.wait("config", "CreateContainerConfigError", str(missing), until=again)
            return
        one.stage, one.due = "starting", now + self._behaviour.takes(self._random, 0.1, 0.4)

    def start(self, run: PodRun, one: Container, now: float) -> None:
        """The process runs, unless a reference has gone since."""
        try:
            env = self._environment(run, one)
        except Missing:
            self.configure(run, one, now)
            return
        ports = frozenset(port["containerPort"] for port in one.spec.get("ports") or ())
        limit = ((one.spec.get("resources") or {}).get("limits") or {}).get("memory")
        finishes = one.role == "init" or (one.role == "app" and run.restart_policy != "Always")
        app = App(env, ports=ports, memory_limit=bytes_of(limit), finishes=finishes)
        one.run(app, run.uid, now=now, stamp=self._plane.stamp())
        self._tell(run, one, "Created", f"Created container: {one.name}")
        self._tell(run, one, "Started", f"Started container {one.name}")
        self._arm(one, now)

    def _arm(self, one: Container, now: float) -> None:
        probes = {
            kind: one.spec[f"{kind}Probe"]
            for kind in ("startup", "liveness", "readiness")
            if one.spec.get(f"{kind}Probe")
        }
        one.probing = {kind: Probing.begin(kind, spec, now) for kind, spec in probes.items()}
        one.started = "startup" not in probes
        if not one.started:
            for kind in ("liveness", "readiness"):
                if kind in one.probing:
                    one.probing[kind].due = None
        seen = one.exit is None or one.exit.after >= RELIST_S
        one.ready = seen and one.started and "readiness" not in probes and one.role != "init"

    def _environment(self, run: PodRun, one: Container) -> dict[str, str]:
        namespace = run.key.namespace

        def find(kind: str, name: str) -> Object | None:
            return self._plane.store.find(kind, name, namespace)

        return self._behaviour.env_of(one.image) | resolve(find, run.pod, one.spec)

    def _tell(self, run: PodRun, one: Container, reason: str, message: str) -> None:
        self._plane.events.normal(run.pod, reason, message, source="kubelet", host=run.node, path=field_path(one))

    def _warn(self, run: PodRun, one: Container, reason: str, message: str) -> None:
        self._plane.events.warning(run.pod, reason, message, source="kubelet", host=run.node, path=field_path(one))


def _canonical(image: str) -> str:
    """The reference with the registry that is meant when none is named."""
    first, slash, _ = image.partition("/")
    named = image if ":" in image.rsplit("/", 1)[-1] or "@" in image else f"{image}:latest"
    if slash and ("." in first or ":" in first or first == "localhost"):
        return named
    return f"docker.io/{named}" if slash else f"docker.io/library/{named}"


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds < 1 else f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
