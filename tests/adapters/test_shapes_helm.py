"""Helm's releases out of their Secrets: what can be read is, what cannot says so, and YAML is read as Helm reads it."""

import base64
import gzip
import json
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.shapes import shape_of
from dot_ai_lifecycle.adapters.kubernetes.shapes_helm import objects_in
from dot_ai_lifecycle.core.errors import ClusterFailure
from dot_ai_lifecycle.core.helm import RELEASES, Hook, Release
from tests.support.releases import secret

RELEASE: dict[str, Any] = {
    "name": "site",
    "namespace": "shop",
    "version": 12,
    "info": {"status": "deployed", "description": "Upgrade complete"},
    "chart": {"metadata": {"name": "shop", "version": "1.2.0"}},
    "config": {"tag": "v1"},
    "manifest": "---\nkind: ConfigMap\nmetadata: {name: a}\n---\n\n---\n# nothing\n",
    "hooks": [{"name": "migrate", "kind": "Job", "events": ["pre-rollback"]}],
}


def decoded(found: dict[str, Any]) -> Release:
    found["metadata"] |= {"uid": "u1", "resourceVersion": "7"}
    return shape_of(RELEASES).item(json.dumps(found).encode()).value


def test_a_revision_is_read():
    release = decoded(secret(RELEASE))

    assert (release.name, release.number, release.status, release.namespace) == ("site", 12, "deployed", "shop")
    assert (release.chart, release.chart_version, release.app_version) == ("shop", "1.2.0", "")
    assert (release.values, release.hooks) == ({"tag": "v1"}, (Hook("migrate", "Job", ("pre-rollback",)),))
    assert release.objects == ({"kind": "ConfigMap", "metadata": {"name": "a"}},)
    assert release.secret.uid == "u1"


def test_a_revision_that_was_not_zipped_is_read_too():
    found = secret(RELEASE)
    plain = base64.b64encode(base64.b64encode(json.dumps(RELEASE).encode())).decode()

    assert decoded({**found, "data": {"release": plain}}).number == 12


@pytest.mark.parametrize(
    "body",
    ["", "not base64!", base64.b64encode(b"{").decode(), base64.b64encode(gzip.compress(b"[1]")).decode()],
    ids=["nothing", "no base64", "no JSON", "no object"],
)
def test_one_that_cannot_be_read_says_so_and_keeps_its_place(body: str):
    packed = base64.b64encode(body.encode()).decode() if body else ""

    release = decoded({**secret(RELEASE), "data": {"release": packed}})

    assert (release.status, release.name, release.number) == ("unreadable", "site", 12)
    assert release.objects == ()


def test_a_secret_without_content_or_number_is_unreadable():
    found = secret(RELEASE)
    found["metadata"]["labels"] = None
    found.pop("data")

    assert (decoded(found).status, decoded(found).number) == ("unreadable", 0)


def test_yaml_is_read_as_helm_reads_it():
    (found,) = objects_in("kind: ConfigMap\ndata: {at: 12:30, on: 2026-01-02, mode: 0644, off: off, n: 7, f: 1.5}")

    assert found["data"] == {"at": "12:30", True: "2026-01-02", "mode": 420, False: False, "n": 7, "f": 1.5}


def test_lists_are_taken_apart():
    found = objects_in("kind: List\nitems:\n- {kind: ConfigMap}\n- {kind: Service}\n---\nkind: Playlist\nitems: 3\n")

    assert [one["kind"] for one in found] == ["ConfigMap", "Service", "Playlist"]


@pytest.mark.parametrize("text", ["kind: [", "- 1\n- 2", "name: nothing"], ids=["broken", "a list", "no kind"])
def test_what_is_no_manifest_is_told(text: str):
    with pytest.raises(ClusterFailure, match="manifest of a Helm release"):
        objects_in(text)
