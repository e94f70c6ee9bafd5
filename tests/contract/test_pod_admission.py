"""What admission makes of pods by limits, accounts and classes; by dry runs, so that nothing has to run."""

import pytest

from tests.contract.talk import Json, Talk


def pod(**spec: Json) -> Json:
    resources = spec.pop("resources", {})
    container = {"name": "app", "image": "example.org/app:1", "resources": resources}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe"},
        "spec": {"containers": [container], **spec},
    }


async def _limited(talk: Talk, type_: str = "Container", **rule: Json) -> Json:
    return await talk.made(
        "limitranges", {"metadata": {"name": "limits"}, "spec": {"limits": [{"type": type_, **rule}]}}
    )


@pytest.fixture
async def ready(talk: Talk) -> Talk:
    """The namespace once pods may be created in it, which on a real cluster needs its account."""
    account = {"metadata": {"name": "default"}}
    if (await talk.create("serviceaccounts", account)).status == 409:
        await talk.until("serviceaccounts", "default", lambda one: one is not None)
    return talk


async def test_a_limit_range_is_stored_with_the_defaults_that_follow_from_it(talk: Talk) -> None:
    stored = await _limited(talk, max={"memory": "1Gi"}, min={"cpu": "100m"})
    assert stored["spec"]["limits"] == [
        {
            "type": "Container",
            "max": {"memory": "1Gi"},
            "min": {"cpu": "100m"},
            "default": {"memory": "1Gi"},
            "defaultRequest": {"cpu": "100m", "memory": "1Gi"},
        }
    ]


async def test_a_container_gets_the_limits_of_its_namespace(ready: Talk) -> None:
    await _limited(ready, default={"memory": "64Mi"}, defaultRequest={"cpu": "10m"})
    said = await ready.create("pods", pod(), dryRun="All")
    assert said.body["spec"]["containers"][0]["resources"] == {
        "limits": {"memory": "64Mi"},
        "requests": {"cpu": "10m", "memory": "64Mi"},
    }
    assert said.body["status"]["qosClass"] == "Burstable"


@pytest.mark.parametrize(
    ("rule", "resources", "words"),
    [
        (
            {"max": {"memory": "64Mi"}},
            {"limits": {"memory": "128Mi"}},
            "maximum memory usage per Container is 64Mi, but limit is 128Mi",
        ),
        (
            {"min": {"cpu": "100m"}},
            {"requests": {"cpu": "50m"}},
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
    ],
)
async def test_a_container_beyond_the_limits_is_forbidden(ready: Talk, rule: Json, resources: Json, words: str) -> None:
    await _limited(ready, **rule)
    said = await ready.create("pods", pod(resources=resources), dryRun="All")
    assert (said.status, said.message) == (403, f'pods "probe" is forbidden: {words}')


async def test_a_pod_without_what_its_limits_bound_is_forbidden(ready: Talk) -> None:
    await _limited(ready, "Pod", max={"memory": "64Mi"})
    said = await ready.create("pods", pod(), dryRun="All")
    words = "maximum memory usage per Pod is 64Mi.  No limit is specified"
    assert (said.status, said.message) == (403, f'pods "probe" is forbidden: {words}')


async def test_a_pod_within_the_limits_of_pods_is_taken(ready: Talk) -> None:
    await _limited(ready, "Pod", max={"memory": "64Mi"})
    assert (await ready.create("pods", pod(resources={"limits": {"memory": "64Mi"}}), dryRun="All")).status == 201


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"serviceAccountName": "nobody"},
            'error looking up service account {namespace}/nobody: serviceaccount "nobody" not found',
        ),
        ({"priorityClassName": "urgent"}, "no PriorityClass with name urgent was found"),
        ({"runtimeClassName": "gvisor"}, 'pod rejected: RuntimeClass "gvisor" not found'),
    ],
)
async def test_a_pod_that_names_what_is_not_there_is_forbidden(ready: Talk, spec: Json, words: str) -> None:
    said = await ready.create("pods", pod(**spec), dryRun="All")
    assert (said.status, said.reason) == (403, "Forbidden")
    assert said.message == f'pods "probe" is forbidden: {words.format(namespace=ready.namespace)}'


async def test_a_pod_of_a_built_in_priority_gets_its_value(ready: Talk) -> None:
    said = await ready.create("pods", pod(priorityClassName="system-cluster-critical"), dryRun="All")
    assert (said.status, said.body["spec"]["priority"]) == (201, 2_000_000_000)
