"""Law: everything the product owes is a line in `tests/requirements.py`; built lines are proven, open ones are not."""

import ast
import re
from collections.abc import Iterator

from tests.coverage_gate import BOUNDS
from tests.laws.modules import PACKAGE, ROOT
from tests.requirements import ALL, BY_ID, claims

TESTS = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if path.is_file()]


def claimed() -> Iterator[tuple[str, str]]:
    """Every claim with the test that makes it, found in the source: no test has to be imported for it."""
    for path in TESTS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for decorator in node.decorator_list:
                    for id in _claims_of(decorator):
                        assert node.name.lower().startswith("test"), f"{path.name}: {node.name} is no test"
                        yield id, f"{path.relative_to(ROOT)}::{node.name}"


def _claims_of(decorator: ast.expr) -> list[str]:
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Name) or decorator.func.id != "claims":
        return []
    return [str(argument.value) for argument in decorator.args if isinstance(argument, ast.Constant)]


def test_every_line_has_an_id_of_its_own_and_says_one_thing():
    assert len(BY_ID) == len(ALL)
    for requirement in ALL:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", requirement.id)
        assert requirement.sentence.endswith(".")


def test_every_built_line_is_proven_by_a_test():
    proven = {id for id, _ in claimed()}

    assert [line.id for line in ALL if line.status == "built" and line.id not in proven] == []


def test_no_claim_is_made_for_what_is_open_or_unknown():
    assert [(id, test) for id, test in claimed() if id not in BY_ID or BY_ID[id].status == "open"] == []


def test_what_is_open_is_marked_in_the_list_alone():
    marks = re.compile(r"\b(TODO|FIX" r"ME|XX" r"X|NotImple" r"mented\b(?!Error)|not implem" r"ented yet)\b")
    places = [*(ROOT / PACKAGE).rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in places
        if path.name != "test_requirements.py" and (hit := marks.search(path.read_text()))
    ]

    assert found == []


@claims("quality.coverage")
def test_strategies_and_algorithms_are_held_to_a_higher_coverage_than_the_rest():
    bounds = {bound.path: bound.percent for bound in BOUNDS}

    assert bounds[f"{PACKAGE}/"] >= 90
    assert bounds[f"{PACKAGE}/domain/"] >= 95
    assert bounds[f"{PACKAGE}/engine/"] >= 95
