"""Which templates are known to be bad: those an operation saw fail by their own fault, until one succeeds with them."""

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.record import Cause, Record
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.domain.known_bad import failed_before, failures, notes_on_known_bad, seen_failing
from tests.support.scenes import record, revision, template, workload

V1, V2 = (revision(f"shop/web:v{number}", number) for number in (1, 2))
IMAGE = "/spec/template/spec/containers/0/image"


def failed(code: str = "CRASH_LOOP", state: str = "undone", id: str = "bad00001") -> Record:
    return record(id, state=state, tried=V2, cause=Cause(code=code, text="web keeps crashing."))


def test_only_what_was_tried_and_failed_counts_as_failed():
    assert set(failures((record(tried=V1), record("b", state="undone", tried=V2)))) == {digest_of(V2.template)}


def test_a_failure_that_left_the_template_alone_says_nothing_against_it():
    scaled = record(state="undone", tried=V2, template_before=digest_of(V2.template))

    assert failures((scaled,)) == {}


@pytest.mark.parametrize("state", ["undone", "stuck"])
def test_a_template_that_crashed_is_known_bad(state: str):
    bad = failed(state=state)

    assert seen_failing((bad,), digest_of(V2.template)) is bad
    assert seen_failing((bad,), digest_of(V1.template)) is None


@pytest.mark.parametrize(
    "code",
    [
        "ABORTED",
        "NOT_PROMOTED",
        "LEASE_LOST",
        "FOREIGN_CHANGE",
        "QUOTA_EXCEEDED",
        "INSUFFICIENT_RESOURCES",
        "IMAGE_NOT_FOUND",
        "CONFIG_MAP_MISSING",
        "TIMEOUT",
    ],
)
def test_what_somebody_else_decided_or_has_to_mend_says_nothing_against_a_version(code: str):
    assert seen_failing((failed(code),), digest_of(V2.template)) is None


def test_an_abort_later_does_not_clear_a_crash():
    crashed = failed()

    assert seen_failing((failed("ABORTED", id="later001"), crashed), digest_of(V2.template)) is crashed


def test_a_later_success_clears_it_although_it_was_taken_back_by_hand():
    worked = record("good0001", tried=V2).model_copy(update={"state": "undone"})

    assert seen_failing((worked, failed()), digest_of(V2.template)) is None


def test_the_same_template_again_is_refused_with_what_happened():
    edits = (Edit(path=IMAGE, old="shop/web:v1", new="shop/web:v2"),)

    with pytest.raises(Refused, match="operation bad00001 on 2026-03-01 at 12:00 UTC: web keeps crashing") as caught:
        notes_on_known_bad(workload(wants=template("shop/web:v1")), edits, (failed(),), force=False)

    assert "force=true" in caught.value.hint
    assert caught.value.details == {
        "operation_id": "bad00001",
        "at": "2026-03-01T12:00:00+00:00",
        "cause": "CRASH_LOOP",
    }


def test_by_force_it_is_a_warning():
    edits = (Edit(path=IMAGE, old="shop/web:v1", new="shop/web:v2"),)

    (note,) = notes_on_known_bad(workload(wants=template("shop/web:v1")), edits, (failed(),), force=True)

    assert (note.level, "bad00001" in note.text) == ("warning", True)


def test_another_template_with_the_same_image_is_another_thing():
    edits = (Edit(path=IMAGE, old="shop/web:v1", new="shop/web:v2"),)
    mended = workload(wants=template("shop/web:v1", dnsPolicy="Default"))

    assert notes_on_known_bad(mended, edits, (failed(),), force=False) == ()


def test_a_record_without_a_cause_is_told_without_one():
    assert failed_before(record()).endswith("no cause is recorded.")
