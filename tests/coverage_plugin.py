"""Notes which lines and branches of the package the tests take; `PYTEST_PLUGINS=tests.coverage_plugin` turns it on.

SlipCover writes its probes into the code as it is imported, and so costs next to nothing afterwards, where a tracer
makes what is traced take more than twice as long. For that it has to be there before the package is: SlipCover's own
plugin is, but fails with `--import-mode=importlib`, and so this one turns it on. Pytest reads the variable, in the
workers of xdist too, before any conftest.

What the tests start as processes of their own is not measured.
"""

import json
import os

import pytest
from slipcover import FileMatcher, ImportManager

from tests.coverage_gate import PACKAGE, PLACE, probes

FOUND = probes(source=None)
ImportManager(FOUND, FileMatcher(sources=[PACKAGE])).__enter__()


def pytest_collection_finish() -> None:
    os.environ.pop("PYTEST_PLUGINS", None)  # else a pytest that a test starts would measure too


def pytest_sessionfinish(session: pytest.Session) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None and session.config.getoption("numprocesses", None):
        return  # the workers of this process ran the tests
    PLACE.mkdir(exist_ok=True)
    (PLACE / f"{worker or 'alone'}.json").write_text(json.dumps(FOUND.get_coverage()))
