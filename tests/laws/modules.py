"""The package as the laws see it: every module with its layer, its syntax tree and what it imports."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "dot_ai_lifecycle"


@dataclass(frozen=True)
class Import:
    """One module that another names. `late` is inside a function; `typing` is for the type checker alone."""

    module: str
    line: int
    late: bool = False
    typing: bool = False

    @property
    def ours(self) -> bool:
        return self.module.split(".")[0] == PACKAGE

    @property
    def library(self) -> str:
        """The top-level package, for what is neither ours nor Python's; else empty."""
        top = self.module.split(".")[0]
        return "" if self.ours or top in sys.stdlib_module_names else top


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def layer(self) -> str:
        """The directory below the package; `main` for what lies directly in it."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 2 or (self.is_package and len(parts) == 2) else "main"

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def room(self) -> str:
        """What counts as one sibling inside a layer: `faces.cli`, `adapters.kubernetes`, `operations.update_app`."""
        parts = self.name.split(".")
        return ".".join(parts[1:3])

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def modules() -> dict[str, Module]:
    """Every module of the package by its dotted name."""
    found = [_read(path) for path in sorted((ROOT / PACKAGE).rglob("*.py"))]
    names = {name for name, _, _ in found}
    return {
        name: Module(name, path, tree, tuple(_imports(tree, names, late=False, typing=False)))
        for name, path, tree in found
    }


def _read(path: Path) -> tuple[str, Path, ast.Module]:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return name, path, ast.parse(path.read_text(), filename=str(path))


def _imports(node: ast.AST, names: set[str], *, late: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                yield from (Import(alias.name, child.lineno, late, typing) for alias in child.names)
            case ast.ImportFrom():
                yield from _named(child, names, late=late, typing=typing)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _imports(child, names, late=True, typing=typing)
            case ast.If() if _is_for_typing(child):
                yield from _imports(child, names, late=late, typing=True)
            case _:
                yield from _imports(child, names, late=late, typing=typing)


def _named(node: ast.ImportFrom, names: set[str], *, late: bool, typing: bool) -> Iterator[Import]:
    """`from package import module` names the module; `from module import name` names the module it comes from."""
    assert node.level == 0, f"line {node.lineno}: relative imports hide who imports whom"
    assert node.module is not None
    for alias in node.names:
        deeper = f"{node.module}.{alias.name}"
        yield Import(deeper if deeper in names else node.module, node.lineno, late, typing)


def _is_for_typing(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
