"""`python -m benchmarks [NAME…]`: print tables and write docs/benchmarks.md; ends with 1 where a bound is missed.

`python -m benchmarks pictures` takes the guide's pictures instead.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console

from benchmarks import concurrency, detection, executing, hundred, lossless, many_apps, planning, report, start
from benchmarks.cells import shapes
from benchmarks.machine import load
from benchmarks.measured import Measured, NotHere, WentWrong
from benchmarks.pictures import making
from benchmarks.site import Site, tell

ALL: dict[str, Callable[[Site], Measured]] = {
    "start": start.measure,
    "many_apps": many_apps.measure,
    "concurrency": concurrency.measure,
    "planning": planning.measure,
    "executing": executing.measure,
    "detection": detection.measure,
    "lossless": lossless.measure,
}
"""What `make bench` measures."""

FULL: dict[str, Callable[[Site], Measured]] = {
    **{f"matrix-{shape.name}": partial(lossless.whole, shape) for shape in shapes()},
    "hundred": hundred.measure,
}
"""What `make bench-full` measures; its figures have a page of their own."""


def main(names: Sequence[str]) -> int:
    """Run these benchmarks, or all of `make bench`; `full` alone is all of `make bench-full`.

    Returns 0 where every bound is kept, 1 where one is not, 2 for an unknown name.
    """
    if names[:1] == ["pictures"]:
        return making.make(names[1:])
    known = ALL | FULL
    names = list(FULL) if names == ["full"] else names
    unknown = [name for name in names if name not in known]
    if unknown:
        tell(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    console, missed = Console(highlight=False), 0
    with Site() as site:
        for name in names or ALL:
            missed += _run(name, site, console)
    console.print(f"\n{missed} bounds missed" if missed else "\nevery bound kept")
    return 1 if missed else 0


def _run(name: str, site: Site, console: Console) -> int:
    """How many bounds one benchmark misses; one that goes wrong counts as one."""
    before, began = load(), time.monotonic()
    tell(f"{name} begins, load {before:.1f}")
    try:
        measured = alone((ALL | FULL)[name], site)
    except NotHere as reason:
        console.print(f"\n{name}: skipped, {reason}", markup=False)
        return 0
    except WentWrong as reason:
        console.print(f"\n{name}: went wrong, {reason}", style="red", markup=False)
        return 1
    tell(f"{name} took {time.monotonic() - began:.0f} s")
    console.print()
    report.show(console, measured)
    report.write(name, measured, before, report.FULL if name in FULL else report.PAGE)
    return len(measured.missed)


def alone(measure: Callable[[Site], Measured], site: Site) -> Measured:
    """What it measures; what goes wrong while a session is open comes out of its group of tasks as it is."""
    try:
        return measure(site)
    except ExceptionGroup as several:
        found: BaseException = several
        while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
            found = found.exceptions[0]
        raise found from several


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
