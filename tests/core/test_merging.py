"""Three-way merges: what is said is done, what was said and is no more goes, what neither ever said stays."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.merging import edits_to, merged, said


@pytest.mark.parametrize(
    ("original", "wanted", "live", "then"),
    [
        pytest.param({"a": 1}, {"a": 2}, {"a": 1, "z": 9}, {"a": 2, "z": 9}, id="another value, a default beside it"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1}, id="said no more"),
        pytest.param({}, {"a": {"b": 1}}, {}, {"a": {"b": 1}}, id="new"),
        pytest.param(None, {"a": 1}, {"a": 2, "z": 9}, {"a": 1, "z": 9}, id="never said before"),
        pytest.param({"a": 1}, {"a": 1}, {"a": 5}, {"a": 1}, id="changed by somebody else"),
        pytest.param({"a": {"x": 1}}, {"a": 3}, {"a": {"x": 1}}, {"a": 3}, id="of another form"),
        pytest.param({"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 2]}, {"a": [1, 3]}, id="a list of values"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, {"a": [1]}, {"a": [1, 2]}, id="a longer list"),
        pytest.param({"a": []}, {"a": []}, {"a": []}, {"a": []}, id="empty lists"),
        pytest.param(
            {"rules": [{"host": "a"}]},
            {"rules": [{"host": "b"}]},
            {"rules": [{"host": "a", "tls": True}]},
            {"rules": [{"host": "b", "tls": True}]},
            id="a list of the same length keeps what the server filled in",
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]},
            {"env": [{"name": "A", "value": "2"}, {"name": "C", "value": "3"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}, {"name": "X", "value": "theirs"}]},
            {"env": [{"name": "A", "value": "2"}, {"name": "C", "value": "3"}, {"name": "X", "value": "theirs"}]},
            id="a list of names",
        ),
        pytest.param(
            {"ports": [{"containerPort": 80}]},
            {"ports": [{"containerPort": 81, "name": "http"}]},
            {"ports": [{"containerPort": 80, "protocol": "TCP"}]},
            {"ports": [{"containerPort": 81, "name": "http"}]},
            id="a list of ports",
        ),
        pytest.param(
            {"mounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            {"mounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "readOnly": True}]},
            {"mounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            {"mounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "readOnly": True}]},
            id="one volume mounted twice",
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "2"}, {"name": "A", "value": "3"}]},
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "2"}, {"name": "A", "value": "3"}]},
            id="names that tell nothing apart",
        ),
        pytest.param(
            {"strategy": {"type": "RollingUpdate"}},
            {"strategy": {"type": "Recreate"}},
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"type": "Recreate"}},
            id="a strategy of another type",
        ),
        pytest.param(
            {"strategy": {"rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"rollingUpdate": {"maxSurge": 2}}},
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}},
            id="a strategy of the same type",
        ),
    ],
)
def test_a_merge(original: Any, wanted: Any, live: Any, then: Any):
    assert merged(original, wanted, live) == then


def test_nulls_say_nothing():
    assert said({"a": None, "b": [{"c": None, "d": 1}], "e": "x"}) == {"b": [{"d": 1}], "e": "x"}


def test_edits_are_few_and_leave_what_is_the_servers():
    live = {
        "kind": "Deployment",
        "metadata": {"uid": "u1", "resourceVersion": "7", "labels": {"a": "1"}},
        "spec": {"replicas": 2, "template": {"spec": {"x": 1}}, "paused": True},
        "status": {"replicas": 2},
    }
    wanted = {
        "kind": "Deployment",
        "metadata": {"uid": "u2", "resourceVersion": "9", "labels": {"a": "1"}, "annotations": {"n/m": "1"}},
        "spec": {"replicas": 3, "template": {"spec": {"x": 2}}},
        "status": {"replicas": 3},
    }

    edits = edits_to(live, wanted)

    assert [edit.path for edit in edits] == [
        "/metadata/annotations",
        "/spec/replicas",
        "/spec/template",
        "/spec/paused",
    ]
    assert with_edits(live, edits)["spec"] == wanted["spec"]
    assert edits_to(live, {**live, "status": {}}) == ()
