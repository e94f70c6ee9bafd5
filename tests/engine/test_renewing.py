"""Which pods of a DaemonSet are deleted on the way to a few new ones, and which never."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.refs import DAEMON_SET, ref_to
from dot_ai_lifecycle.core.steps import Await, Renew
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.renewing import renewed
from tests.support.house import AGENT, House, house
from tests.support.scenes import NOW, pod, scene, workload

AGENTS = ref_to(DAEMON_SET, "web", "shop", "uid-DaemonSet")


def on(number: int, tag: str = "v1", **more: Any) -> Pod:
    """The pod on a node."""
    labels = MappingProxyType({"controller-revision-hash": tag})
    return pod(f"web-{number}-{tag}", labels=labels, node=f"node-{number}", **more)


class Looks:
    """Answers one look after another, and remembers how many new pods were waited for."""

    def __init__(self, *looks: tuple[Pod, ...]) -> None:
        self._looks = list(looks)
        self.waited: list[int | None] = []

    async def __call__(self, step: Await) -> Did:
        self.waited.append(step.pods)
        pods = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return Did("ready", scene=scene(workload("DaemonSet"), *pods))


async def deleted(home: House, looks: Looks, pods: int, at_once: int = 1) -> list[str]:
    """The pods whose deletion was asked for; none of them is there, so each was deleted by somebody else before."""
    asked: list[str] = []
    home.box.faults.after = lambda request, _: (
        asked.append(request.path.rpartition("/")[2]) if request.method == "DELETE" else None
    )
    step = Renew(ref=AGENTS, pods=pods, at_once=at_once, within=60, why="a canary")
    assert (await renewed(home.client(), step, looks)).text == "ready"
    return asked


async def test_nodes_are_taken_by_name_and_lot_by_lot(tmp_path: Path):
    looks = Looks(
        (on(3), on(1), on(2), on(4)),
        (on(3), on(1, "v2"), on(2, "v2"), on(4)),
        (on(3, "v2"), on(1, "v2"), on(2, "v2"), on(4)),
    )
    async with house(tmp_path, AGENT) as home:
        assert await deleted(home, looks, 3, at_once=2) == ["web-1-v1", "web-2-v1", "web-3-v1"]
    assert looks.waited == [0, 2, 3]


@pytest.mark.parametrize("begun", [on(1, "v2"), on(1, deleting_since=NOW)], ids=["new", "on its way"])
async def test_whoever_goes_on_after_a_crash_counts_what_was_begun(tmp_path: Path, begun: Pod):
    looks = Looks((begun, on(2), on(3)), (begun, on(2), on(3)), (on(1, "v2"), on(2, "v2"), on(3)))
    async with house(tmp_path, AGENT) as home:
        assert await deleted(home, looks, 2) == ["web-2-v1"]
    assert looks.waited == [0, 1, 2]


async def test_a_node_with_a_pod_that_ends_and_one_that_stays_was_not_begun(tmp_path: Path):
    looks = Looks((on(1, deleting_since=NOW), on(1), on(2)), (on(1, "v2"), on(2)))
    async with house(tmp_path, AGENT) as home:
        assert await deleted(home, looks, 1) == ["web-1-v1"]


async def test_pods_that_are_not_ready_are_left_alone_and_too_few_others_are_a_failure(tmp_path: Path):
    looks = Looks((on(1, "v2"), on(2, ready=False), on(3, ready=False)))
    async with house(tmp_path, AGENT) as home:
        with pytest.raises(Failed) as caught:
            await deleted(home, looks, 2)

    assert caught.value.undoable
    assert caught.value.cause.code == "NOT_READY"
    assert caught.value.cause.text == (
        "DaemonSet shop/web has no more pods that are ready to be replaced: 1 of 2 were."
    )
