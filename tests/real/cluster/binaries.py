"""Where the cluster's programs come from: a directory, a cache, or a build with Go.

`clusterbox` is etcd and the Kubernetes programs in one (go/kubernetes), `testapp` the application under test
(go/testapp), `coredns` is optional; `rollouts-controller` is Argo Rollouts' own (go/rollouts). Looked for in this
order: the directory named by LIFECYCLE_TEST_CLUSTER_BINARIES, a sibling of the checkout, the user's cache, and at last
a build with Go into that cache (about five minutes of two cores, once).
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.real.cluster.errors import Unavailable

VARIABLE = "LIFECYCLE_TEST_CLUSTER_BINARIES"
SIBLING = Path("..") / "shared" / "clusterbox" / "bin"  # seen from the checkout
_CHECKOUT = Path(__file__).parents[3]
_MODULES = {"clusterbox": "kubernetes", "testapp": "testapp", "rollouts-controller": "rollouts"}
_ARGO_ROLLOUTS = "github.com/argoproj/argo-rollouts"
_PACKAGES = {"rollouts-controller": f"{_ARGO_ROLLOUTS}/cmd/rollouts-controller"}  # what is built where it is not ours
_SOURCES = Path(__file__).parent / "go"
_BUILD_LIMIT = 1800.0  # seconds
_TELL_EVERY = 20.0  # seconds

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Binaries:
    """The programs of a cluster, ready to run. `coredns` is None where there is none: the cluster has no DNS then."""

    clusterbox: Path
    testapp: Path
    coredns: Path | None


@dataclass(frozen=True)
class ArgoRollouts:
    """The controller of Argo Rollouts, and the definitions of its kinds in YAML."""

    controller: Path
    definitions: str


@dataclass(frozen=True)
class Places:
    """Where to look, in this order: `directories` with programs (plain or .xz), then `cache`, then a build by `go`."""

    directories: tuple[Path, ...]
    cache: Path
    go: str | None

    @classmethod
    def of_this_machine(cls) -> Self:
        """The directory in the environment, the sibling of the checkout, the user's cache, the Go on PATH."""
        named = os.environ.get(VARIABLE)
        if named and not Path(named).is_dir():
            raise Unavailable(f"{VARIABLE}={named} is not a directory")
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        sibling = (_CHECKOUT / SIBLING).resolve()
        return cls(
            directories=(Path(named).resolve(), sibling) if named else (sibling,),
            cache=user_cache / "dot-ai-lifecycle" / "cluster",
            go=shutil.which("go"),
        )


def find(places: Places, tell: Tell) -> Binaries:
    """The cluster's programs, unpacked or built where necessary; Unavailable with what would help where impossible."""
    return Binaries(
        clusterbox=_found("clusterbox", places) or _built("clusterbox", places, tell),
        testapp=_found("testapp", places) or _built("testapp", places, tell),
        coredns=_found("coredns", places),
    )


def argo_rollouts(places: Places, tell: Tell) -> ArgoRollouts:
    """Argo Rollouts, unpacked or built where necessary; Unavailable where it is impossible."""
    controller = _found("rollouts-controller", places) or _built("rollouts-controller", places, tell)
    definitions = _found("rollouts-crds.yaml", places)
    return ArgoRollouts(controller, definitions.read_text() if definitions else _definitions(places))


def _definitions(places: Places) -> str:
    """The definitions that lie in the module the controller is built from."""
    if places.go is None:
        raise Unavailable("there is no Go to find the definitions of Argo Rollouts' kinds with")
    command = [places.go, "list", "-m", "-f", "{{.Dir}}", _ARGO_ROLLOUTS]
    found = subprocess.run(command, cwd=_SOURCES / "rollouts", capture_output=True, text=True, timeout=300, check=False)
    if found.returncode != 0:
        raise Unavailable(f"Go does not find {_ARGO_ROLLOUTS}: {found.stderr.strip()[-300:]}")
    files = sorted((Path(found.stdout.strip()) / "manifests" / "crds").glob("*-crd.yaml"))
    return "\n---\n".join(file.read_text() for file in files)


def _found(program: str, places: Places) -> Path | None:
    for directory in places.directories:
        plain, packed = directory / program, directory / f"{program}.xz"
        if os.access(plain, os.X_OK) and plain.is_file():
            return plain
        if packed.is_file():
            return _unpacked(packed, places.cache)
    return None


def _unpacked(packed: Path, cache: Path) -> Path:
    stat = packed.stat()
    key = hashlib.sha256(f"{packed} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:12]
    target = cache / f"unpacked-{key}" / packed.stem
    if not target.exists():
        with _replacing(target) as part, part.open("wb") as out:
            subprocess.run(["xz", "--decompress", "--stdout", str(packed)], stdout=out, check=True, timeout=120)
    return target


def _built(program: str, places: Places, tell: Tell) -> Path:
    source = _SOURCES / _MODULES[program]
    target = places.cache / f"built-{_fingerprint(source)}" / program
    if target.exists():
        return target
    if places.go is None:
        raise Unavailable(
            f"there is no {program} in ${VARIABLE}, in {SIBLING} or in {places.cache}, and no Go to build it; "
            "install Go 1.24 or newer, or set LIFECYCLE_TEST_KUBECONFIG to use another cluster"
        )
    with _replacing(target) as part:
        _build(places.go, source, part, tell, _PACKAGES.get(program, "."))
    return target


def _fingerprint(source: Path) -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        if (source / name).exists():
            digest.update((source / name).read_bytes())
    return digest.hexdigest()[:12]


def _build(go: str, source: Path, target: Path, tell: Tell, package: str) -> None:
    command = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(target), package]
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        build = subprocess.Popen(command, cwd=source, env={**os.environ, "CGO_ENABLED": "0"}, stdout=said, stderr=said)
        try:
            while build.poll() is None:
                took = time.monotonic() - began
                if took > _BUILD_LIMIT:
                    raise Unavailable(f"go build of {source.name} did not end within {_BUILD_LIMIT:.0f} s")
                tell(f"building {source.name} with Go, {took:.0f} s so far (once, then cached)")
                _wait(build, _TELL_EVERY)
        finally:
            build.kill()
            build.wait()
        if build.returncode != 0:
            said.seek(0)
            raise Unavailable(f"go build of {source.name} failed: {said.read()[-600:].decode(errors='replace')}")


def _wait(build: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        build.wait(seconds)
    except subprocess.TimeoutExpired:
        return


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A place to write `target`, which appears whole or not at all: two test runs may fill the cache at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.chmod(0o755)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
