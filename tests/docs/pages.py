"""The documentation as the tests see it: pages, their headings, links and blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.laws.modules import ROOT

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; `line` is where its fence stands."""

    language: str
    body: str
    line: int


def pages() -> list[Path]:
    """Every page of the documentation, prompts left out: those speak to models."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md")), ROOT / "tests" / "real" / "README.md"]


def called(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text()
    return [
        Block(
            found["language"], _outdented(found["body"], len(found["indent"])), text.count("\n", 0, found.start()) + 1
        )
        for found in _FENCE.finditer(text)
    ]


def _outdented(body: str, indent: int) -> str:
    return "".join(line[indent:] if line.strip() else "\n" for line in body.splitlines(keepends=True))


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def headings(page: Path) -> list[tuple[int, str]]:
    """The headings of a page with their level."""
    found = re.findall(r"^(#{1,6}) (.+?)\s*$", prose(page), re.MULTILINE)
    return [(len(marks), text) for marks, text in found]


def anchors(page: Path) -> set[str]:
    """What one can link to inside a page, named as GitHub does."""
    named: dict[str, int] = {}
    result = set()
    for _, text in headings(page):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"`|<!--.*?-->", "", text)).strip().lower().replace(" ", "-")
        count = named.get(plain, 0)
        named[plain] = count + 1
        result.add(f"{plain}-{count}" if count else plain)
    return result


def links(page: Path) -> Iterator[str]:
    """The targets of all links and images of a page."""
    for found in _LINK.finditer(prose(page)):
        yield found["target"] or found["image"]
