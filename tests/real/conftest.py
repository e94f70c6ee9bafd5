"""Every test in this directory is real and in real time; the plugin gives those their two minutes."""

from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> Generator[None, pytest.Module | None, pytest.Module | None]:
    # At collection, because the event loop of a test is chosen right after.
    module = yield
    if module is not None:
        for mark in (pytest.mark.real, pytest.mark.realtime):
            module.add_marker(mark)
    return module
