"""A workload and its images are read once, and named in our words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.workload import Image, Workload, digest_of, without_hash

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("web", ("web", "", "")),
        ("web:v1", ("web", "v1", "")),
        ("shop/web:v1", ("shop/web", "v1", "")),
        ("registry:5000/shop/web", ("registry:5000/shop/web", "", "")),
        ("registry:5000/shop/web:v1", ("registry:5000/shop/web", "v1", "")),
        (f"web@{DIGEST}", ("web", "", DIGEST)),
        (f"registry:5000/web:v1@{DIGEST}", ("registry:5000/web", "v1", DIGEST)),
        ("[::1]:5000/web:v1", ("[::1]:5000/web", "v1", "")),
    ],
)
def test_an_image_is_split_at_its_tag_and_digest(reference: str, parts: tuple[str, str, str]):
    image = Image.of(reference)

    assert (image.name, image.tag, image.digest) == parts
    assert str(image) == reference


words = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,8}[a-z0-9])?", fullmatch=True)


@given(words, words, st.none() | st.integers(1, 65535), st.none() | words, st.booleans())
def test_an_image_is_written_as_it_was_read(host: str, name: str, port: int | None, tag: str | None, pinned: bool):
    registry = f"{host}:{port}/" if port else ""
    reference = f"{registry}{name}" + (f":{tag}" if tag else "") + (f"@{DIGEST}" if pinned else "")

    assert str(Image.of(reference)) == reference
    assert Image.of(reference).name == f"{registry}{name}"


@pytest.mark.parametrize(
    ("reference", "version"),
    [("web:v1", "v1"), (f"web:v1@{DIGEST}", "v1"), (f"web@{DIGEST}", DIGEST[:19]), ("web", "latest")],
)
def test_the_version_is_what_people_call_it(reference: str, version: str):
    assert Image.of(reference).version == version


def workload(kind: str = "Deployment", spec: Any = None, status: Any = None, **metadata: Any) -> Workload:
    named = {"name": "web", "namespace": "shop", **metadata}
    return Workload({"kind": kind, "metadata": named, "spec": spec or {}, "status": status or {}})


def test_a_workload_that_says_nothing_has_the_defaults_of_the_api():
    plain = workload()

    assert (plain.replicas, plain.ready_replicas, plain.paused, plain.min_ready_seconds) == (1, 0, False, 0)
    assert (plain.strategy_type, plain.partition, plain.deleting) == ("RollingUpdate", 0, False)
    assert (plain.labels, plain.annotations, plain.condition("Available")) == ({}, {}, {})


def test_a_daemon_set_counts_nodes():
    counts = {"desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}
    agent = workload("DaemonSet", status=counts, spec={"updateStrategy": {"type": "OnDelete"}})

    assert (agent.replicas, agent.ready_replicas, agent.updated_replicas, agent.available_replicas) == (3, 2, 1, 2)
    assert agent.strategy_type == "OnDelete"


def test_a_stateful_set_may_keep_some_of_its_pods():
    assert workload("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 2}}}).partition == 2


@pytest.mark.parametrize(("seen", "current"), [(2, True), (3, True), (1, False)])
def test_a_status_counts_once_the_controller_has_looked(seen: int, current: bool):
    assert workload(status={"observedGeneration": seen}, generation=2).generation_seen is current


def test_images_are_those_of_the_containers_that_stay():
    template = {
        "spec": {"containers": [{"name": "a", "image": "x:1"}], "initContainers": [{"name": "i", "image": "y"}]}
    }
    both = workload(spec={"template": template})

    assert both.images == {"a": "x:1"}
    assert [container["name"] for container in both.init_containers] == ["i"]


def test_the_reference_means_this_very_object():
    assert str(workload(uid="uid-1").ref) == "Deployment shop/web"
    assert workload(uid="uid-1").ref.uid == "uid-1"


@given(st.dictionaries(st.text(max_size=4), st.integers()))
def test_a_digest_depends_on_the_content_alone(value: dict[str, int]):
    assert digest_of(value) == digest_of(dict(reversed(value.items())))
    assert len(digest_of(value)) == 16


def test_the_controllers_own_label_is_no_part_of_a_template():
    template = {"metadata": {"labels": {"app": "web", "pod-template-hash": "abc"}}, "spec": {}}

    assert without_hash(template) == {"metadata": {"labels": {"app": "web"}}, "spec": {}}
    assert template["metadata"]["labels"]["pod-template-hash"] == "abc", "the original stays as it is"
    assert without_hash({"spec": {}}) == {"spec": {}}
