"""Users of an application, for as long as a `with` block runs: the probe, in a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.real.cluster.access import Cluster
from tests.real.cluster.errors import CommandFailed
from tests.real.probe import Report

_CHECKOUT = Path(__file__).parents[2]


class Traffic:
    """Traffic on one address. It flows when the block begins, and `report` is there when the block has ended."""

    def __init__(self, cluster: Cluster, host: str, port: int, rate: float = 200.0, keep_alive: int = 8) -> None:
        probe = (sys.executable, "-m", "tests.real.probe", host, str(port), str(rate), str(keep_alive))
        self._command = cluster.inside(*probe)
        self.report = Report()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=_CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None or self._process.stdout.readline() != "started\n":
            _, said = self._process.communicate(timeout=10)
            raise CommandFailed(f"the probe had no answer: {said.strip()[-400:]}")
        return self

    def __exit__(self, *_: object) -> None:
        written, said = self._process.communicate(timeout=20)  # ends its input, which ends the probe
        if self._process.returncode != 0:
            raise CommandFailed(f"the probe failed: {said.strip()[-400:]}")
        self.report = Report.of(written)
