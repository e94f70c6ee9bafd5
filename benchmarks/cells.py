"""The matrix of updates under traffic: which app, changed in which way, to which version; and what can make sense."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

Way = Literal["rolling", "blue-green", "canary, promoted", "canary, aborted", "rollback"]
Version = Literal["good", "image missing", "crashes", "never ready", "20 % errors"]

WAYS: tuple[Way, ...] = get_args(Way)
VERSIONS: tuple[Version, ...] = get_args(Version)
NOT_COMING: tuple[Version, ...] = ("image missing", "crashes", "never ready")
"""Versions of which no pod ever serves."""

REPLICAS = (1, 4, 10)


@dataclass(frozen=True)
class Shape:
    """An app: whether its pods drain before they end, and how many there are."""

    drains: bool
    replicas: int

    @property
    def name(self) -> str:
        """One word for it."""
        return f"{self.replicas}-{'drains' if self.drains else 'bare'}"

    def __str__(self) -> str:
        pods = "1 pod" if self.replicas == 1 else f"{self.replicas} pods"
        return f"{pods}, {'preStop' if self.drains else 'no preStop'}"


@dataclass(frozen=True)
class Cell:
    """One update under traffic. In a rollback, `version` is the one that is left."""

    shape: Shape
    way: Way
    version: Version

    @property
    def beside(self) -> tuple[Shape, bool, Version]:
        """What kubectl does the same for: to it every update is one way, and every rollback another."""
        return self.shape, self.way == "rollback", self.version

    def __str__(self) -> str:
        return f"{self.shape}: {self.way}, {self.version}"


SENSE = (
    "Left out is what nobody could do: nobody aborts a canary of which no pod ever comes to be watched, as it is taken "
    "back by itself; nobody promotes one that answers with errors."
)


def makes_sense(cell: Cell) -> bool:
    """Whether anybody could do this; SENSE says the rule in words."""
    if cell.way == "canary, aborted":
        return cell.version not in NOT_COMING
    return (cell.way, cell.version) != ("canary, promoted", "20 % errors")


def shapes() -> Iterator[Shape]:
    """Every app of the matrix."""
    for drains, replicas in product((False, True), REPLICAS):
        yield Shape(drains, replicas)


def cells_of(shape: Shape) -> list[Cell]:
    """Every cell of one app that makes sense."""
    cells = (Cell(shape, way, version) for way, version in product(WAYS, VERSIONS))
    return [cell for cell in cells if makes_sense(cell)]


ALWAYS = (
    Cell(Shape(drains=False, replicas=4), "canary, aborted", "20 % errors"),
    Cell(Shape(drains=False, replicas=4), "blue-green", "20 % errors"),
    Cell(Shape(drains=False, replicas=4), "blue-green", "good"),
    Cell(Shape(drains=True, replicas=4), "rolling", "good"),
)
"""What every sample holds: one cell for each bound that is not about failed requests."""


def sample(seed: int, more: int) -> list[Cell]:
    """The cells that are always measured and that many others, drawn by the seed, grouped by app.

    What takes a minute is in the whole matrix only: ten pods on a small machine, and a version that is never ready.
    """
    cells = (cell for shape in shapes() if shape.replicas < max(REPLICAS) for cell in cells_of(shape))
    small = [cell for cell in cells if cell.version != "never ready"]
    others = random.Random(seed).sample([cell for cell in small if cell not in ALWAYS], more)
    return by_shape([*ALWAYS, *others])


def by_shape(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells in the order of the matrix."""
    order = [cell for shape in shapes() for cell in cells_of(shape)]
    return sorted(cells, key=order.index)


def promised(strategy: str, shape: Shape) -> bool:
    """Whether no request is lost where the plan does not say: pods leave before they end, or drain."""
    return strategy in ("blue-green", "canary") or shape.drains
