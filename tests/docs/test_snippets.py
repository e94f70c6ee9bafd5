"""Every command in the documentation runs and prints what the page says; every other block is well-formed."""

import ast
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import blocks, called, pages
from tests.docs.shell import BIN, Command, Shell, commands, environment, shown
from tests.laws.modules import ROOT
from tests.requirements import claims
from tests.support.releases import FIRST, SECOND, THIRD, deployed

LANGUAGES = {"console", "json", "yaml", "python", "text", ""}
GUIDE = ROOT / "docs" / "lifecycle-management-guide.md"
BLOG = (FIRST, SECOND, THIRD)
REAL = ROOT / "tests" / "real" / "README.md"

WITH_COMMANDS = [page for page in pages() if page.exists() and any(b.language == "console" for b in blocks(page))]
EVERYWHERE = [page for page in pages() if page.exists() and page != REAL]


@pytest.fixture
def shell(tmp_path: Path, page: Path) -> Iterator[Shell]:
    """A person's shell beside a fresh playground, reached over HTTP."""
    config = tmp_path / "kubeconfig"
    surroundings = environment(config, tmp_path / "state")
    words = [str(BIN / "dot-ai"), "cluster", "--write-kubeconfig", str(config)]
    with subprocess.Popen(words, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as box:
        try:
            assert box.stdout is not None
            said = box.stdout.readline()
            assert "embedded Kubernetes runs at" in said, said
            for app in ("deployment/my-app", "statefulset/orders"):
                waiting = [str(BIN / "kubectl"), "-n", "shop", "rollout", "status", app, "--timeout=30s"]
                subprocess.run(waiting, env=surroundings, check=True, capture_output=True)
            if page == GUIDE:
                _with_a_release(surroundings)
            yield Shell(surroundings)
        finally:
            box.terminate()


def _with_a_release(surroundings: dict[str, str]) -> None:
    """What its user did with Helm: a blog in a namespace of its own, upgraded twice."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": [space, *deployed("blog", "web", *BLOG)]})
    words = [str(BIN / "kubectl"), "apply", "--validate=false", "-f", "-"]
    subprocess.run(words, env=surroundings, input=given, text=True, check=True, capture_output=True)
    waiting = [str(BIN / "kubectl"), "-n", "web", "rollout", "status", "deployment/blog", "--timeout=30s"]
    subprocess.run(waiting, env=surroundings, check=True, capture_output=True)


@claims("docs.commands")
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=called)
def test_the_commands_of_a_page_run_in_order_as_shown(page: Path, shell: Shell):
    for block in blocks(page):
        if block.language == "console":
            for command in commands(block):
                shell.run(command)

    assert shell.ran


@pytest.mark.parametrize("page", EVERYWHERE, ids=called)
def test_a_block_that_is_no_command_is_well_formed(page: Path):
    for block in blocks(page):
        where = f"{called(page)}:{block.line}"
        assert block.language in LANGUAGES, f"{where}: write commands in console blocks, so that they are run"
        match block.language:
            case "json":
                json.loads(block.body)
            case "yaml":
                assert list(yaml.safe_load_all(block.body)), where
            case "python":
                ast.parse(block.body)


def test_a_block_is_read_as_commands_with_what_they_print():
    block = blocks(Path(__file__).with_name("example.md"))[0]

    assert commands(block) == [
        Command("dot-ai list", ("2 apps", "my-app")),
        Command("dot-ai update my-app --yes", ("taken back",), 1),
    ]


@pytest.mark.parametrize(
    ("expected", "printed", "found"),
    [
        ("a b", "x a   b y", True),
        ("a … d", "a b c d", True),
        ("a … z", "a b c d", False),
        ("a.b", "axb", False),
        ("(one)", "say (one) thing", True),
    ],
)
def test_shown_lines_are_found_with_blanks_and_ellipses_aside(expected: str, printed: str, found: bool):
    assert shown(expected, printed) is found
