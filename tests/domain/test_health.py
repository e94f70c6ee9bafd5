"""How an app does, in one word with its reason."""

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.domain.health import LONGEST, health
from tests.support.scenes import (
    ago,
    broken,
    container,
    crashed,
    endpoints,
    pod,
    scene,
    served,
    unplaced,
    waiting,
    workload,
)

THREE = tuple(pod(f"web-v2-{number}") for number in range(3))
QUOTA = {
    "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "forbidden: exceeded quota: small, used 4"}]
}


@pytest.mark.parametrize(
    ("seen", "word", "reason"),
    [
        pytest.param(served(), "healthy", "3 of 3 pods ready", id="all pods serve"),
        pytest.param(scene(workload(replicas=1), THREE[0]), "healthy", "1 of 1 pod ready", id="the one pod serves"),
        pytest.param(scene(workload(replicas=0)), "stopped", "scaled to 0", id="nothing is wanted"),
        pytest.param(
            scene(workload("DaemonSet", replicas=0), revisions=()), "stopped", "no node", id="no node wants it"
        ),
        pytest.param(
            scene(workload(spec={"paused": True}), *THREE), "paused", "until it is resumed; 3 of 3", id="updates paused"
        ),
        pytest.param(
            scene(workload(deletionTimestamp="2026-03-01T12:00:00Z"), *THREE), "progressing", "deleted", id="going away"
        ),
        pytest.param(
            scene(workload(status={"observedGeneration": None})), "unknown", "not reported", id="no controller"
        ),
        pytest.param(scene(workload(generation=3), *THREE), "progressing", "not looked at", id="change not seen yet"),
        pytest.param(
            scene(workload(), *THREE[:2], broken("web-v2-2", waiting("ContainerCreating"))),
            "progressing",
            "waiting for web-v2-2 (ContainerCreating); 2 of 3 pods ready",
            id="a pod is starting",
        ),
        pytest.param(
            scene(workload(), *THREE, pod("web-v1-0", "v1")),
            "progressing",
            "still to be replaced: web-v1-0",
            id="an old pod is left",
        ),
        pytest.param(
            scene(workload("StatefulSet", spec={"updateStrategy": {"type": "OnDelete"}}), pod("web-0", "v1")),
            "progressing",
            "deleted by hand (OnDelete): web-0",
            id="an old pod waits for a hand",
        ),
        pytest.param(
            scene(workload(status={"availableReplicas": 2}), *THREE),
            "progressing",
            "2 of 3 as available",
            id="the status is behind",
        ),
        pytest.param(
            scene(workload(), *(broken(f"web-v2-{n}", crashed(4)) for n in range(3))),
            "failing",
            "keeps crashing: exit code 1, 4 restarts (web-v2-0 and 2 more); 0 of 3 pods ready",
            id="every pod crashes",
        ),
        pytest.param(
            scene(workload(), *THREE[:2], broken("web-v1-9", crashed(4), of="v1", created=ago(900))),
            "degraded",
            "keeps crashing",
            id="an old pod crashes without a rollout",
        ),
        pytest.param(
            scene(workload(), *THREE[:2], broken("web-v2-2", container(ready=False, since=ago(20)))),
            "progressing",
            "running, not ready",
            id="a pod is not ready for 20 s",
        ),
        pytest.param(
            scene(workload(), *THREE[:2], broken("web-v2-2", container(ready=False, since=ago(70)))),
            "degraded",
            "never becomes ready (web-v2-2)",
            id="a pod is not ready for 70 s",
        ),
        pytest.param(
            scene(workload(), *THREE[:2], unplaced("web-v2-2", "3 Insufficient cpu", created=ago(70))),
            "degraded",
            "No node has enough free cpu",
            id="a pod finds no place",
        ),
        pytest.param(
            scene(workload(), *THREE[:2], unplaced("web-v2-2", "3 Insufficient cpu", created=ago(30))),
            "progressing",
            "No node has enough free cpu",
            id="a pod has found no place for a short time",
        ),
        pytest.param(
            scene(workload(status=QUOTA), *THREE[:2], revisions=()),
            "degraded",
            "Quota small of the namespace is used up (web)",
            id="a quota keeps pods from being made",
        ),
        pytest.param(
            replace(served(), slices=(endpoints(),)),
            "degraded",
            "does not send to any",
            id="its Service has no endpoints",
        ),
        pytest.param(replace(served(), slices=()), "healthy", "3 of 3", id="endpoints were not looked at"),
        pytest.param(replace(served(), revisions=()), "healthy", "3 of 3", id="revisions were not looked at"),
    ],
)
def test_the_word_and_its_reason(seen: Scene, word: str, reason: str) -> None:
    found = health(seen)
    assert found.word == word
    assert reason in found.reason


def test_the_worst_is_told_first() -> None:
    seen = scene(
        workload(),
        unplaced("web-v2-0", "3 Insufficient cpu", created=ago(100)),
        broken("web-v2-1", waiting("ErrImagePull", "not found")),
    )
    assert health(seen).reason.startswith("The image shop/web:v2 does not exist")


def test_a_reason_stays_short() -> None:
    seen = scene(workload(), broken("web-v2-0", waiting("ErrImagePull", "not found", image="x" * 500)))
    assert len(health(seen).reason) == LONGEST


def test_a_secret_in_what_is_quoted_is_hidden_before_the_reason_is_cut() -> None:
    image = f"{'x' * 200}://bot:{'hunter22' * 9}@registry.test/web"

    found = health(scene(workload(), broken("web-v2-0", waiting("ErrImagePull", "not found", image=image))))

    assert "‹hidden, 76 characters›" in found.reason
    assert "hunter" not in found.reason
