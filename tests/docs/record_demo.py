"""Makes the recording in the README: `python -m tests.docs.record_demo` runs the demo and draws what it printed."""

import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from dot_ai_lifecycle.demo import show
from dot_ai_lifecycle.settings import from_environment

RECORDING = Path(__file__).parents[2] / "docs" / "demo.svg"


def main() -> int:
    """Run the demo and write the picture; nothing is written where the demo fails. Returns its exit code."""
    console = Console(record=True, width=118, force_terminal=True)
    code = asyncio.run(show(from_environment(), keep=False, console=console))
    if code == 0:
        RECORDING.write_text(console.export_svg(title="make demo", theme=MONOKAI), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
