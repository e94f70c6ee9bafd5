"""Which revision "back" means: what was named, what did not fail, and never a guess."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.errors import Ambiguous, NotFound
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.domain.past_versions import main_image
from dot_ai_lifecycle.domain.rollback import target_of, went_back_already
from tests.support.scenes import record, revision, scene, template, workload

V1, V2, V3 = (revision(f"shop/web:v{number}", number) for number in (1, 2, 3))


def running(image: str = "shop/web:v3") -> Scene:
    return scene(workload(wants=template(image)), revisions=(V1, V2, V3))


@pytest.mark.parametrize("wanted", [None, "", "previous"])
def test_back_is_the_newest_other_revision(wanted: str | None):
    assert target_of(running(), (), wanted).revision == V2


def test_a_revision_that_failed_is_passed_over_and_said_to_be():
    target = target_of(running(), (record(state="undone", tried=V2),), None)

    assert target.revision == V1
    assert "#2 did" in target.how


def test_where_everything_else_failed_one_has_to_be_named():
    failed = (record(state="undone", tried=V2), record("b", state="stuck", tried=V1))

    with pytest.raises(NotFound, match="no earlier revision that did not fail") as caught:
        target_of(running(), failed, None)

    assert "to_version='#NUMBER'" in caught.value.hint


def test_the_only_revision_has_none_before_it():
    alone = scene(workload(wants=template("shop/web:v1")), revisions=(V1,))

    with pytest.raises(NotFound, match="no earlier revision to go back to") as caught:
        target_of(alone, (), None)

    assert caught.value.hint == ""


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("#1", V1), ("v1", V1), ("1", V1), ("shop/web:v2", V2), ("v3", V3)],
)
def test_a_revision_is_found_by_number_tag_or_image(wanted: str, found: Any):
    assert target_of(running(), (), wanted).revision == found


@pytest.mark.parametrize("wanted", ["#9", "v9", "sha256:00"])
def test_what_is_not_retained_is_answered_with_what_is(wanted: str):
    with pytest.raises(NotFound) as caught:
        target_of(running(), (), wanted)

    assert "#3 shop/web:v3, #2 shop/web:v2, #1 shop/web:v1" in caught.value.hint


def test_an_operation_means_what_it_left_running():
    assert target_of(running(), (record(tried=V1),), "abcd1234").revision == V1


def test_an_operation_whose_revision_is_gone_is_said_to_be():
    gone = record(tried=revision("shop/web:v0", 9))

    with pytest.raises(NotFound, match="operation abcd1234 left running is no longer retained"):
        target_of(running(), (gone,), "abcd1234")


def twins() -> Scene:
    """One tag, two templates."""
    other = replace(V1, number=2, name="web-v1b", hash="v1b", template=template("shop/web:v1", dnsPolicy="Default"))
    return scene(workload(wants=template("shop/web:v3")), revisions=(V1, other, V3))


def test_one_tag_with_two_templates_is_not_guessed():
    with pytest.raises(Ambiguous) as caught:
        target_of(twins(), (), "v1")

    assert caught.value.details["candidates"] == ["#1", "#2"]


def test_who_has_to_choose_is_told_how_the_candidates_differ_without_secrets():
    def with_env(number: int, **env: str) -> Any:
        spec = template("shop/web:v1")
        spec["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in env.items()]
        return replace(V1, number=number, name=f"web-{number}", template=spec)

    plain, secret = with_env(1, MODE="dark"), with_env(2, MODE="light", DB_PASSWORD="hunter22")
    seen = scene(workload(wants=template("shop/web:v3")), revisions=(plain, secret, V3))

    with pytest.raises(Ambiguous) as caught:
        target_of(seen, (), "v1")

    assert "Beside #2, #1 has - template.spec.containers[web].env[MODE].value: light" in caught.value.hint
    assert "+ template.spec.containers[web].env[MODE].value: dark" in caught.value.hint
    assert "DB_PASSWORD" in caught.value.hint
    assert "hunter22" not in f"{caught.value.hint}{caught.value.details}"


def test_many_differences_are_told_in_part():
    labels = {f"label-{number:02}": "x" for number in range(30)}
    other = replace(V1, number=2, name="web-b", template={**V1.template, "metadata": {"labels": labels}})
    seen = scene(workload(wants=template("shop/web:v3")), revisions=(V1, other, V3))

    with pytest.raises(Ambiguous, match="and 19 more"):
        target_of(seen, (), "v1")


def test_a_digest_pinned_behind_the_tag_makes_no_other_version():
    pinned = replace(V1, number=3, template=template(f"shop/web:v1@sha256:{'a' * 64}"))
    seen = scene(workload(wants=template("shop/web:v2")), revisions=(V1, V2, pinned))

    assert target_of(seen, (), "v1").revision == pinned


LABELLED = replace(
    V1, template={**V1.template, "metadata": {"labels": {"app": "web", "app.kubernetes.io/version": "v1.9.0"}}}
)
BESIDE = replace(
    V1,
    template={
        **V1.template,
        "spec": {"containers": [*V1.template["spec"]["containers"], {"name": "proxy", "image": "proxy:7"}]},
    },
)
DIGEST = "sha256:" + "1b" * 32


@pytest.mark.parametrize(
    ("first", "wanted", "records", "how"),
    [
        pytest.param(LABELLED, "1.9.0", (), "labelled 1.9.0", id="its label"),
        pytest.param(BESIDE, "7", (), "a container of 7", id="another container"),
        pytest.param(
            V1,
            DIGEST,
            (record(tried=V1, images_after={"web": f"shop/web@{DIGEST}"}),),
            "whose pods ran",
            id="the digest that an operation saw after it",
        ),
        pytest.param(
            V1,
            DIGEST,
            (record(template_before=digest_of(V1.template), images_before={"web": f"shop/web@{DIGEST}"}),),
            "whose pods ran",
            id="the digest that an operation saw before it",
        ),
        pytest.param(
            V1, "stable", (record(tried=V1, parameters={"version": "stable"}),), "made for stable", id="what was asked"
        ),
    ],
)
def test_a_revision_is_found_by_what_it_carries_and_what_records_say(
    first: Any, wanted: str, records: tuple[Record, ...], how: str
):
    seen = scene(workload(wants=template("shop/web:v3")), revisions=(first, V2, V3))

    target = target_of(seen, records, wanted)

    assert (target.revision, how in target.how) == (first, True)


def test_what_a_revision_runs_counts_more_than_its_label():
    seen = scene(
        workload(wants=template("shop/web:v3")), revisions=(LABELLED, replace(V2, template=template("x:v1.9.0")))
    )

    assert target_of(seen, (), "v1.9.0").revision.number == 2


def test_of_two_templates_the_one_that_was_proven_is_meant():
    target = target_of(twins(), (record(tried=V1),), "v1")

    assert target.revision == V1
    assert "proved to work" in target.how


def test_the_same_template_twice_is_one():
    again = replace(V1, number=3)
    seen = scene(workload(wants=template("shop/web:v2")), revisions=(V1, V2, again))

    assert target_of(seen, (), "v1").revision.number == 3


def test_a_revision_of_other_containers_is_named_by_its_first():
    odd = replace(V1, template={"spec": {"containers": [{"name": "old", "image": "old:1"}]}})

    assert main_image(running(), odd) == "old:1"
    assert main_image(running(), replace(V1, template={})) == ""


@pytest.mark.parametrize(
    ("last", "again"),
    [
        pytest.param(record(operation="rollback_app", tried=V1), True, id="the last thing done"),
        pytest.param(record(operation="rollback_app", tried=V2), False, id="something else runs now"),
        pytest.param(record(operation="update_app", tried=V1), False, id="an update"),
        pytest.param(record(operation="rollback_app", tried=V1, state="undone"), False, id="it failed"),
        pytest.param(
            record(operation="rollback_app", tried=V1, parameters={"to_version": "v1"}), False, id="to a named version"
        ),
    ],
)
def test_going_back_to_the_previous_twice_is_noticed(last: Record, again: bool):
    assert (went_back_already((last,), digest_of(V1.template)) is last) is again
