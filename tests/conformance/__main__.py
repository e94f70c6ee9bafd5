"""`python -m tests.conformance`: drive the installed server with the conformance suite and the Inspector.

Exit code 0 where all that applies passes, or where Node is missing (which is said); 1 otherwise.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conformance.node import HERE, Clients, Missing, clients

SERVER = str(Path(sys.executable).with_name("dot-ai"))
REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
PATIENCE = 240.0
"""Seconds for one run of the suite."""

Told = dict[str, Any]
CALL = ("--method", "tools/call", "--tool-name")
INSPECTIONS: tuple[tuple[str, tuple[str, ...], Callable[[Told], bool]], ...] = (
    ("lists tools with portable schemas", ("--method", "tools/list", "--strict"), lambda told: len(told["tools"]) == 9),
    (
        "calls a question",
        (*CALL, "list_apps", "--tool-arg", "namespace=shop"),
        lambda told: len(told["structuredContent"]["apps"]) == 2,
    ),
    (
        "gets the plan of a change",
        (*CALL, "scale_app", "--tool-arg", "app=my-app", "namespace=shop", "replicas=5"),
        lambda told: told["structuredContent"]["status"] in ("planned", "declined"),
    ),
    (
        "reads an app",
        ("--method", "resources/read", "--uri", "lifecycle://apps/shop/my-app"),
        lambda told: json.loads(told["contents"][0]["text"])["namespace"] == "shop",
    ),
    (
        "lists resource templates",
        ("--method", "resources/templates/list"),
        lambda told: len(told["resourceTemplates"]) == 2,
    ),
    ("lists prompts", ("--method", "prompts/list"), lambda told: len(told["prompts"]) == 2),
    (
        "gets a prompt",
        ("--method", "prompts/get", "--prompt-name", "what-happened", "--prompt-args", "app=my-app"),
        lambda told: "`my-app`" in told["messages"][0]["content"]["text"],
    ),
)
"""What the Inspector does, and what its answer must show."""


def main() -> int:
    """Run everything; the exit code."""
    try:
        found = clients()
    except Missing as missing:
        print(f"Conformance is skipped: {missing}.")
        return 0
    with tempfile.TemporaryDirectory() as room:
        environment = {"PATH": "/usr/bin:/bin", "HOME": room, "LIFECYCLE_STATE_DIR": f"{room}/state"}
        with _serving(environment) as url:
            verdicts = [_suite(found, url, revision, Path(room)) for revision in REVISIONS]
            verdicts += [_inspected(found, "HTTP", [url], *inspection) for inspection in INSPECTIONS]
        stdio = [SERVER, "serve", "--embedded", "-e", f"HOME={room}"]
        verdicts += [_inspected(found, "stdio", stdio, *inspection) for inspection in INSPECTIONS]
    print(f"{sum(verdicts)} of {len(verdicts)} passed.")
    return 0 if all(verdicts) else 1


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[str]:
    command = [SERVER, "serve", "--http", "127.0.0.1:0", "--embedded"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True) as server:
        assert server.stderr is not None
        try:
            yield server.stderr.readline().split()[-1]
        finally:
            server.terminate()
            server.communicate(timeout=10)


def _suite(found: Clients, url: str, revision: str, room: Path) -> bool:
    """Every scenario of a protocol revision; those that need the suite's own example server are expected to fail."""
    baseline = str(HERE / "expected-failures.yaml")
    options = [
        "--suite",
        "all",
        "--spec-version",
        revision,
        "--expected-failures",
        baseline,
        "-o",
        str(room / revision),
    ]
    done = _run([*found.conformance, "server", "--url", url, *options])
    passed = done.stdout.count("✓ ")
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} suite {revision}: {passed} scenarios pass", flush=True)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:])
    return done.returncode == 0


def _inspected(
    found: Clients,
    transport: str,
    target: list[str],
    title: str,
    options: tuple[str, ...],
    shows: Callable[[Told], bool],
) -> bool:
    done = _run([*found.inspector, *target, *options])
    good = done.returncode == 0 and shows(json.loads(done.stdout))
    print(f"{'ok  ' if good else 'FAIL'} Inspector over {transport}: {title}", flush=True)
    if not good:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return good


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


if __name__ == "__main__":
    sys.exit(main())
