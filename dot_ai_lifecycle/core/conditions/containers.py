"""The container does not start, or does not stay: missing configuration, a command that cannot run, crashes."""

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Judged, Rule, judged
from dot_ai_lifecycle.core.conditions.sight import Sight
from dot_ai_lifecycle.core.pods import Container, Ended

CRASHES = 2
"""Restarts after which a crash is no accident: one may be a race with a dependency, the second comes 10 s later."""

STEADY = 30.0
"""Seconds a restarted pod must have been Ready to be taken as recovered: three of the kubelet's first back-offs."""

PROVEN_PATIENCE = 30.0
"""Seconds to wait where another pod of the same revision serves: the node or a race may be to blame."""

CONFIG_REASONS = frozenset({"CreateContainerConfigError"})
START_REASONS = frozenset({"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"})

CONFIG_RULES = (
    # The kubelet's caches of ConfigMaps lag on a new or busy node; a minute tells a lag from a lack.
    Rule(
        "CONFIG_NOT_SYNCED",
        r"failed to sync \w+ cache",
        "The node has not received the configuration of {container} yet.",
        60,
    ),
    Rule(
        "CONFIG_KEY_MISSING",
        r"couldn't find key (?P<key>\S+) in ConfigMap ([^/\s]+/)?(?P<name>[^\s,]+)",
        "Key {key} is missing in ConfigMap {name}.",
        4,
    ),
    Rule("CONFIG_KEY_MISSING", r"non-existent config key: (?P<key>\S+)", "Key {key} is missing in a ConfigMap.", 4),
    Rule("CONFIG_MAP_MISSING", r"configmaps? \"(?P<name>[^\"]+)\" not found", "ConfigMap {name} does not exist.", 4),
    Rule("SECRET_MISSING", r"secrets? \"(?P<name>[^\"]+)\" not found", "Secret {name} does not exist.", 4),
    Rule(
        "RUNS_AS_ROOT",
        r"runAsNonRoot|non-numeric user",
        "Container {container} must not run as root, and its image does not name another numeric user.",
        0,
    ),
    Rule("CONTAINER_CONFIG_INVALID", "", "The configuration of container {container} cannot be put together.", 10),
)

_SECRET_RULES = (
    Rule(
        "SECRET_KEY_MISSING",
        r"couldn't find key (?P<key>\S+) in Secret ([^/\s]+/)?(?P<name>[^\s,]+)",
        "Key {key} is missing in Secret {name}.",
        4,
    ),
    Rule("SECRET_KEY_MISSING", r"non-existent secret key: (?P<key>\S+)", "Key {key} is missing in a Secret.", 4),
)

_START_RULES = (
    Rule(
        "COMMAND_NOT_FOUND",
        r"executable file not found|no such file or directory|no command specified",
        "The command of container {container} does not exist in the image.",
        4,
    ),
    Rule(
        "COMMAND_NOT_EXECUTABLE", r"permission denied", "The command of container {container} may not be executed.", 4
    ),
    Rule(
        "IMAGE_WRONG_PLATFORM",
        r"exec format error",
        "The program of container {container} was not built for the node's platform.",
        0,
    ),
    Rule(
        "MEMORY_LIMIT_TOO_LOW",
        r"memory limit|init was OOM|OOM",
        "The memory limit of container {container} is too low to start at all.",
        4,
    ),
    # The rest may be the node's trouble (runtime timeouts, name conflicts, cgroups): Krane leaves exit 128 alone.
    Rule(
        "RUNTIME_BUSY",
        r"deadline exceeded|name .* is reserved|already in use",
        "The node cannot start container {container} yet.",
        60,
    ),
    Rule("CONTAINER_NOT_STARTED", "", "The node cannot start container {container}.", 15),
)


def configured(sight: Sight, container: Container) -> Signal | None:
    """What its configuration lacks, so that the container cannot be made; None where nothing does."""
    if container.phase != "waiting" or container.reason not in CONFIG_REASONS:
        return None
    return sight.signal(lacking(container.message, container.name), container, evidence=[container.message])


def lacking(text: str, container: str = "the pod") -> Judged:
    """Which ConfigMap, Secret or key a message misses."""
    return judged((*_SECRET_RULES, *CONFIG_RULES), text, container=container)


def started(sight: Sight, container: Container) -> Signal | None:
    """Why the container cannot be started; None where it can."""
    how = _ended(container)
    failed = container.reason in START_REASONS or (how is not None and how.reason in START_REASONS)
    if container.phase == "running" or not failed:
        return None
    text = container.message if container.reason in START_REASONS else (how.message if how else "")
    return sight.signal(
        judged(_START_RULES, text, container=container.name), container, evidence=[text or container.reason]
    )


def stays(sight: Sight, container: Container) -> Signal | None:
    """How the container keeps ending; None where it stays, or has ended once only."""
    looping = container.phase == "waiting" and container.reason == "CrashLoopBackOff"
    if not looping and (container.restarts < CRASHES or _recovered(sight, container)):
        return None
    found = _end_of(container)
    patience = PROVEN_PATIENCE if sight.proven else found.patience
    how = _ended(container)
    return sight.signal(
        Judged(found.code, found.words, patience),
        container,
        evidence=_lines(container, how),
        since=how.at if how else None,
        wants_logs=True,
        previous=container.phase != "terminated" and container.last is not None,
    )


def _recovered(sight: Sight, container: Container) -> bool:
    if container.init and container.phase != "waiting":
        return container.ended is not None and container.ended.exit_code == 0
    return sight.pod.ready_for(STEADY, sight.scene.now)


def _ended(container: Container) -> Ended | None:
    return container.ended or container.last


def _end_of(container: Container) -> Judged:
    how, times = _ended(container), container.restarts
    name = f"Container {container.name}"
    if how is None:
        return Judged("CRASH_LOOP", f"{name} keeps crashing ({times} restarts).", 0)
    if how.reason == "OOMKilled":
        return Judged("OUT_OF_MEMORY", f"{name} was killed for using more memory than its limit.", 0)
    if how.exit_code == 0 and not how.signal:
        return Judged("EXITS_AT_ONCE", f"{name} keeps ending by itself, without an error (exit code 0).", 0)
    by = f"signal {how.signal}" if how.signal else f"exit code {how.exit_code}{_meaning(how.exit_code)}"
    return Judged("CRASH_LOOP", f"{name} keeps crashing: {by}, {times} {'restart' if times == 1 else 'restarts'}.", 0)


def _meaning(code: int) -> str:
    """What shells and runtimes mean by an exit code."""
    meanings = {126: "command not executable", 127: "command not found", 137: "killed", 139: "segmentation fault"}
    return f" ({meanings[code]})" if code in meanings else ""


def _lines(container: Container, how: Ended | None) -> list[str]:
    state = f"{container.reason}: {container.message}" if container.message else container.reason
    last = f"last state: {how.reason or 'terminated'}, exit code {how.exit_code}" if how else ""
    return [state, last, how.message if how else ""]
