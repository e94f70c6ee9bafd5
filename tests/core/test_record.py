"""A record is kept as a ConfigMap and read back as it was; what cannot be read is nobody's record."""

import base64
import gzip
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.objects import ConfigMap
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.record import (
    OPERATION_LABEL,
    STATE_LABEL,
    Cause,
    Happening,
    Record,
    app_label,
    from_binary,
    from_config_map,
    name_of,
    to_manifest,
)
from dot_ai_lifecycle.core.refs import DEPLOYMENT, ref_to
from dot_ai_lifecycle.core.steps import Edit, Patch

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def record(app: str = "web", **changed: Any) -> Record:
    ref = ref_to(DEPLOYMENT, app, "shop", "uid-1")
    step = Patch(ref=ref, edits=(Edit(path="/a", old=1, new=2),), why="because")
    plan = Plan(operation="update_app", parameters={"app": app}, app=ref, summary="Update", steps=(step,))
    given: dict[str, Any] = {
        "id": "abcd1234",
        "plan": plan,
        "actor": "cli:alice",
        "context": "test",
        "state": "running",
        "started": NOON,
    }
    return Record(**{**given, **changed})


def read_back(manifest: dict[str, Any]) -> Record | None:
    meta = manifest["metadata"]
    labels = MappingProxyType(dict(meta["labels"]))
    return from_config_map(
        ConfigMap(meta["name"], meta["namespace"], "uid", labels, {}, manifest["binaryData"], "1", None)
    )


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=4))
def test_what_is_written_is_read_back(verdict: str, evidence: list[str]):
    whole = record(state="undone", verdict=verdict, cause=Cause(code="CRASH", text="x", evidence=tuple(evidence)))

    assert read_back(to_manifest(whole)) == whole


def test_a_record_is_found_by_its_labels():
    manifest = to_manifest(record(state="stuck"))

    assert manifest["metadata"]["name"] == name_of("abcd1234") == "lifecycle-abcd1234"
    labels = manifest["metadata"]["labels"]
    assert (labels[OPERATION_LABEL], labels[STATE_LABEL]) == ("abcd1234", "stuck")
    assert app_label("web") == "app.lifecycle.dot-ai/web" in labels


@pytest.mark.parametrize("app", ["a" * 253, "a" * 62 + "-" + "b" * 20, "x." * 60 + "x"])
def test_the_longest_app_name_still_makes_a_label(app: str):
    assert app_label(app) in to_manifest(record(app))["metadata"]["labels"]
    name = app_label(app).partition("/")[2]
    assert len(name) <= 63
    assert name[-1].isalnum()


def test_the_same_record_is_the_same_bytes():
    assert to_manifest(record()) == to_manifest(record())


def test_a_long_record_fits_into_a_config_map():
    happenings = tuple(Happening(at=NOON, what="note", text=f"line {n} " * 20) for n in range(500))
    body = to_manifest(record(happenings=happenings))["binaryData"]["record"]

    assert len(body) < 1 << 20


@pytest.mark.parametrize(
    "binary",
    [
        {},
        {"other": "x"},
        {"record": ""},
        {"record": "not base64!"},
        {"record": base64.b64encode(b"not gzip").decode()},
        {"record": base64.b64encode(gzip.compress(b"not json")).decode()},
        {"record": base64.b64encode(gzip.compress(b"[]")).decode()},
        {"record": base64.b64encode(gzip.compress(b'{"id": "x"}')).decode()},
        {"record": base64.b64encode(gzip.compress(b"{}" * 99)[:-9]).decode()},
    ],
    ids=["empty", "other", "blank", "no base64", "no gzip", "no JSON", "a list", "half a record", "cut short"],
)
def test_what_cannot_be_read_is_nobodys_record(binary: dict[str, str]):
    assert from_binary(binary) is None


def test_a_record_of_a_later_version_with_more_fields_is_read():
    body = record().model_dump(mode="json") | {"invented_later": True}

    assert Record.model_validate(body) == record()
