"""A stream whose far end fails: a full disk is borne and remembered, a reader that went away is not hidden."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dot_ai_lifecycle.faces.cli.outlet import Outlet, into_nothing
from dot_ai_lifecycle.faces.cli.screen import Screen


@pytest.fixture
def full() -> Iterator[io.TextIOWrapper]:
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as stream:
        yield stream


def test_a_full_disk_is_remembered_and_the_rest_goes_nowhere(full: io.TextIOWrapper) -> None:
    outlet = Outlet(full)

    assert outlet.write("line\n") == 5
    first = outlet.failure
    outlet.write("x" * 100_000)
    outlet.flush()

    assert isinstance(first, OSError)
    assert outlet.failure is first
    assert (outlet.isatty(), outlet.encoding.lower()) == (False, "utf-8")


def test_what_fails_only_when_it_is_handed_on_is_remembered_too(full: io.TextIOWrapper) -> None:
    outlet = Outlet(full)

    outlet.write("no end of line yet")
    assert outlet.failure is None
    outlet.flush()

    assert outlet.failure is not None


def test_a_reader_that_went_away_is_told_to_whoever_writes() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8", buffering=1)
    outlet = Outlet(stream)

    with pytest.raises(BrokenPipeError):
        outlet.write("line\n")
    with pytest.raises(BrokenPipeError):
        outlet.flush()

    assert outlet.failure is None
    into_nothing(stream)
    stream.close()


def test_a_screen_knows_why_not_all_of_its_result_was_written(full: io.TextIOWrapper) -> None:
    screen = Screen(io.StringIO(), full, io.StringIO())
    assert screen.unwritten == ""

    screen.say("a line")

    assert screen.unwritten == "No space left on device"
