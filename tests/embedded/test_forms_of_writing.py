"""How bodies are read: protobuf, YAML, and ownership as it is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dot_ai_lifecycle.embedded import protobuf
from dot_ai_lifecycle.embedded.messages import Request
from dot_ai_lifecycle.embedded.patches import json_patch, merge_patch
from dot_ai_lifecycle.embedded.patches.fields import Flattener, decode, encode, spelled
from dot_ai_lifecycle.embedded.rejected import Rejected
from tests.embedded.clients import client

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-9, 9) | some.text("abc/~", max_size=3),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text("abc/~", max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = some.dictionaries(some.text("abc/~", min_size=1, max_size=3), VALUES, max_size=4)


def _field(number: int, body: bytes) -> bytes:
    return bytes([number << 3 | 2, len(body)]) + body


def _namespace(name: str, more: bytes = b"") -> bytes:
    kind = _field(1, b"v1") + _field(2, b"Namespace")
    metadata = _field(1, name.encode()) + _field(8, b"") + _field(11, _field(1, b"team") + _field(2, b"shop"))
    return b"k8s\x00" + _field(1, kind) + _field(2, _field(1, metadata) + _field(3, b"") + more)


def test_a_protobuf_namespace_is_read() -> None:
    assert protobuf.decode(_namespace("shop")) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"team": "shop"}},
    }


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        _namespace("shop", _field(9, b"x")),
        _namespace("shop")[:-1],
        b"k8s\x00" + _field(1, _field(1, b"apps/v1") + _field(2, b"StatefulSet")),
    ],
)
def test_protobuf_that_is_not_known_is_refused_rather_than_guessed(body: bytes) -> None:
    request = Request("POST", "/", headers={"content-type": "application/vnd.kubernetes.protobuf"}, body=body)
    with pytest.raises(Rejected) as caught:
        request.decoded()
    assert caught.value.code == 415


@pytest.mark.parametrize(("media", "body"), [("application/json", b"{"), ("application/yaml", b"a: [")])
def test_a_body_that_does_not_parse_is_a_bad_request(media: str, body: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        Request("POST", "/", headers={"content-type": media}, body=body).decoded()
    assert caught.value.code == 400


def test_yaml_is_read_as_json_is() -> None:
    request = Request("POST", "/", headers={"content-type": "application/yaml"}, body=b"a: {b: [1, x]}")
    assert request.decoded() == {"a": {"b": [1, "x"]}}


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_leaves_the_document_and_is_idempotent(
    document: dict[str, object], patch: dict[str, object]
) -> None:
    before = repr(document)
    once = merge_patch.apply(document, patch)
    assert repr(document) == before
    assert merge_patch.apply(once, patch) == once


@given(OBJECTS, some.text("abc/~", min_size=1, max_size=3), VALUES)
def test_a_json_patch_adds_what_its_test_then_finds(document: dict[str, object], key: str, value: object) -> None:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    operations = [{"op": "add", "path": pointer, "value": value}, {"op": "test", "path": pointer, "value": value}]
    assert json_patch.apply(document, operations) == document | {key: value}


def test_fields_survive_being_stored() -> None:
    container = {"name": "app", "image": "x:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]}
    spec = {"replicas": 2, "template": {"spec": {"containers": [container]}}}
    flat = Flattener("apps/v1.Deployment").flatten(
        {"metadata": {"labels": {"a": "b"}, "finalizers": ["x/y"]}, "spec": spec}
    )
    assert decode(encode(flat)) == flat.keys()
    assert sorted(map(spelled, flat)) == [
        '.metadata.finalizers[="x/y"]',
        ".metadata.labels.a",
        ".spec.replicas",
        '.spec.template.spec.containers[name="app"]',
        '.spec.template.spec.containers[name="app"].image',
        '.spec.template.spec.containers[name="app"].name',
        '.spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"]',
        '.spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].containerPort',
        '.spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].protocol',
    ]


async def test_an_answer_is_json_or_nothing() -> None:
    box = client()
    headers = {"accept": "application/vnd.kubernetes.protobuf"}
    answer = await box.transport.request("GET", "/api/v1/namespaces", headers=headers)
    assert answer.status == 406
    both = {"accept": "application/vnd.kubernetes.protobuf,application/json"}
    assert (await box.transport.request("GET", "/api/v1/namespaces", headers=both)).status == 200
