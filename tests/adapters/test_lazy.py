"""A server starts whatever state its cluster is in: the connection is made when it is first needed."""

import asyncio

import pytest

from dot_ai_lifecycle.adapters.kubernetes import KubernetesCluster, LazyCluster
from dot_ai_lifecycle.core.errors import NoCluster, NotFound
from dot_ai_lifecycle.core.objects import CONFIG_MAPS
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.refs import CONFIG_MAP, ref_to
from tests.adapters.conftest import BEGINNING, Box, config_map, on_loop_time

A = ref_to(CONFIG_MAP, "a", "shop")


class Connecting:
    """Connects after a second, except for the first so many times."""

    def __init__(self, box: Box, failures: int = 0) -> None:
        self.box, self.failures, self.tries = box, failures, 0

    async def __call__(self) -> KubernetesCluster:
        self.tries += 1
        await asyncio.sleep(1)
        if self.tries <= self.failures:
            raise NoCluster("not yet")
        return self.box.cluster


async def test_nothing_is_connected_before_something_is_asked(box: Box) -> None:
    connecting = Connecting(box)
    lazy = LazyCluster(connecting, clock=on_loop_time)
    assert lazy.now() == BEGINNING
    await lazy.close()
    assert connecting.tries == 0


async def test_all_who_ask_at_once_share_one_connection(box: Box) -> None:
    connecting = Connecting(box)
    lazy = LazyCluster(connecting)
    await asyncio.gather(*(lazy.list(CONFIG_MAPS) for _ in range(5)))
    assert connecting.tries == 1


async def test_after_a_failure_the_next_call_tries_again(box: Box) -> None:
    connecting = Connecting(box, failures=2)
    lazy = LazyCluster(connecting)
    for _ in range(2):
        with pytest.raises(NoCluster, match="not yet"):
            await lazy.identity()
    assert (await lazy.identity()).context == "test"
    assert connecting.tries == 3


async def test_it_can_do_all_a_cluster_can(box: Box) -> None:
    lazy: Cluster = LazyCluster(Connecting(box))
    made = await lazy.create(config_map("a", k="1"))
    assert await lazy.read(A) == made
    assert (await lazy.get(CONFIG_MAPS, "a")).data == {"k": "1"}
    await lazy.patch(A, [{"op": "replace", "path": "/data/k", "value": "2"}])
    await lazy.replace(config_map("a", k="3"))
    assert [found.data for found in (await lazy.list(CONFIG_MAPS, "shop", limit=5)).items] == [{"k": "3"}]
    assert await lazy.allowed("get", CONFIG_MAP, "shop")
    assert lazy.now() >= BEGINNING
    with pytest.raises(NotFound):
        await lazy.log_lines("none", "shop", "app")
    async with lazy.watch(CONFIG_MAPS, "shop") as story:
        assert [(await anext(story)).type, (await anext(story)).type] == ["added", "synced"]
    await lazy.delete(A)


async def test_after_closing_a_call_connects_anew(box: Box) -> None:
    connecting = Connecting(box)
    lazy = LazyCluster(connecting)
    await lazy.identity()
    await lazy.close()
    await lazy.identity()
    assert connecting.tries == 2
