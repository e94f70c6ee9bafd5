"""The numbers behind rollouts: worked examples, and laws over all sizes up to 200."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.embedded.controllers.arithmetic import (
    Limits,
    Share,
    fenceposts,
    new_set_size,
    proportional,
    removable,
    scaled,
    wanted_by_utilisation,
)
from dot_ai_lifecycle.embedded.quantities import bytes_of, millicores

SIZES = st.integers(0, 200)
PERCENT = st.integers(0, 100).map(lambda number: f"{number}%")
BOUNDS = st.one_of(st.integers(0, 200), PERCENT)


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [
        ("25%", "25%", 1, (1, 0)),
        ("25%", "25%", 3, (1, 0)),
        ("25%", "25%", 4, (1, 1)),
        ("25%", "25%", 10, (3, 2)),
        (0, "10%", 4, (0, 1)),
        (0, 0, 7, (0, 1)),
        ("0%", "0%", 0, (0, 1)),
        (1, 0, 5, (1, 0)),
        ("100%", 0, 5, (5, 0)),
    ],
)
def test_a_strategy_means_these_numbers(
    surge: int | str, unavailable: int | str, replicas: int, expected: tuple[int, int]
) -> None:
    assert fenceposts(surge, unavailable, replicas) == expected


@given(percent=st.integers(0, 100), total=SIZES)
def test_percentages_round_up_for_surge_and_down_for_unavailable(percent: int, total: int) -> None:
    assert scaled(f"{percent}%", total, up=True) == math.ceil(percent * total / 100)
    assert scaled(f"{percent}%", total, up=False) == percent * total // 100


@given(surge=BOUNDS, unavailable=BOUNDS, replicas=SIZES)
def test_a_strategy_always_leaves_room_to_move(surge: int | str, unavailable: int | str, replicas: int) -> None:
    allowed = Limits.of(surge, unavailable, replicas)
    assert 0 <= allowed.least <= replicas <= allowed.most
    assert replicas == 0 or allowed.most > allowed.least


@given(surge=BOUNDS, unavailable=BOUNDS, replicas=st.integers(1, 200), old=SIZES)
def test_a_rollout_ends_and_never_leaves_its_bounds(
    surge: int | str, unavailable: int | str, replicas: int, old: int
) -> None:
    """Every pod gets ready in one round; total and availability are held to the bounds in every round."""
    allowed, new, rounds = Limits.of(surge, unavailable, replicas), 0, 0
    old = min(old, replicas)
    floor = min(allowed.least, old)
    while new < replicas or old:
        ready = new
        new = new_set_size(allowed, new=new, total=new + old)
        assert new + old <= max(allowed.most, ready + old)
        gone = min(old, removable(allowed, total=new + old, new=new, new_available=ready))
        old -= gone
        assert ready + old >= min(floor, ready + old + gone)
        rounds += 1
        assert rounds <= 2 * replicas + 2
    assert (new, old) == (replicas, 0)


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    surge=BOUNDS,
    unavailable=BOUNDS,
    before=st.integers(1, 200),
    after=SIZES,
)
def test_proportional_scaling_gives_out_exactly_what_is_allowed(
    sizes: list[int], surge: int | str, unavailable: int | str, before: int, after: int
) -> None:
    allowed = Limits.of(surge, unavailable, after)
    under = Limits.of(surge, unavailable, before).most
    shares = [Share(f"set-{index}", size, under) for index, size in enumerate(sorted(sizes, reverse=True))]
    found = proportional(shares, allowed)
    assert all(size >= 0 for size in found.values())
    wanted = allowed.most if after else 0
    if wanted >= sum(sizes):
        assert sum(found.values()) == wanted
    if wanted >= max(sum(sizes), under):
        assert all(found[one.name] >= one.size for one in shares)
    if wanted <= min(sum(sizes), under):
        assert all(found[one.name] <= one.size for one in shares)


def test_the_example_of_the_kubernetes_documentation_comes_out_as_written() -> None:
    shares = [Share("old", 8, 13), Share("new", 5, 13)]
    assert proportional(shares, Limits.of(3, 2, 15)) == {"old": 11, "new": 7}


@pytest.mark.parametrize(
    ("ready", "ratio", "expected"),
    [(4, 1.05, None), (4, 0.95, None), (4, 1.2, 5), (4, 2.0, 8), (3, 0.5, 2), (1, 10, 10)],
)
def test_an_autoscaler_rounds_up_and_rests_within_a_tenth(ready: int, ratio: float, expected: int | None) -> None:
    assert wanted_by_utilisation(ready, ratio) == expected


@pytest.mark.parametrize(
    ("text", "cpu", "memory"),
    [("1", 1000, 1), ("250m", 250, 0), ("1500m", 1500, 1), ("1Ki", 1024000, 1024), (None, 0, 0)],
)
def test_quantities_are_read_as_kubernetes_writes_them(text: str | None, cpu: int, memory: int) -> None:
    assert (millicores(text), bytes_of(text)) == (cpu, memory)
    assert bytes_of("1.5Gi") == 3 * 2**29
