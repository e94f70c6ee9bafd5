"""How a person reads what was found before an update."""

from typing import Any

import pytest

from dot_ai_lifecycle.faces.render.checked import checked_view
from dot_ai_lifecycle.faces.render.layout import plain_lines
from dot_ai_lifecycle.operations.check_app import Checked, FindingLine

FOUND: dict[str, Any] = {
    "summary": "deployment/web in shop: an update to web:v2 would be degraded (rolling).",
    "app": "deployment/web",
    "namespace": "shop",
    "cluster": "kind",
    "images": "web:v1 → web:v2",
    "verdict": "degraded",
    "reasons": ("The pods that run now have no preStop hook (web): requests fail.",),
    "strategy": "rolling",
    "why": "no other strategy does better",
    "extra_pods": 1,
    "findings": (
        FindingLine(check="Z06", level="blocks", text="No preStop hook (web).", fix="Let pods sleep 5 s."),
        FindingLine(check="Z14", level="info", text="It has no budget.", evidence=("web: none",)),
    ),
    "passed": ("Z01", "Z02"),
    "next_steps": ("update_app app=web  (dot-ai update web --version v2)",),
}


def shown(**more: Any) -> list[str]:
    return list(plain_lines(checked_view(Checked(**{**FOUND, **more}))))


def test_verdict_strategy_findings_and_what_mends_them_are_read_from_top_to_bottom():
    assert shown() == [
        "deployment/web in shop: an update to web:v2 would be degraded (rolling).",
        "web:v1 → web:v2 · cluster kind",
        "",
        "Strategy rolling: no other strategy does better",
        "Room     1 extra pod fits",
        "",
        "  blocks   Z06  No preStop hook (web).",
        "                → Let pods sleep 5 s.",
        "  info     Z14  It has no budget.",
        "                | web: none",
        "",
        "Passed   2 checks: Z01, Z02",
        "Next     dot-ai update web --version v2",
    ]


def test_reasons_are_said_where_no_finding_says_them():
    lines = shown(findings=(), reasons=("Nothing was found.", "At all."), verdict="safe", extra_pods=None)

    assert lines[3:6] == [
        "Strategy rolling: no other strategy does better",
        "Because  Nothing was found.",
        "         At all.",
    ]


@pytest.mark.parametrize(("pods", "words"), [(0, "0 extra pods fit"), (1, "1 extra pod fits"), (7, "7 extra pods fit")])
def test_room_is_told_as_it_is(pods: int, words: str):
    assert f"Room     {words}" in shown(extra_pods=pods)
