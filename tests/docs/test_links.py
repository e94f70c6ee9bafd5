"""Every link of the documentation leads somewhere; those to the outside are at least well-formed."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import anchors, called, links, pages
from tests.requirements import claims


@claims("docs.links")
@pytest.mark.parametrize("page", pages(), ids=called)
def test_the_links_of_a_page_lead_somewhere(page: Path):
    broken = [target for target in links(page) if not leads(page, target)]

    assert broken == []


def leads(page: Path, target: str) -> bool:
    """Whether a link is a well-formed address, or names a file and an anchor that exist."""
    parts = urlsplit(target)
    if parts.scheme:
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not file.exists():
        return False
    return not parts.fragment or parts.fragment in anchors(file)


def test_the_law_sees_broken_links(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("# A `b` heading\n\n[ok](#a-b-heading) [gone](none.md) [lost](#none) [bad](ftp://x)\n")

    assert [target for target in links(page) if not leads(page, target)] == ["none.md", "#none", "ftp://x"]
