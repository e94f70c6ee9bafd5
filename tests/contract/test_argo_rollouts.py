"""What Argo Rollouts does with what we say to it: the same story by the embedded controller and by the real one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from tests.contract.talk import MERGE, Json, Talk, Transport
from tests.support.http_transport import HttpTransport
from tests.support.rollouts import DEFINITION

pytestmark = pytest.mark.timeout(110)

HASH = "rollouts-pod-template-hash"
STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "2s"}}]
CANARY = {"canary": {"steps": STEPS}}
BLUE_GREEN = {"blueGreen": {"activeService": "web", "autoPromotionEnabled": False}}


@pytest.fixture
async def api(request: pytest.FixtureRequest, cluster_under_test: Path | None) -> AsyncIterator[Transport]:
    """A transport to a cluster where Argo Rollouts runs."""
    if cluster_under_test is not None:
        request.getfixturevalue("argo_rollouts")
        async with HttpTransport(cluster_under_test) as transport:
            yield transport
        return
    async with EmbeddedCluster() as cluster:
        cluster.store.create(yaml.safe_load(DEFINITION))
        yield cluster.transport


def template(version: str) -> Json:
    container: Json = {
        "name": "web",
        "image": f"box.local/web:{version}",
        "imagePullPolicy": "IfNotPresent",
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
    }
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


class Story:
    """One Rollout `web` of four pods, and what happens to it."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.path = f"/apis/argoproj.io/v1alpha1/namespaces/{talk.namespace}/rollouts"

    async def begin(self, strategy: Json) -> Json:
        """The Rollout once it is Healthy at v1."""
        # Pods cannot be made before the default account is there.
        await self.talk.until("serviceaccounts", "default", lambda found: found is not None)
        ports = [{"port": 80, "targetPort": 8080}]
        await self.talk.made(
            "services", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}
        )
        spec = {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template("v1"),
            "strategy": strategy,
        }
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}, "spec": spec}
        said = await self.talk.ask("POST", self.path, body)
        assert said.status == 201, said.body
        return await self.until("Healthy")

    async def spec(self, **fields: Any) -> None:
        said = await self.talk.ask("PATCH", f"{self.path}/web", {"spec": fields}, MERGE)
        assert said.status == 200, said.body

    async def status(self, **fields: Any) -> None:
        said = await self.talk.ask("PATCH", f"{self.path}/web/status", {"status": fields}, MERGE)
        assert said.status == 200, said.body

    async def until(self, phase: str, holds: Callable[[Json], bool] = lambda _: True) -> Json:
        """The status once the newest spec was seen, and that phase is reached."""
        found: Json = {}
        try:
            async with asyncio.timeout(60):
                while True:
                    found = (await self.talk.ask("GET", f"{self.path}/web")).body
                    status: Json = found.get("status", {})
                    seen = status.get("observedGeneration") == str(found["metadata"]["generation"])
                    if seen and status.get("phase") == phase and holds(status):
                        return status
                    await asyncio.sleep(0.3)
        except TimeoutError:
            raise AssertionError(found.get("status")) from None

    async def sizes(self) -> dict[str, tuple[int, str]]:
        """Of every ReplicaSet by its hash: how many pods it wants, and its revision."""
        items = (await self.talk.get("replicasets")).body["items"]
        return {
            one["metadata"]["labels"][HASH]: (
                one["spec"]["replicas"],
                one["metadata"]["annotations"]["rollout.argoproj.io/revision"],
            )
            for one in items
        }

    async def selector(self) -> Json:
        found: Json = (await self.talk.get("services", "web")).body["spec"]["selector"]
        return found


@pytest.fixture
def story(talk: Talk) -> Story:
    return Story(talk)


