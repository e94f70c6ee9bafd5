"""How much longer this machine takes than the one on which the time limits of the tests were set.

A limit in seconds is there to end what hangs. On a machine that is three times slower the same limit would end what
merely works, so `.ci/run` measures once, by `python3 tests/pace.py`, and limits grow by what it found; they never
shrink. What the tests assert stays in seconds everywhere.
"""

import os
import time

VARIABLE = "LIFECYCLE_TEST_PACE"
_USUAL = 0.6  # seconds of the loop below on two cores of the machine the limits were set on, Python 3.11
_ROUNDS = 10_000_000


def pace() -> float:
    """1.0, or how many times longer than usual everything takes here, as `.ci/run` has measured."""
    return max(1.0, float(os.environ.get(VARIABLE) or 1.0))


def measured() -> float:
    """The median of three measurements, at least 1.0."""
    return max(1.0, sorted(_once() for _ in range(3))[1] / _USUAL)


def _once() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(_ROUNDS):
        total += number
    return time.perf_counter() - began


if __name__ == "__main__":
    print(f"{measured():.2f}")
