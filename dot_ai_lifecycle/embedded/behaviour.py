"""What a container does, told by its environment, so that a good or a bad version is one line of a test.

The variables are those of the project's test application, but for LATENCY_MS, which does nothing here: VERSION, NEEDS
(a variable that must be set), CRASH (dies with this text), CRASH_AFTER_S, NEVER_READY, SLOW_START_S, ERROR_PERCENT,
BURN_MS (processor time a request takes), LEAK_MB_PER_S, DRAIN_S (serves on that long after SIGTERM), PORT. An image
brings its own environment, the container adds to it. Containers that may finish (Jobs, init containers) end after
RUNS_S seconds (1) with EXIT_CODE.

An image nobody declared behaves as its tag says: `missing` in the tag: cannot be pulled; `crash`: exits 1 with a line
in its log; `unready`: runs and never gets ready; `slow`: needs 30 s to get ready. Any other is a good application
whose VERSION is its tag.
"""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

SLOW_TAG_S = "30"
FOREVER = float("inf")
DEFAULT_PORT = 8080
BASE_MEMORY = 24 << 20
BASE_MILLICORES = 1


def tag_of(image: str) -> str:
    """The tag of an image reference; `latest` where it has none, the digest's first letters where it has only that."""
    name, _, digest = image.partition("@")
    last = name.rsplit("/", 1)[-1]
    if ":" in last:
        return last.split(":", 1)[1]
    return digest.removeprefix("sha256:")[:12] if digest else "latest"


def digest_of(image: str) -> str:
    """The digest an image reference resolves to: its own, or one that depends on nothing but the reference."""
    if "@" in image:
        return image.split("@", 1)[1]
    return "sha256:" + hashlib.sha256(image.encode()).hexdigest()


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ends by itself: after so many seconds, with this code, for this reason, saying this."""

    after: float
    code: int
    reason: str
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class App:
    """One program with its environment: pure answers to what it would do."""

    env: Mapping[str, str]
    ports: frozenset[int] = frozenset()
    memory_limit: int = 0
    finishes: bool = False

    @property
    def version(self) -> str:
        return self.env.get("VERSION", "")

    def starts_with(self) -> tuple[str, ...]:
        """The lines it prints at start, unless it dies at once."""
        if self.finishes:
            return ()
        return (f"listening on {self.env.get('PORT', DEFAULT_PORT)} version {self.version}",)

    def exit(self) -> Exit | None:
        """How it ends by itself; None when it runs until it is told to stop."""
        need = self.env.get("NEEDS", "")
        if need and not self.env.get(need):
            return Exit(0.05, 1, "Error", (f"fatal: environment variable {need} is not set",))
        if text := self.env.get("CRASH", ""):
            return Exit(0.05, 1, "Error", (f"starting {self.version}", f"fatal: {text}"))
        ways = [self._crash_later(), self._runs_out_of_memory(), self._finishes()]
        return min((way for way in ways if way), key=lambda way: way.after, default=None)

    @property
    def _fails_to_start(self) -> bool:
        need = self.env.get("NEEDS", "")
        return bool(self.env.get("CRASH")) or bool(need and not self.env.get(need))

    def _crash_later(self) -> Exit | None:
        seconds = _number(self.env.get("CRASH_AFTER_S"))
        text = f"panic: out of luck after {seconds:g} s"
        return Exit(seconds, 1, "Error", (text,)) if seconds > 0 else None

    def _runs_out_of_memory(self) -> Exit | None:
        leak = _number(self.env.get("LEAK_MB_PER_S")) * (1 << 20)
        if leak <= 0 or not self.memory_limit:
            return None
        return Exit(max(1.0, (self.memory_limit - BASE_MEMORY) / leak), 137, "OOMKilled")

    def _finishes(self) -> Exit | None:
        if not self.finishes:
            return None
        code = int(_number(self.env.get("EXIT_CODE")))
        return Exit(_number(self.env.get("RUNS_S", "1")), code, "Error" if code else "Completed")

    def listens(self, port: int) -> bool:
        """Whether it listens there: on PORT if that is set, else on the ports its container declares, else on any.

        One that dies while it starts never does.
        """
        if self._fails_to_start:
            return False
        if "PORT" in self.env:
            return port == int(_number(self.env["PORT"]))
        return port in self.ports if self.ports else True

    def ready_from(self) -> float:
        """Seconds after its start from which it calls itself ready; infinite for one that never does."""
        return FOREVER if self.env.get("NEVER_READY") else _number(self.env.get("SLOW_START_S"))

    @property
    def drains_for(self) -> float:
        """Seconds it goes on serving after SIGTERM; 0 dies at once."""
        return _number(self.env.get("DRAIN_S"))

    @property
    def error_percent(self) -> float:
        return _number(self.env.get("ERROR_PERCENT"))

    def millicores(self, requests_per_s: float) -> int:
        """Processor use at this many requests a second."""
        return BASE_MILLICORES + round(requests_per_s * _number(self.env.get("BURN_MS")))

    def memory(self, age_s: float) -> int:
        """Bytes in use after running this long."""
        return BASE_MEMORY + int(_number(self.env.get("LEAK_MB_PER_S")) * (1 << 20) * age_s)


_BY_TAG = {
    "crash": {"CRASH": "this version cannot start"},
    "unready": {"NEVER_READY": "1"},
    "slow": {"SLOW_START_S": SLOW_TAG_S},
}


@dataclass(slots=True)
class Behaviour:
    """What images do: `images` declares the environment of some, `missing` names those no registry has.

    `pull_seconds` gives how long an image takes to pull where it matters; others take 0.5 to 1.5 s.
    """

    images: dict[str, Mapping[str, str]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    pull_seconds: dict[str, float] = field(default_factory=dict)
    instant: bool = False
    """While set, nodes take no time to pull, create and start: for what is there before a story begins."""

    def takes(self, chance: random.Random, shortest: float, longest: float) -> float:
        """Seconds that something on a node takes, by chance between the two."""
        return 0.0 if self.instant else chance.uniform(shortest, longest)

    def exists(self, image: str) -> bool:
        """Whether a registry has this image."""
        if image in self.images:
            return image not in self.missing
        return image not in self.missing and "missing" not in tag_of(image)

    def env_of(self, image: str) -> dict[str, str]:
        """The environment an image brings."""
        tag = tag_of(image)
        own = {"VERSION": tag}
        if image in self.images:
            return own | dict(self.images[image])
        for word, env in _BY_TAG.items():
            if word in tag:
                return own | env
        return own
