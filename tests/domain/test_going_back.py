"""Where a rollback goes: a retained template exactly, or the code of a lost version in today's template."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import BadInput, NotFound, Refused
from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.domain.going_back import goal_of
from tests.support.scenes import record, revision, scene, template, workload

DIGEST = "sha256:" + "1b" * 32
V1 = revision("shop/web:v1", 1)
TODAY = template("shop/web:v2", dnsPolicy="Default")
SEEN = scene(workload(wants=TODAY), revisions=(V1, revision(number=2, template=TODAY)))


def test_a_retained_revision_is_gone_back_to_as_a_whole():
    goal = goal_of(SEEN, (), "v1", roll_forward=True)

    (edit,) = goal.edits(SEEN.workload)
    assert (edit.path, edit.old, edit.new) == ("/spec/template", TODAY, V1.template)
    assert goal.notes == ()


@pytest.mark.parametrize(
    ("wanted", "image"),
    [
        ("v1.9.0", "shop/web:v1.9.0"),
        ("other/web:v1.9.0", "other/web:v1.9.0"),
        ("web:v1.9.0", "web:v1.9.0"),
        (DIGEST, f"shop/web:v2@{DIGEST}"),
    ],
)
def test_a_lost_version_is_deployed_as_code_alone_where_that_is_asked_for(wanted: str, image: str):
    goal = goal_of(SEEN, (), wanted, roll_forward=True)

    (edit,) = goal.edits(SEEN.workload)
    assert (edit.path, edit.new) == ("/spec/template/spec/containers/0/image", image)
    assert goal.template["spec"]["dnsPolicy"] == "Default"
    assert f"configuration of today, code of {wanted}" in goal.notes[0].text


def test_without_being_asked_a_lost_version_is_not_deployed_but_the_way_is_named():
    with pytest.raises(NotFound) as caught:
        goal_of(SEEN, (), "v1.9.0", roll_forward=False)

    assert "--roll-forward" in caught.value.hint


@pytest.mark.parametrize("wanted", ["#9", None])
def test_what_is_no_version_cannot_be_rolled_forward_to(wanted: str | None):
    with pytest.raises(NotFound):
        goal_of(scene(workload(wants=TODAY), revisions=()), (), wanted, roll_forward=True)


def test_a_version_that_is_no_image_is_refused_as_such():
    with pytest.raises(BadInput, match="not an image reference"):
        goal_of(SEEN, (), "no such thing", roll_forward=True)


def test_code_that_failed_in_this_template_is_not_rolled_forward_to():
    failed = record(state="undone", tried=revision(template=template("shop/web:v1.9.0", dnsPolicy="Default")))

    with pytest.raises(Refused, match="failed: operation abcd1234"):
        goal_of(SEEN, (failed,), "v1.9.0", roll_forward=True)


def test_a_retained_revision_that_failed_is_gone_to_when_it_is_named_with_a_warning():
    goal = goal_of(SEEN, (record(state="undone", tried=V1),), "v1", roll_forward=False)

    assert "failed before: operation abcd1234" in goal.notes[0].text


@pytest.mark.parametrize(
    ("more", "recorded"),
    [
        ({"parameters": {"version": "v1.9.0"}}, {"web": DIGEST}),
        ({"parameters": {"version": "v1.8.0"}}, {}),
        ({"parameters": {"version": "v1.9.0"}, "images_after": {"web": "sha-of-a-loaded-image"}}, {}),
    ],
)
def test_the_digest_of_a_lost_version_is_what_an_operation_saw(more: dict[str, Any], recorded: dict[str, str]):
    seen = record(**{"images_after": {"web": f"shop/web@{DIGEST}"}, **more})

    assert goal_of(SEEN, (seen,), "v1.9.0", roll_forward=True).recorded == recorded


def test_what_runs_already_is_known():
    assert goal_of(SEEN, (), "v2", roll_forward=False).runs_in(SEEN.workload)
    assert not goal_of(SEEN, (), "v1", roll_forward=False).runs_in(SEEN.workload)
    assert goal_of(SEEN, (), "v2", roll_forward=False).origin == digest_of(TODAY)
