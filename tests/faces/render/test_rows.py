"""Tables on screens of every width: nothing is lost, nothing is wider than the screen, what is left out is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dot_ai_lifecycle.faces.render.layout import plain_lines
from dot_ai_lifecycle.faces.render.rows import Rows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

APPS: list[dict[str, Any]] = [
    {
        "app": "deployment/web",
        "namespace": "shop",
        "health": "healthy",
        "ready": 4,
        "wanted": 4,
        "version": "v2@283c0754",
        "reason": "4 of 4 pods ready",
        "owner": "Helm shop",
        "operations": (),
    },
    {
        "app": "statefulset/a-very-long-name-that-somebody-generated-from-three-others",
        "namespace": "shop",
        "health": "failing",
        "ready": 0,
        "wanted": 3,
        "version": "v1",
        "reason": "container db keeps crashing: exit code 137, 12 restarts; it wants more memory than its limit",
        "owner": "nobody",
        "operations": ("abcd2345 interrupted",),
    },
]


def test_a_wide_screen_shows_every_column_and_each_row_once():
    lines = plain_lines(Rows(APPS, NOW), width=240)
    assert lines[0].split() == ["APP", "HEALTH", "READY", "VERSION", "REASON", "OWNER", "OPERATIONS"]
    assert len(lines) == 3
    assert "4/4" in lines[1]
    assert "0/3" in lines[2]


def test_a_narrow_screen_loses_the_least_important_columns_and_says_which():
    lines = plain_lines(Rows(APPS, NOW), width=80)
    assert "OWNER" not in lines[0]
    assert "OPERATIONS" in lines[0]
    assert lines[-1].startswith("(no room for: owner")
    assert lines[-1].endswith("-o json has them)")


@pytest.mark.parametrize("width", [12, 20, 40, 80, 140, 300])
def test_no_line_is_wider_than_the_screen(width: int):
    assert all(cell_len(line) <= width for line in plain_lines(Rows(APPS, NOW), width=width))


def test_folding_loses_no_character():
    text = "(combined from similar events): Scaled down replica set web-768784b986 from 1 to 0"
    rows = [{"type": "Normal", "about": "Deployment web", "last": NOW, "message": text}]
    lines = plain_lines(Rows(rows, NOW), width=60)
    column = lines[0].index("MESSAGE")
    assert " ".join(line[column:].strip() for line in lines[1:]) == text


def test_ages_durations_digests_and_changes_are_written_for_people():
    digest = "sha256:" + "0123456789abcdef" * 4
    row = {
        "operation_id": "abcd2345",
        "operation": "update_app",
        "started": NOW - timedelta(minutes=5),
        "seconds": 75.2,
        "before": "registry.example/web:v1",
        "after": "registry.example/web:v2",
        "image": f"web@{digest}",
        "current": True,
    }
    line = plain_lines(Rows([row], NOW), width=200)[1]
    assert line.split("  ")[0] == "abcd2345"
    for part in ("5m ago", "1 m 15 s", "registry.example/web:v1 → v2", "web@sha256:0123456789ab…", "yes", "update "):
        assert part in line


def test_secrets_do_not_reach_the_table():
    rows = [{"name": "web", "env": {"DB_PASSWORD": "hunter22"}, "args": "--token=abcdefgh12345"}]
    shown = "\n".join(plain_lines(Rows(rows, NOW), width=200))
    assert "hunter22" not in shown
    assert "abcdefgh12345" not in shown


@given(
    st.lists(st.fixed_dictionaries({"name": st.text(max_size=60), "message": st.text(max_size=200)}), min_size=1),
    st.integers(20, 160),
)
def test_whatever_a_cluster_says_stays_inside_the_screen_and_steers_no_terminal(rows: list[dict[str, str]], width: int):
    for line in plain_lines(Rows(rows, NOW), width=width):
        assert cell_len(line) <= width
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
