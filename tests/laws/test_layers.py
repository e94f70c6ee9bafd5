"""Law: imports run downwards. Who may know whom is written here once, and nothing is excepted from it."""

import ast
import importlib
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.laws.modules import PACKAGE, Import, Module, modules

MAY_IMPORT = {
    "main": {"main", "faces", "engine", "adapters", "embedded", "operations", "domain", "core"},
    "faces": {"faces", "operations", "engine", "core"},
    "operations": {"operations", "domain", "core"},
    "engine": {"engine", "core"},
    "adapters": {"adapters", "core"},
    "domain": {"domain", "core"},
    "core": {"core"},
    "embedded": {"embedded"},
}

LIBRARIES = {
    "core": {"pydantic", "msgspec"},
    "domain": {"pydantic", "msgspec"},
    "operations": {"pydantic", "msgspec"},
    "engine": {"pydantic", "msgspec", "structlog"},
}
"""What a layer may use from outside; layers that are not named deal with the outside and may use what they need."""

VOCABULARY = {"pydantic", "pydantic_core", "msgspec", "yaml", "structlog", "anyio"}
"""Libraries that speak to nobody: they may be used by several adapters."""

CARRIERS = {"aiohttp", "yarl", "multidict"}
"""HTTP itself: a client of nobody in particular, over which each adapter speaks with its own other side."""

LATE = {"kubernetes_asyncio", "aiohttp", "anthropic"}
"""Slow to import; a server answers before they are needed."""


def ours(module: Module) -> Iterator[tuple[Import, Module]]:
    """What a module imports of this package, the package's bare name (which holds only the version) left out."""
    for one in module.imports:
        if one.ours and one.module != PACKAGE:
            assert one.module in modules(), f"{module}:{one.line} imports {one.module}, which is not there"
            yield one, modules()[one.module]


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_every_module_can_be_imported_and_does_nothing_then():
    assert {importlib.import_module(name).__name__ for name in modules()} == set(modules())


def test_a_module_imports_only_from_the_layers_below_it():
    astray = [
        f"{module}:{one.line} ({module.layer}) imports {other.name} ({other.layer})"
        for module in modules().values()
        for one, other in ours(module)
        if other.layer not in MAY_IMPORT[module.layer]
    ]

    assert astray == []


@pytest.mark.parametrize("layer", ["operations", "adapters", "faces"])
def test_siblings_do_not_know_each_other(layer: str):
    astray = [
        f"{module}:{one.line} imports {other.name}"
        for module in modules().values()
        if module.layer == layer and not (module.is_package and module.name.count(".") == 1)
        for one, other in ours(module)
        if other.layer == layer and other.room not in (module.room, "faces.render")
    ]

    assert astray == []


@pytest.mark.parametrize("layer", sorted(LIBRARIES))
def test_the_inner_layers_use_nothing_but_their_vocabulary(layer: str):
    astray = [
        f"{module}:{one.line} imports {one.library}"
        for module in modules().values()
        if module.layer == layer
        for one in module.imports
        if one.library and one.library not in LIBRARIES[layer]
    ]

    assert astray == []


def test_a_client_of_something_outside_lives_in_one_adapter():
    users: dict[str, set[str]] = defaultdict(set)
    for module in modules().values():
        if module.layer == "adapters":
            for one in module.imports:
                if one.library and one.library not in VOCABULARY | CARRIERS:
                    users[one.library].add(module.room)

    assert {library: rooms for library, rooms in users.items() if len(rooms) > 1} == {}
    assert "kubernetes_asyncio" in users, "the law has lost sight of what it is about"


@pytest.mark.parametrize("library", ["kubernetes_asyncio", "anthropic"])
def test_no_layer_but_the_adapters_knows_a_client(library: str):
    astray = [
        f"{module}:{one.line}"
        for module in modules().values()
        if module.layer != "adapters"
        for one in module.imports
        if one.library == library
    ]

    assert astray == []


def test_no_two_modules_need_each_other():
    needed = {
        module.name: {other.name for one, other in ours(module) if not one.late and not one.typing} - {module.name}
        for module in modules().values()
    }
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(error.args[1])}")


def test_the_package_itself_imports_nothing():
    assert modules()[PACKAGE].imports == ()


def test_imports_stand_at_the_top_but_where_starting_fast_needs_them_late():
    heedless = [
        f"{module}:{one.line} imports {one.module}, on which nothing slow hangs"
        for module in modules().values()
        for one in module.imports
        if one.late and not (one.ours if module.layer == "main" else _brings(one, LATE))
    ]

    assert heedless == []


def _brings(one: Import, libraries: set[str]) -> bool:
    """Whether importing it would import one of those libraries."""
    if not one.ours:
        return one.library in libraries
    pending, met = [one.module], set()
    while pending:
        name = pending.pop()
        met.add(name)
        at_once = [inner for inner in modules()[name].imports if not inner.late and not inner.typing]
        if any(inner.library in libraries for inner in at_once):
            return True
        pending += [inner.module for inner in at_once if inner.ours and inner.module not in met]
    return False


def test_the_domain_is_pure():
    waiting = [
        f"{module}:{node.lineno} waits for something; what it decides from has to be handed to it"
        for module in modules().values()
        if module.layer == "domain"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await)
    ]

    assert waiting == []


def test_one_thing_alone_reads_the_environment():
    readers = {
        module.name
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    }

    assert readers <= {f"{PACKAGE}.settings"} | {m.name for m in modules().values() if m.layer in ("adapters", "main")}
