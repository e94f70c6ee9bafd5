"""Asking a Service through the API: one ready pod answers, as its application would."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.embedded.apps import apply, deployment, env, front

SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


async def asked(cluster: EmbeddedCluster, path: str, method: str = "GET") -> tuple[int, str]:
    """The status, and what was said: a body, or the message of a refusal."""
    answer = await cluster.transport.request(method, f"{SERVICES}/{path}")
    if answer.headers["content-type"].startswith("text/"):
        return answer.status, answer.body.decode()
    return answer.status, str(msgspec.json.decode(answer.body)["message"])


@pytest.mark.parametrize("called", ["web", "web:80", "http:web:80", "https:web:80", "https:web:"])
async def test_a_service_is_asked_by_its_name_perhaps_with_scheme_and_port(
    cluster: EmbeddedCluster, called: str
) -> None:
    apply(cluster, deployment(), front())
    await cluster.settled()
    status, said = await asked(cluster, f"{called}/proxy/some/page")
    assert (status, said.split()[0]) == (200, "v1")
    assert await asked(cluster, f"{called}/proxy/ready") == (200, "")


async def test_an_application_that_errs_errs_here_too(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(container=env(ERROR_PERCENT="100")), front())
    await cluster.settled()
    assert await asked(cluster, "web/proxy/") == (500, "boom\n")


def _two_ports(service: dict[str, Any]) -> dict[str, Any]:
    service["spec"]["ports"] = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "admin", "port": 81, "targetPort": 9090},
    ]
    return service


async def test_a_port_is_named_by_its_number_or_its_name(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(container=env(PORT="8080")), _two_ports(front()))
    await cluster.settled()
    assert [(await asked(cluster, f"web:{port}/proxy/"))[0] for port in ("80", "http")] == [200, 200]
    status, said = await asked(cluster, "web:81/proxy/")
    assert (status, said.startswith("error trying to reach service: dial tcp")) == (503, True)
    assert await asked(cluster, "web:82/proxy/") == (503, 'no service port 82 found for service "web"')
    assert await asked(cluster, "web/proxy/") == (503, 'no endpoints available for service "web"')


async def test_without_a_ready_pod_nobody_answers(cluster: EmbeddedCluster) -> None:
    apply(cluster, deployment(container=env(NEVER_READY="1")), front())
    await cluster.settled()
    assert await asked(cluster, "web:80/proxy/") == (503, 'no endpoints available for service "web:80"')


async def test_a_service_that_is_not_there_and_a_request_that_is_no_get_are_refused(cluster: EmbeddedCluster) -> None:
    apply(cluster, front())
    assert await asked(cluster, "none:80/proxy/") == (404, 'services "none" not found')
    assert (await asked(cluster, "web/proxy/", "POST"))[0] == 405


async def test_who_may_not_is_told_in_the_words_of_the_authorizer(cluster: EmbeddedCluster) -> None:
    cluster.faults.forbid("get", "services/proxy")
    status, said = await asked(cluster, "web/proxy/")
    assert status == 403
    assert 'cannot get resource "services/proxy" in API group "" in the namespace "default"' in said
