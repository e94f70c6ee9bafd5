"""A plan before it is agreed to, an operation afterwards: all that a person decides by is there, without colour."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from dot_ai_lifecycle.core.plan import Note, Plan, Risk
from dot_ai_lifecycle.core.record import Cause, Happening, Record
from dot_ai_lifecycle.core.refs import DEPLOYMENT, ref_to
from dot_ai_lifecycle.core.steps import Await, Edit, Patch
from dot_ai_lifecycle.core.telling import told
from dot_ai_lifecycle.faces.render.layout import plain_lines
from dot_ai_lifecycle.faces.render.outcomes import outcome_view
from dot_ai_lifecycle.faces.render.plans import MOST_FIELDS, plan_view
from dot_ai_lifecycle.faces.render.proposed import proposed

WEB = ref_to(DEPLOYMENT, "web", "shop", "uid-1")
IMAGE = Edit(
    path="/spec/template/spec/containers/0/image", old="registry.example/web:v1", new="registry.example/web:v2"
)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def plan(*edits: Edit, **more: Any) -> Plan:
    given: dict[str, Any] = {
        "operation": "update_app",
        "parameters": {},
        "cluster": "uid-of-kube-system",
        "app": WEB,
        "summary": "Update Deployment shop/web: v1 → v2",
        "steps": (
            Patch(ref=WEB, edits=edits or (IMAGE,), why="image v1 → v2"),
            Await(ref=WEB, within=600, why="every pod serves"),
        ),
        **more,
    }
    return Plan(**given)


def shown(of: Plan, width: int = 100) -> list[str]:
    return list(plain_lines(plan_view(of, "prod"), width=width))


def test_a_plan_reads_without_colour():
    risky = plan(
        risk=Risk(level="high", reasons=("one replica only", "namespace shop is protected")),
        notes=(Note(level="warning", text="Helm will change it back."), Note(level="info", text="4 pods.")),
    )
    lines = shown(risky)
    assert lines[0] == "Update Deployment shop/web: v1 → v2"
    assert lines[1] == "Deployment shop/web · cluster prod"
    assert "    - registry.example/web:v1" in lines
    assert "    + registry.example/web:v2" in lines
    assert any(line.startswith("  2. Wait up to 600 s") for line in lines)
    assert "Risk     high: one replica only; namespace shop is protected" in lines
    assert "Warning  Helm will change it back." in lines
    assert "Note     4 pods." in lines
    assert lines[-1] == f"Plan     {risky.id}"
    assert "  If it fails, what was done is taken back by itself." in lines


def test_a_plan_that_holds_says_so():
    assert any("hold" in line for line in shown(plan(on_failure="hold")))


def test_a_plan_without_steps_is_its_summary_and_has_no_id_to_agree_to():
    lines = shown(plan(steps=(), summary="Deployment shop/web already runs v1: nothing to do."))
    assert lines == ["Deployment shop/web already runs v1: nothing to do.", "Deployment shop/web · cluster prod"]
    answer = proposed(plan(steps=()), "prod", "nothing")
    assert (answer.status, answer.plan_id) == ("nothing_to_do", "")


def test_secret_values_are_hidden_in_diff_and_document():
    old = [{"name": "web", "env": [{"name": "DB_PASSWORD", "value": "hunter22"}, {"name": "MODE", "value": "slow"}]}]
    new = [{"name": "web", "env": [{"name": "DB_PASSWORD", "value": "tr0ub4dor"}, {"name": "MODE", "value": "fast"}]}]
    secret = plan(Edit(path="/spec/template/spec/containers", old=old, new=new))
    everything = "\n".join(shown(secret)) + proposed(secret, "prod", "plan_id").model_dump_json()
    assert "hunter22" not in everything
    assert "tr0ub4dor" not in everything
    assert "fast" in everything


def test_a_diff_too_long_to_read_is_cut_and_says_by_how_much():
    many = plan(*(Edit(path=f"/metadata/annotations/a{n}", old="x", new="y") for n in range(MOST_FIELDS + 7)))
    assert any("7 more fields" in line for line in shown(many))


def test_what_a_manifest_holds_cannot_steer_the_terminal():
    evil = plan(Edit(path="/metadata/annotations/a", old="fine", new="\x1b[2J\x1b]0;owned\x07gone"))
    assert "    + gone" in shown(evil)


@pytest.mark.parametrize("width", [40, 80, 140])
def test_long_values_fold_inside_the_screen_and_stay_whole(width: int):
    long = "registry.example/" + "a" * 200 + ":v2"
    lines = shown(plan(Edit(path="/spec/template/spec/containers/0/image", old="名前" * 40, new=long)), width)
    assert all(cell_len(line) <= width for line in lines)
    assert long in "".join(line.strip().removeprefix("+ ") for line in lines)


def record(**more: Any) -> Record:
    given: dict[str, Any] = {
        "id": "abcd2345",
        "plan": plan(),
        "actor": "mcp:somebody 1.0",
        "approved_by": "cli:alice",
        "context": "prod",
        "state": "undone",
        "started": NOW,
        "ended": NOW + timedelta(seconds=72),
        "verdict": "It keeps crashing. It was taken back.",
        "cause": Cause(
            code="CRASH_LOOP",
            text="Container web keeps crashing.",
            subject="web-1",
            container="web",
            evidence=("exit code 1",),
            logs=("starting", "password=hunter22", "\x1b[31mfatal\x1b[0m"),
        ),
        "happenings": (
            Happening(at=NOW, step=0, what="begun", text="Change it"),
            Happening(at=NOW, step=0, what="done", text="Change it"),
            Happening(at=NOW, step=1, what="begun", text="Wait for it"),
            Happening(at=NOW + timedelta(seconds=60), step=1, what="failed", text="It keeps crashing."),
            Happening(at=NOW + timedelta(seconds=60), phase="undo", step=0, what="begun", text="Restore it"),
            Happening(at=NOW + timedelta(seconds=61), phase="undo", step=0, what="done", text="Restored"),
        ),
        **more,
    }
    return Record(**given)


def story(of: Record, width: int = 100) -> list[str]:
    return list(plain_lines(outcome_view(told(of)), width=width))


def test_the_story_tells_who_when_what_why_and_how_it_ended():
    lines = story(record())
    assert lines[0] == "Update Deployment shop/web: v1 → v2 failed and was taken back."
    assert lines[1] == "deployment/web in shop · cluster prod · operation abcd2345"
    assert lines[2] == "mcp:somebody 1.0, 2026-11-23 12:00:00 UTC, agreed to by cli:alice, took 1 m 12 s"
    assert "  12:00:00 ✓ Change it" in lines
    assert "  12:00:00 ✗ Wait for it (1 m 00 s)" in lines
    assert lines.index("  taken back:") < lines.index("  12:01:00 ✓ Restore it → Restored (1 s)")
    assert "Cause    Container web keeps crashing. (CRASH_LOOP)" in lines
    assert "         web-1 · container web" in lines
    assert "Evidence | exit code 1" in lines
    assert "Logs     | starting" in lines
    assert "         | fatal" in lines
    assert not any("hunter22" in line for line in lines)
    assert "Verdict  undone: It keeps crashing. It was taken back." in lines


def test_a_running_operation_shows_what_is_still_to_come_and_how_to_wait_for_it():
    going = record(state="running", ended=None, cause=None, verdict="", happenings=record().happenings[:2])
    lines = story(going)
    assert any(line.strip().startswith("○ Wait up to 600 s") for line in lines)
    assert lines[-1] == "Next     dot-ai operation abcd2345 --wait 45"


def test_an_interrupted_operation_offers_both_ways():
    lines = story(record(state="interrupted", cause=None, verdict="The process was stopped."))
    assert [line.split("dot-ai ")[1] for line in lines[-2:]] == ["resume abcd2345", "undo abcd2345"]


def test_a_record_only_this_machine_has_says_so_and_a_later_operation_is_named():
    lines = story(record(shared=False, closed_by="zyxw9876"))
    assert any("this machine only" in line for line in lines)
    assert any("zyxw9876" in line for line in lines)
