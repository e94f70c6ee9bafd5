"""What a benchmark ends with reaches whoever runs it, also out of the tasks of an open session."""

import asyncio

import pytest

from benchmarks.__main__ import alone
from benchmarks.measured import Measured, WentWrong
from benchmarks.site import Site


async def _open_session() -> Measured:
    async with asyncio.TaskGroup(), asyncio.TaskGroup():
        raise WentWrong("the app did not answer")


def test_what_goes_wrong_in_a_session_is_told_as_it_is() -> None:
    with pytest.raises(WentWrong, match="the app did not answer"):
        alone(lambda _: asyncio.run(_open_session()), Site())


def test_what_goes_well_is_what_was_measured() -> None:
    measured = Measured(title="t", how="h", beside="", figures=[])

    assert alone(lambda _: measured, Site()) is measured
