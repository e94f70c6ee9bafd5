"""Law: names say what a thing is, in Kubernetes' words or ours; and the project speaks of itself alone."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.laws.modules import PACKAGE, ROOT, modules

EMPTY = {"helper", "helpers", "util", "utils", "handler", "handlers", "processor", "processors", "info", "infos"}
"""Words that say nothing about a thing, wherever they stand."""

OBJECTS = {"service", "services"}
"""The object of Kubernetes, at the beginning of a name (`ServicePort`); at its end the word says nothing."""

FIELDS = {
    "manager": {"field", "fields", "managed"},
    "managers": {"field"},
    "data": {"binary", "certificate", "authority", "key", "revision", "string"},
}
"""Fields of Kubernetes objects, alone or after these words: fieldManager, binaryData, client-certificate-data."""


def words(name: str) -> list[str]:
    """`HTTPFrontOf_two` as http, front, of, two."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def hollow(name: str) -> bool:
    """Whether a name contains a word that says nothing there."""
    parts = words(name)
    for place, word in enumerate(parts):
        before = parts[place - 1] if place else ""
        if word in EMPTY or (word in OBJECTS and before):
            return True
        if word in FIELDS and len(parts) > 1 and before not in FIELDS[word]:
            return True
    return False


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Everything a module gives a name to: classes, functions, parameters, fields and variables."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name


def test_no_name_in_the_package_is_hollow():
    found = [
        f"{module}:{line} {name}" for module in modules().values() for line, name in names(module.tree) if hollow(name)
    ]
    found += [str(module) for module in modules().values() if hollow(module.path.stem)]

    assert found == []


def test_the_law_knows_kubernetes_words_from_hollow_ones():
    kubernetes = ("Service", "ServicePort", "service_account", "field_manager", "binary_data", "data", "manager")
    empty = ("UpdateService", "app_service", "DeploymentManager", "user_data", "helper", "podInfo", "parse_utils")

    assert [name for name in kubernetes if hollow(name)] == []
    assert [name for name in empty if not hollow(name)] == []


def files() -> list[Path]:
    """What belongs to the repository: what git knows or would take; caches and environments are not asked."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive
        found = [path for path in ROOT.rglob("*") if not {".venv", "node_modules"} & set(path.parts)]
    return [path for path in found if path.is_file() and path.suffix not in (".sum", ".pyc", ".png")]


def joined(*parts: str) -> str:
    """A pattern in pieces, so that this file does not find itself."""
    return "".join(parts)


ELSEWHERE = {
    "a path of one machine": joined(r"(?<![\w.])/(?:wo", r"rk|ro", r"ot|tmp/br", r"iefs)/"),
    "a number of a tracker": joined(r"(?i)(?<!\w)iss", r"ues? ?#?\d+\b|\b(?:fixes|closes|PR|ticket) #?\d+\b"),
    "who wrote it and when": joined(
        r"(?i)\b(?:this|earlier|later|next) sess", r"ion\b|co-auth", r"ored-by|sub-?ag", "ent"
    ),
    "a host of a package registry": joined(
        r"(?i)py", r"pi\.org|pythonhosted", r"\.org|registry\.npm", r"js\.org|proxy\.gol", r"ang\.org|crates", r"\.io\b"
    ),
}


def test_the_repository_speaks_of_the_project_alone():
    found = []
    for path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for what, pattern in ELSEWHERE.items():
            if hit := re.search(pattern, text):
                line = text.count("\n", 0, hit.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line} {what}: {hit.group()!r}")

    assert found == []


def test_the_package_prints_nothing_by_itself():
    found = [
        f"{module}:{node.lineno}"
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "eval", "exec")
    ]

    assert found == []


def test_no_shell_is_ever_asked():
    found = [
        f"{module}:{node.lineno}"
        for module in modules().values()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Call) and any(word.arg == "shell" for word in node.keywords))
        or (isinstance(node, ast.Attribute) and node.attr in ("create_subprocess_shell", "system", "popen"))
    ]

    assert found == []
    assert PACKAGE in modules()
