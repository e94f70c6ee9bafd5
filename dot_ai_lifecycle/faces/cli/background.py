"""Somebody does not want to wait: a process of its own goes on with the operation, and with its way back."""

import os
import subprocess
import sys
from pathlib import Path

from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.faces.cli.invocation import Where


def resume_words(record: Record, where: Where) -> list[str]:
    """The command that goes on with an interrupted operation, without asking."""
    named = [
        ("--namespace", record.plan.app.namespace),
        ("--context", where.context),
        ("--kubeconfig", where.kubeconfig),
    ]
    options = [word for option, value in named if value for word in (option, value)]
    return ["resume", record.id, *options, "--yes", "--output", "json"]


def go_on(record: Record, where: Where, state_dir: Path) -> Path:
    """Start that command in a session of its own, so that closing the terminal does not end it; where it writes to."""
    log = state_dir / "background" / f"{record.id}.json"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        subprocess.Popen(
            [sys.executable, "-m", "dot_ai_lifecycle", *resume_words(record, where)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return log
