"""Commands as the documentation shows them: read from `console` blocks, run one by one against a playground.

A block holds lines `$ command`, each followed by lines of what it prints. Of the output only what matters is shown:
every line must be found in what the command prints, blanks aside; `…` stands for anything. `# exit code 1` behind a
command says how it ends, 0 else. The words ID and PLAN stand for the last operation and the last plan printed.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import Block
from tests.laws.modules import ROOT

BIN = Path(sys.executable).parent
PROGRAMS = ("dot-ai", "kubectl", "make", "pytest", "export")
_OPERATION = re.compile(r"\boperation (?P<id>[a-z0-9]{8})\b")
_PLAN = re.compile(r'^(?:Plan +| *"plan_id": ")(?P<id>[0-9a-f]{12})"?,?$', re.MULTILINE)
_STAYS = ("serve", "cluster")


@dataclass(frozen=True)
class Command:
    """One command with what it should print and how it should end."""

    line: str
    shows: tuple[str, ...]
    code: int = 0


def commands(block: Block) -> list[Command]:
    """The commands of a block in order."""
    found: list[Command] = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            text, _, comment = line[2:].partition("  # ")
            code = re.fullmatch(r"exit code (\d)", comment.strip())
            found.append(Command(text.strip(), (), int(code[1]) if code else 0))
        elif line.strip():
            assert found, f"line {block.line}: output before any command"
            last = found.pop()
            found.append(Command(last.line, (*last.shows, line.strip()), last.code))
    return found


def shown(expected: str, printed: str) -> bool:
    """Whether a line of the documentation is found in an output, blanks and `…` aside."""
    parts = [re.escape(" ".join(part.split())) for part in expected.split("…")]
    flat = " ".join(printed.split())
    return re.search(".*?".join(part.replace(r"\ ", " ") for part in parts), flat) is not None


@dataclass
class Shell:
    """Runs commands of one page in order, remembering what later ones refer to."""

    environment: dict[str, str]
    operation: str = "no-operation-yet"
    plan: str = "no-plan-yet"
    ran: list[str] = field(default_factory=list)

    def run(self, command: Command) -> None:
        """Run it; AssertionError where it does not end or print as shown."""
        words = [{"ID": self.operation, "PLAN": self.plan}.get(word, word) for word in shlex.split(command.line)]
        assert words[0] in PROGRAMS, f"{command.line!r}: the documentation uses {', '.join(PROGRAMS)} only"
        self.ran.append(command.line)
        if words[0] == "export":
            return self._export(words[1])
        if words[0] == "dot-ai" and words[1] in _STAYS:
            return self._stays(words, command)
        code, printed = self._done(_harmless(words))
        assert code == command.code, f"$ {command.line}\nended with {code}, not {command.code}:\n{printed}"
        for line in command.shows:
            assert shown(line, printed), f"$ {command.line}\ndoes not print {line!r} but\n{printed}"
        return None

    def _export(self, assignment: str) -> None:
        name, _, value = assignment.partition("=")
        self.environment.setdefault(name, value)

    def _done(self, words: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            words, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        for found in _OPERATION.finditer(done.stdout):
            self.operation = found["id"]
        for found in _PLAN.finditer(done.stdout):
            self.plan = found["id"]
        return done.returncode, done.stdout + done.stderr

    def _stays(self, words: list[str], command: Command) -> None:
        """What serves until it is stopped: it says that it is there, and ends well when told to."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        started = subprocess.Popen(_on_a_free_port(words), env=self.environment, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload] # keywords for the pipes
        with started as process:
            try:
                for line in command.shows:
                    printed = ""
                    while not shown(line, printed):
                        said = process.stdout.readline()
                        assert said, f"$ {command.line}\nended without printing {line!r}, but\n{printed}"
                        printed += said
                assert process.poll() is None, f"$ {command.line}\nended by itself with {process.poll()}"
            finally:
                process.send_signal(signal.SIGTERM)
                process.stdin.close()
                code = process.wait(timeout=20)
        assert code in (0, 143, -signal.SIGTERM), f"$ {command.line}\nended with {code} when told to stop"


def _harmless(words: list[str]) -> list[str]:
    """What would test the tests, or build everything anew, is only checked for being there."""
    if words[0] == "make":
        return ["make", "--dry-run", *words[1:]]
    if words[0] == "pytest":
        return [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", *words[1:]]
    return words


def _on_a_free_port(words: list[str]) -> list[str]:
    return [re.sub(r"^(127\.0\.0\.1):\d+$", r"\1:0", word) for word in words]


def environment(kubeconfig: Path, state: Path) -> dict[str, str]:
    """The environment of a person who reads the documentation, with the playground as their cluster."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "KUBECONFIG": str(kubeconfig),
        "LIFECYCLE_STATE_DIR": str(state),
        "LIFECYCLE_HTTP_TOKEN": "a-token-of-the-documentation",
        "LIFECYCLE_REGISTRY_CHECK": "off",  # as `dot-ai cluster` says: its images are in no registry
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
