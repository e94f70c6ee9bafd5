"""The matrix holds what makes sense, every cell once, and a sample of it is the same for the same seed."""

from benchmarks.cells import ALWAYS, Cell, Shape, cells_of, makes_sense, promised, sample, shapes

APP = Shape(drains=False, replicas=4)


def test_the_matrix_has_every_app_and_every_cell_once() -> None:
    cells = [cell for shape in shapes() for cell in cells_of(shape)]

    assert len(list(shapes())) == 6
    assert len(cells) == len(set(cells)) == 6 * 21


def test_nobody_aborts_a_canary_that_never_comes_and_nobody_promotes_one_that_errs() -> None:
    assert not makes_sense(Cell(APP, "canary, aborted", "crashes"))
    assert not makes_sense(Cell(APP, "canary, promoted", "20 % errors"))
    assert makes_sense(Cell(APP, "canary, promoted", "crashes"))
    assert makes_sense(Cell(APP, "canary, aborted", "20 % errors"))


def test_a_sample_is_that_of_its_seed_and_holds_a_cell_for_every_bound() -> None:
    first, again, other = (sample(seed, 6) for seed in (1, 1, 2))

    assert first == again != other
    assert len(first) == len(ALWAYS) + 6
    assert set(ALWAYS) <= set(first)
    assert all(cell.shape.replicas < 10 for cell in first)


def test_kubectl_does_one_thing_for_every_strategy_and_another_for_a_rollback() -> None:
    beside = {Cell(APP, way, "good").beside for way in ("rolling", "blue-green", "canary, aborted", "rollback")}

    assert len(beside) == 2


def test_a_plan_promises_nothing_where_pods_that_do_not_drain_are_rolled() -> None:
    assert promised("blue-green", APP)
    assert promised("canary", APP)
    assert promised("rolling", Shape(drains=True, replicas=1))
    assert not promised("rolling", APP)