async def test_a_pause_stands_until_it_is_taken_out_of_the_status(story: Story) -> None:
    first = await story.begin(CANARY)
    await story.spec(template=template("v2"))
    paused = await story.until("Paused")
    sizes = await story.sizes()

    assert (first["currentStepIndex"], first["stableRS"]) == (4, first["currentPodHash"])
    assert (paused["currentStepIndex"], paused["message"]) == (1, "CanaryPauseStep")
    assert (paused["controllerPause"], paused["pauseConditions"][0]["reason"]) == (True, "CanaryPauseStep")
    assert (paused["stableRS"], paused["updatedReplicas"], paused["availableReplicas"]) == (first["stableRS"], 1, 4)
    assert sizes == {first["stableRS"]: (3, "1"), paused["currentPodHash"]: (1, "2")}

    await story.status(pauseConditions=None)
    done = await story.until("Healthy")

    assert (done["stableRS"], done["currentStepIndex"]) == (paused["currentPodHash"], 4)
    assert not done.get("controllerPause")


async def test_what_is_aborted_stays_degraded_until_the_spec_asks_for_the_stable_version(story: Story) -> None:
    first = await story.begin(CANARY)
    await story.spec(template=template("v2"))
    await story.until("Paused")
    await story.status(abort=True)
    aborted = await story.until(
        "Degraded", lambda status: status["availableReplicas"] == 4 and not status.get("updatedReplicas")
    )

    assert aborted["message"].startswith("RolloutAborted: Rollout aborted update to revision 2")
    assert (aborted["abort"], aborted["currentStepIndex"]) == (True, 0)
    assert "pauseConditions" not in aborted

    await story.spec(template=template("v1"))
    back = await story.until("Healthy")

    assert (back["stableRS"], back["currentStepIndex"]) == (first["stableRS"], 4)
    assert not back.get("abort")
    assert (await story.sizes())[first["stableRS"]] == (4, "3"), "the old set has a new number"


async def test_an_aborted_update_is_tried_again_when_the_word_is_taken_back(story: Story) -> None:
    await story.begin(CANARY)
    await story.spec(template=template("v2"))
    await story.until("Paused")
    await story.status(abort=True)
    await story.until("Degraded")
    await story.status(abort=False)
    again = await story.until("Paused", lambda status: status.get("currentStepIndex") == 1)

    assert again["updatedReplicas"] == 1


async def test_a_full_promotion_skips_every_step(story: Story) -> None:
    await story.begin(CANARY)
    await story.spec(template=template("v2"))
    paused = await story.until("Paused")
    await story.status(promoteFull=True)
    done = await story.until("Healthy")

    assert done["stableRS"] == paused["currentPodHash"]
    assert not done.get("promoteFull")


async def test_a_switch_waits_and_keeps_the_old_set_for_a_while(story: Story) -> None:
    first = await story.begin(BLUE_GREEN)
    assert await story.selector() == {"app": "web", HASH: first["stableRS"]}
    await story.spec(template=template("v2"))
    paused = await story.until("Paused")

    assert paused["message"] == "BlueGreenPause"
    assert paused["blueGreen"]["activeSelector"] == first["stableRS"]
    assert set(await story.sizes()) == {first["stableRS"], paused["currentPodHash"]}

    await story.status(pauseConditions=None)
    done = await story.until("Healthy")

    assert await story.selector() == {"app": "web", HASH: paused["currentPodHash"]}
    assert done["blueGreen"]["activeSelector"] == done["stableRS"] == paused["currentPodHash"]
    assert {size for size, _ in (await story.sizes()).values()} == {4}, "the old set stands by"


async def test_a_restart_replaces_pods_that_are_older_than_its_moment(story: Story) -> None:
    await story.begin(CANARY)
    await asyncio.sleep(1.5)
    before = {pod["metadata"]["uid"] for pod in (await story.talk.get("pods")).body["items"]}
    found = await story.talk.get("pods")
    date = found.headers.get("date") or found.headers.get("Date")
    moment = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC) if date else datetime.now(UTC)
    await story.spec(restartAt=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    done = await story.until("Healthy", lambda status: bool(status.get("restartedAt")))
    pods = [pod for pod in (await story.talk.get("pods")).body["items"] if "deletionTimestamp" not in pod["metadata"]]

    assert done["restartedAt"] == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert not before & {pod["metadata"]["uid"] for pod in pods}
