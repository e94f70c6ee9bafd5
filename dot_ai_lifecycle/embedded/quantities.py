"""Kubernetes quantities as plain numbers: requests must be added up and compared before anything can be scheduled."""

from decimal import Decimal
from functools import lru_cache

_SUFFIXES: dict[str, int | Decimal] = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
}  # fmt: skip


@lru_cache(maxsize=4096)
def number(text: str | int | float | None) -> Decimal:
    """The number a quantity stands for: `250m` is 0.25, `1Gi` is 1073741824. Raises ValueError for anything else."""
    if text is None:
        return Decimal(0)
    written = str(text)
    for suffix, factor in _SUFFIXES.items():
        if written.endswith(suffix):
            return Decimal(written[: -len(suffix)]) * factor
    return Decimal(written)


def millicores(text: str | int | float | None) -> int:
    """CPU in thousandths of a core, rounded up."""
    return int(-(-number(text) * 1000 // 1))


def bytes_of(text: str | int | float | None) -> int:
    """Memory in bytes."""
    return int(number(text))
