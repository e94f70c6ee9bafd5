"""Requests and limits change as asked, keep what was not asked about, and never lie below each other."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.sizing import resource_edits, resources_spoken, spoken
from tests.support.scenes import workload


def app(**resources: Any) -> Workload:
    web = {"name": "web", "image": "web:v1", **({"resources": resources} if resources else {})}
    return workload(wants={"spec": {"containers": [web, {"name": "side", "image": "proxy:1"}]}})


def sized(seen: Workload, cpu: str | None = None, memory: str | None = None, container: str | None = None) -> Any:
    edits = resource_edits(seen, cpu=cpu, memory=memory, container=container)
    return edits[0].new if edits else None


@pytest.mark.parametrize(
    ("has", "asked", "gets"),
    [
        pytest.param({}, {"cpu": "0.5"}, {"requests": {"cpu": "500m"}}, id="spelled as the server does"),
        pytest.param(
            {}, {"memory": "1Gi:2Gi"}, {"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}}, id="both"
        ),
        pytest.param(
            {"requests": {"cpu": "1"}},
            {"memory": "64Mi"},
            {"requests": {"cpu": "1", "memory": "64Mi"}},
            id="rest stays",
        ),
        pytest.param(
            {"limits": {"memory": "128Mi"}},
            {"memory": "64Mi"},
            {"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            id="a limit above stays",
        ),
        pytest.param(
            {"limits": {"memory": "128Mi"}},
            {"memory": "256Mi"},
            {"requests": {"memory": "256Mi"}, "limits": {"memory": "256Mi"}},
            id="a limit below is raised",
        ),
        pytest.param({"requests": {"cpu": "500m"}}, {"cpu": "0.5"}, None, id="the same size in other words"),
        pytest.param(
            {"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}},
            {"memory": "1024Mi:2048Mi"},
            None,
            id="same both",
        ),
        pytest.param(
            {"claims": [{"name": "gpu"}]},
            {"cpu": "1"},
            {"claims": [{"name": "gpu"}], "requests": {"cpu": "1"}},
            id="claims stay",
        ),
    ],
)
def test_a_size_becomes_what_was_asked(has: dict[str, Any], asked: dict[str, str], gets: dict[str, Any] | None):
    assert sized(app(**has), **asked) == gets


def test_a_limit_below_its_request_is_refused():
    with pytest.raises(BadInput, match="memory limit 1Gi lies below the request 2Gi"):
        sized(app(), memory="2Gi:1Gi")


def test_what_is_no_quantity_is_refused():
    with pytest.raises(BadInput, match="'lots' is not a quantity"):
        sized(app(), memory="lots")


def test_another_container_is_meant_by_its_name():
    edits = resource_edits(app(), cpu="1", memory=None, container="side")

    assert edits[0].path == "/spec/template/spec/containers/1/resources"
    assert edits[0].old is None


def test_an_unknown_container_is_met_with_those_there_are():
    with pytest.raises(BadInput, match="no container 'database'") as caught:
        sized(app(), cpu="1", container="database")

    assert caught.value.hint == "Its containers: web, side."


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({}, "no requests"),
        ({"requests": {"cpu": "1", "memory": "64Mi"}}, "cpu 1, memory 64Mi"),
        ({"requests": {"memory": "64Mi"}, "limits": {"memory": "1Gi"}}, "memory 64Mi (limit 1Gi)"),
        ({"limits": {"cpu": "2"}}, "cpu unset (limit 2)"),
    ],
)
def test_a_size_is_said_in_few_words(resources: dict[str, Any], words: str):
    assert spoken(resources) == words
    assert resources_spoken(app(**resources), None) == words


def test_sizes_written_in_other_ways_are_understood_and_kept():
    seen = app(requests={"cpu": "1e-1"}, limits={"cpu": "1e1", "memory": "2e9"})

    assert sized(seen, cpu="200m", memory="1Gi") == {
        "requests": {"cpu": "200m", "memory": "1Gi"},
        "limits": {"cpu": "1e1", "memory": "2e9"},
    }
