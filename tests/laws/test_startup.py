"""Law: a server answers before anything of a cluster or a model provider is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from dot_ai_lifecycle.operations import ALL
from tests.adapters.server import kubeconfig

SLOW = ("kubernetes_asyncio", "aiohttp", "anthropic", "dot_ai_lifecycle.embedded")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


def imported_by(*statements: str) -> set[str]:
    """Which modules a fresh interpreter has loaded after those statements."""
    script = "; ".join((*statements, "import sys", "sys.stdout.write('\\n'.join(sys.modules))"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def slow_ones(loaded: set[str]) -> list[str]:
    return [name for name in SLOW if name in loaded]


def test_the_mcp_face_and_every_operation_load_nothing_slow():
    loaded = imported_by("import dot_ai_lifecycle.faces.mcp", "import dot_ai_lifecycle.operations")

    assert slow_ones(loaded) == []
    assert {kind.__module__ for kind in ALL} <= loaded


def test_an_engine_is_built_without_loading_a_client():
    loaded = imported_by(
        "from dot_ai_lifecycle.composition import engine_for",
        "from dot_ai_lifecycle.settings import from_environment",
        "engine_for(from_environment({'LIFECYCLE_STATE_DIR': '/nonexistent'}))",
    )

    assert slow_ones(loaded) == []


def test_a_metrics_provider_is_named_without_loading_a_client():
    loaded = imported_by(
        "from dot_ai_lifecycle.composition import metrics_for",
        "from dot_ai_lifecycle.settings import from_environment",
        "assert metrics_for(from_environment({'LIFECYCLE_PROMETHEUS_URL': 'http://prometheus:9090'}))",
    )

    assert slow_ones(loaded) == []
    assert "dot_ai_lifecycle.adapters.prometheus" in loaded


def test_a_connection_does_not_pay_for_a_class_of_every_kind(tmp_path: Path):
    config = kubeconfig(tmp_path / "config", {"server": "https://127.0.0.1:1"}, {"token": "t"})
    loaded = imported_by(
        "import asyncio",
        "from dot_ai_lifecycle.adapters.kubernetes import connect",
        f"asyncio.run(connect(None, {config!r}))",
    )

    assert slow_ones(loaded) == ["aiohttp"]


def test_the_command_line_does_not_pay_for_the_mcp_library():
    loaded = imported_by("import dot_ai_lifecycle.faces.cli", "import dot_ai_lifecycle.composition")

    assert slow_ones(loaded) == []
    assert "mcp" not in loaded
    assert "uvicorn" not in loaded


def test_the_mcp_server_does_not_pay_for_the_command_line():
    assert "cyclopts" not in imported_by("import dot_ai_lifecycle.faces.mcp")
