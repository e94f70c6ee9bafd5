"""The pages are there, in the sections that were agreed, and use one word for one thing."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from dot_ai_lifecycle import __version__
from tests.docs.generate_tools import PAGE, rendered
from tests.docs.pages import called, headings, pages, prose
from tests.laws.modules import ROOT
from tests.requirements import claims

GUIDE = ROOT / "docs" / "lifecycle-management-guide.md"
SECTIONS = [
    "What is Lifecycle Management",
    "Configuration",
    "Update Strategies",
    "Updates and Rollbacks",
    "Configuration management",
    "Lifecycle Operations",
    "Usage Examples",
    "Error Recovery",
    "Common Issues",
]
WORDS = {
    r"\broll-?back(ed|ing)\b": "rolled back, rolling back",
    r"\bkube config\b|\bkube-config\b": "kubeconfig",
    r"\bk8s\b": "Kubernetes",
    r"\bstateful set\b|\bdaemon set\b|\breplica set\b(?! my)": "StatefulSet, DaemonSet, ReplicaSet",
    r"\bcommandline\b|\bcommand-line\b(?! )": "command line",
    r"\bcan not\b": "cannot",
    r"\b(?:simply|obviously|of course)\b": "(nothing)",
}


@claims("docs.guide")
def test_the_guide_has_its_sections_in_order():
    assert [text for level, text in headings(GUIDE) if level == 2] == SECTIONS


def test_each_section_of_the_guide_is_marked_for_whoever_collects_them():
    text = GUIDE.read_text()

    for section in SECTIONS:
        assert f"## {section}\n\n<!-- PRD-4 -->\n" in text, section


def test_the_page_of_tools_is_fresh():
    assert PAGE.read_text() == rendered(), "run `make docs`"


@claims("docs.terms")
@pytest.mark.parametrize("page", pages(), ids=called)
def test_a_page_uses_one_word_for_one_thing(page: Path):
    found = {
        hit: better for pattern, better in WORDS.items() for hit in re.findall(pattern, prose(page), re.IGNORECASE)
    }

    assert found == {}


@pytest.mark.parametrize("page", pages(), ids=called)
def test_a_page_has_one_title_and_skips_no_level(page: Path):
    levels = [level for level, _ in headings(page)]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_variable_is_documented_and_every_documented_one_is_read():
    variables = re.compile(r"\bLIFECYCLE_[A-Z_]+\b")
    read = set(variables.findall((ROOT / "dot_ai_lifecycle" / "settings.py").read_text()))
    read.discard("LIFECYCLE_")

    assert set(variables.findall((ROOT / "README.md").read_text())) == read
    assert set(variables.findall(GUIDE.read_text())) <= read


def test_the_changelog_tells_of_this_version():
    assert any(text.startswith(f"[{__version__}]") for _, text in headings(ROOT / "CHANGELOG.md"))
