"""The last thing before serving: what was imported stays for good, so the collector need not look at it again."""

import gc

THRESHOLDS = (10_000, 50, 100)
"""Allocations between collections: the defaults collect in the middle of every call. A collection of 50,000 young
objects was measured to stop everybody for up to 71 ms; at 10,000 large lists take about 3 % more processor time.
"""


def ready_to_serve() -> None:
    """Move everything loaded so far out of the collector's sight, and switch it on for the rest."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(*THRESHOLDS)
