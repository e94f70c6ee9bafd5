"""The machine in words: a figure without it says little."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def described() -> str:
    """Cores, memory, kernel and versions, in one sentence."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parts = [
        f"{cores} cores{_processor()}",
        *_memory(),
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"mcp {version('mcp')}",
    ]
    return ", ".join(parts)


def load() -> float:
    """How busy the machine was over the last minute, in cores; 0 where it does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _processor() -> str:
    return next((f" ({line.partition(':')[2].strip()})" for line in _lines("/proc/cpuinfo", "model name")), "")


def _memory() -> list[str]:
    return [f"{int(line.split()[1]) / 2**20:.0f} GiB" for line in _lines("/proc/meminfo", "MemTotal")]


def _lines(path: str, beginning: str) -> list[str]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith(beginning)]
