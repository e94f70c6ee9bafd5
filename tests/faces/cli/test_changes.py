"""Changes from the command line, nobody at the terminal: shown, agreed to on the line or not run, told, exit codes."""

from itertools import pairwise
from pathlib import Path

from dot_ai_lifecycle.core.policy import Policy
from tests.faces.cli.calling import call
from tests.support.house import house

UPDATE = ("update", "web", "-n", "shop", "--version")


async def test_without_a_yes_the_plan_is_shown_and_the_line_it_offers_runs_exactly_that_plan(tmp_path: Path):
    async with house(tmp_path) as home:
        shown = await call(home, *UPDATE, "v2")
        assert (shown.code, home.image()) == (2, "box.local/web:v1")
        assert "- box.local/web:v1" in shown.out
        assert "+ box.local/web:v2" in shown.out
        assert "cluster embedded" in shown.out
        assert "Risk     medium" in shown.out

        offered = shown.out.splitlines()[-1].split()
        assert offered[0] == "dot-ai"
        ran = await call(home, *offered[1:])
        assert (ran.code, home.image()) == (0, "box.local/web:v2")


async def test_yes_on_the_line_is_the_consent_and_the_story_is_told(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2", "--yes")
        assert (called.code, called.err) == (0, "")
        assert "of 4 pods" in called.out
        assert "Verdict  done: all 4 pods of v2 serve" in called.out
        assert "Next     dot-ai undo" in called.out
        record = (await home.engine.world.story.records("shop"))[0]
        assert (record.actor, record.approved_by) == ("cli:tester", "cli:tester")


async def test_only_the_plan_changes_nothing_and_is_no_refusal(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2", "--plan", "--yes")
        assert (called.code, home.image()) == (0, "box.local/web:v1")
        assert await home.engine.world.story.records("shop") == ()


async def test_nothing_to_do_is_said_and_is_no_failure(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v1")
        assert called.code == 0
        assert "already runs v1" in called.out
        assert "Plan" not in called.out


async def test_a_plan_id_of_other_times_runs_nothing(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2", "--plan-id", "0123456789ab")
        assert (called.code, home.image()) == (2, "box.local/web:v1")
        assert "0123456789ab is not what would be done now" in called.err
        assert called.err.splitlines()[1].endswith("update web -n shop --version v2 --plan")


async def test_a_bad_version_is_taken_back_its_cause_told_and_the_exit_code_is_one(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2-crash", "--yes")
        assert (called.code, home.image()) == (1, "box.local/web:v1")
        assert "failed and was taken back" in called.out
        assert "(CRASH_LOOP)" in called.out
        assert "| fatal: this version cannot start" in called.out
        assert "taken back:" in called.out


async def test_what_is_left_as_it_is_exits_as_stuck(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2-crash", "--on-failure", "hold", "--yes")
        assert (called.code, home.image()) == (4, "box.local/web:v2-crash")
        assert "Next     dot-ai undo" in called.out


async def test_a_plan_of_high_risk_wants_a_person_whatever_its_id(tmp_path: Path):
    async with house(tmp_path) as home:
        down = ("scale", "web", "-n", "shop", "--replicas", "0")
        shown = await call(home, *down)
        assert (shown.code, "--yes" in shown.out.splitlines()[-1]) == (2, True)
        plan = (await call(home, *down, "--plan", "-o", "json")).document["plan_id"]
        refused = await call(home, *down, "--plan-id", plan)
        assert refused.code == 2
        assert "a person has to agree" in refused.err
        assert home.deployment()["spec"]["replicas"] == 4


async def test_a_plan_approved_beforehand_runs_by_its_id(tmp_path: Path):
    async with house(tmp_path) as home:
        down = ("scale", "web", "-n", "shop", "--replicas", "0")
        plan = (await call(home, *down, "--plan", "-o", "json")).document["plan_id"]
        assert (await call(home, "approve", plan)).code == 2
        approved = await call(home, "approve", plan, "--yes", "-o", "json")
        assert (approved.code, approved.document["status"]) == (0, "approved")
        assert (await call(home, *down, "--plan-id", plan)).code == 0
        assert home.deployment()["spec"]["replicas"] == 0


async def test_approving_a_plan_nobody_proposed_is_told_so(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, "approve", "0123456789ab")
        assert called.code == 2
        assert "No plan '0123456789ab' waits for approval" in called.err


async def test_a_protected_namespace_makes_every_change_one_of_high_risk(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2", policy=Policy(protected_namespaces=("sh*",)))
        assert called.code == 2
        assert "Risk     high: namespace shop is protected (sh*)" in called.out


async def test_who_does_not_wait_leaves_an_operation_that_another_process_goes_on_with(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2-slow", "--yes", "--wait", "5", "-o", "json")
        assert (called.code, called.document["status"]) == (3, "running")
        assert called.left == [called.document["operation_id"]]
        resumed = await call(home, "resume", called.left[0], "--yes", "-o", "json")
        assert (resumed.code, resumed.document["follows"]) == (0, called.left[0])
        assert home.image() == "box.local/web:v2-slow"


async def test_a_change_can_be_taken_back_by_its_id(tmp_path: Path):
    async with house(tmp_path) as home:
        done = await call(home, *UPDATE, "v2", "--yes", "-o", "json")
        undone = await call(home, "undo", done.document["operation_id"], "--yes")
        assert (undone.code, home.image()) == (0, "box.local/web:v1")


async def test_json_is_one_document_whatever_happens(tmp_path: Path):
    async with house(tmp_path) as home:
        json = ("-o", "json")
        planned = await call(home, *UPDATE, "v2", *json)
        assert (planned.code, planned.document["status"]) == (2, "planned")
        assert planned.document["next_steps"][0].endswith(f"--plan-id {planned.document['plan_id']}")
        nothing = await call(home, *UPDATE, "v1", *json)
        assert (nothing.document["status"], nothing.document["plan_id"]) == ("nothing_to_do", "")
        done = await call(home, *UPDATE, "v2", "--yes", *json)
        assert (done.document["status"], done.document["cluster"], done.err) == ("done", "embedded", "")
        missing = await call(home, "update", "wib", "-n", "shop", "--version", "v2", *json)
        assert missing.document == {
            "status": "error",
            "code": "not_found",
            "message": "There is no app 'wib' in namespace shop.",
            "hint": "Did you mean web?",
        }
        assert (missing.code, missing.err.splitlines()[0]) == (2, f"dot-ai: {missing.document['message']}")
        mistyped = await call(home, "update", "web", "--vesion", "v2", *json)
        assert (mistyped.code, mistyped.document["code"]) == (2, "bad_input")


async def test_lines_come_at_least_every_ten_seconds(tmp_path: Path):
    async with house(tmp_path) as home:
        called = await call(home, *UPDATE, "v2-slow", "--yes")
        assert called.code == 0
        stamps = [_seconds(line) for line in called.out.splitlines() if line.startswith("[")]
        assert stamps[-1] > 30
        assert all(later - earlier <= 11 for earlier, later in pairwise(stamps))


def _seconds(line: str) -> int:
    """`[1 m 05 s] …` as seconds."""
    words = line[1 : line.index("]")].split()
    return sum(int(number) * {"s": 1, "m": 60}[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
