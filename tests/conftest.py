"""Every async test runs in virtual time, unless it is marked `realtime` because it needs real sockets or processes."""

import asyncio
import gc
from collections import Counter
from collections.abc import Mapping

import pytest
from pytest_asyncio.plugin import LoopFactory

from tests.support.virtual_time import VirtualTimeLoop

pytest_plugins = ["tests.real.plugin"]


SAMPLE = 11
"""Of the deaths after each write every eleventh is tried each time, and all of them with --every-write.

A prime, so that it walks through all variants: of versions, of what is done then, of how the process died.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-write", action="store_true", help="let a process die at every write, not at some")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out ten of eleven of the tests marked `every_write`, evenly over each of them."""
    if config.getoption("--every-write"):
        return
    seen: Counter[str] = Counter()
    kept, left_out = [], []
    for item in items:
        name = getattr(item, "originalname", item.name)
        marked = item.get_closest_marker("every_write") is not None
        (left_out if marked and seen[name] % SAMPLE else kept).append(item)
        seen[name] += marked
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what lives as long as the process: every module, every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    if item.get_closest_marker("realtime"):
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualTimeLoop}
