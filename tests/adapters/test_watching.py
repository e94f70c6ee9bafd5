"""A watch tells one endless story, whatever happens to its connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from dot_ai_lifecycle.adapters.kubernetes import KubernetesCluster
from dot_ai_lifecycle.core.errors import ClusterFailure, Forbidden, LifecycleError, Unauthorized, Unreachable
from dot_ai_lifecycle.core.objects import CONFIG_MAPS, ConfigMap
from dot_ai_lifecycle.core.ports import Seen
from dot_ai_lifecycle.core.refs import CONFIG_MAP, ref_to
from dot_ai_lifecycle.embedded.messages import Request
from dot_ai_lifecycle.embedded.transport import InProcess, Stream
from tests.adapters.conftest import Box, config_map

Story = AsyncIterator[Seen[ConfigMap]]


def said(seen: Seen[ConfigMap]) -> str:
    return f"{seen.type} {seen.item.name}" if seen.item else seen.type


async def told(story: Story, number: int) -> list[str]:
    return [said(await anext(story)) for _ in range(number)]


def watches(box: Box) -> list[Request]:
    return [request for request in box.requests if request.arg("watch") == "true"]


def change(box: Box, name: str, value: str) -> None:
    box.store.edit("ConfigMap", name, "shop", lambda found: found.update(data={"k": value}))


class Closing(InProcess):
    """A proxy in between that ends every stream as soon as it began."""

    opened = 0

    @asynccontextmanager
    async def _stream(self, request: Request, timeout: float) -> AsyncIterator[Stream]:
        self.opened += 1
        async with super()._stream(request, timeout) as stream:
            yield Stream(stream.status, stream.headers)


async def test_it_begins_with_what_exists_then_says_so_then_goes_on(box: Box) -> None:
    box.store.create(config_map("a"))
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        assert await told(story, 2) == ["added a", "synced"]
        box.store.create(config_map("b"))
        change(box, "a", "1")
        box.store.delete("ConfigMap", "b", "shop")
        assert await told(story, 3) == ["added b", "modified a", "deleted b"]
    assert asyncio.get_running_loop().time() == 0


async def test_it_asks_for_bookmarks_and_ends_at_random_between_four_and_five_minutes(box: Box) -> None:
    async with box.cluster.watch(CONFIG_MAPS, "shop", labels="app=web") as story:
        assert await told(story, 1) == ["synced"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10_000):
                await anext(story)
    asked = watches(box)
    seconds = [int(request.arg("timeoutSeconds")) for request in asked]
    assert all(240 <= given <= 300 for given in seconds)
    assert len(set(seconds)) > 5
    assert {request.arg("allowWatchBookmarks") for request in asked} == {"true"}
    assert {request.arg("labelSelector") for request in asked} == {"app=web"}


async def test_from_a_version_on_it_tells_only_what_came_after(box: Box) -> None:
    box.store.create(config_map("a"))
    listed = await box.cluster.list(CONFIG_MAPS, "shop")
    change(box, "a", "1")
    async with box.cluster.watch(CONFIG_MAPS, "shop", since=listed.resource_version) as story:
        assert await told(story, 1) == ["modified a"]
    assert len(box.requests) == 2


async def test_a_cut_connection_is_taken_up_where_it_ended(box: Box) -> None:
    box.fault(path="watch=true", cut=1, times=3)
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        await told(story, 1)
        for name in "abcdef":
            box.store.create(config_map(name))
        assert await told(story, 6) == [f"added {name}" for name in "abcdef"]
    assert len(watches(box)) == 4
    assert sum(request.arg("watch") == "" for request in box.requests) == 1


async def _expired_answer(box: Box) -> None:
    box.fault(path="watch=true", status=410)


async def _expired_event(box: Box) -> None:
    box.fault(path="watch=true", expire=True)


async def _compacted(box: Box) -> None:
    box.fault(path="watch=true", drop="before")
    box.api.compact()


@pytest.mark.parametrize("forgotten", [_expired_answer, _expired_event, _compacted])
async def test_what_happened_while_the_cluster_forgot_is_told_deletions_included(
    box: Box, forgotten: Callable[[Box], Awaitable[None]]
) -> None:
    for name in "abc":
        box.store.create(config_map(name))
    box.fault(path="watch=true", cut=0)
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        assert await told(story, 4) == ["added a", "added b", "added c", "synced"]
        box.store.delete("ConfigMap", "a", "shop")
        change(box, "b", "1")
        box.store.create(config_map("d"))
        await forgotten(box)
        assert sorted(await told(story, 3)) == ["added d", "deleted a", "modified b"]
        change(box, "c", "1")
        assert await told(story, 1) == ["modified c"]


async def test_a_version_that_is_too_old_from_the_start_gives_the_whole_picture(box: Box) -> None:
    box.store.create(config_map("a"))
    box.fault(path="watch=true", status=410)
    async with box.cluster.watch(CONFIG_MAPS, "shop", since="1") as story:
        assert await told(story, 2) == ["added a", "synced"]


async def test_a_server_that_always_forgets_is_not_asked_in_a_busy_loop(box: Box) -> None:
    box.fault(path="watch=true", expire=True, times=0)
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        await told(story, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await anext(story)
    assert 5 <= len(watches(box)) <= 30


async def test_a_server_that_ends_every_watch_at_once_is_not_asked_in_a_busy_loop(box: Box) -> None:
    closing = Closing(box.api)
    async with KubernetesCluster(closing, "test", "shop").watch(CONFIG_MAPS, "shop") as story:
        await told(story, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await anext(story)
    assert 5 <= closing.opened <= 30


@pytest.mark.parametrize(
    ("fault", "error"),
    [({"drop": "before"}, Unreachable), ({"status": 503}, ClusterFailure), ({"delay": 3600}, Unreachable)],
)
async def test_two_minutes_without_any_answer_are_enough(
    box: Box, fault: dict[str, object], error: type[LifecycleError]
) -> None:
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        await told(story, 1)
        box.fault(times=0, **fault)
        await asyncio.sleep(0)
        with pytest.raises(error):
            await anext(story)
    assert 120 <= asyncio.get_running_loop().time() <= 180


async def test_an_outage_of_a_minute_is_nobodys_business(box: Box) -> None:
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        await told(story, 1)
        outage = box.fault(drop="before", times=0)
        waiting = asyncio.create_task(told(story, 1))
        await asyncio.sleep(60)
        box.faults.faults.remove(outage)
        box.store.create(config_map("a"))
        assert await waiting == ["added a"]


@pytest.mark.parametrize("verb", ["list", "watch"])
async def test_a_missing_right_ends_it_at_once(box: Box, verb: str) -> None:
    box.faults.forbid(verb, "configmaps")
    with pytest.raises(Forbidden, match=f"may not {verb} configmaps in namespace shop"):
        async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
            await told(story, 2)
    assert asyncio.get_running_loop().time() == 0


async def test_credentials_that_are_not_accepted_end_it_at_once(box: Box) -> None:
    box.fault(path="watch=true", status=401)
    with pytest.raises(Unauthorized):
        async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
            await told(story, 2)


async def test_a_silent_connection_is_given_up_and_nothing_is_lost(box: Box) -> None:
    async with box.cluster.watch(CONFIG_MAPS, "shop", fields="metadata.name=never") as story:
        await told(story, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await anext(story)
    versions = [int(request.arg("resourceVersion")) for request in watches(box)]
    assert versions == sorted(versions)


async def test_a_watch_that_is_told_to_wait_waits(box: Box) -> None:
    box.fault(path="watch=true", status=429, retry_after=17)
    box.store.create(config_map("a"))
    listed = await box.cluster.list(CONFIG_MAPS, "shop")
    change(box, "a", "1")
    async with box.cluster.watch(CONFIG_MAPS, "shop", since=listed.resource_version) as story:
        assert await told(story, 1) == ["modified a"]
    assert asyncio.get_running_loop().time() == 17


async def test_watches_do_not_take_the_turns_of_requests(box: Box) -> None:
    async def reading() -> None:
        async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
            async for _ in story:
                pass

    readers = [asyncio.create_task(reading()) for _ in range(20)]
    await asyncio.sleep(1)
    async with asyncio.timeout(1):
        await box.cluster.create(config_map("a"))
        assert (await box.cluster.read(ref_to(CONFIG_MAP, "a", "shop")))["data"] == {"begun": "yes"}
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)


async def test_a_watch_that_is_no_longer_read_is_closed(box: Box) -> None:
    async with box.cluster.watch(CONFIG_MAPS, "shop") as story:
        await told(story, 1)
        box.store.create(config_map("a"))
        await told(story, 1)
    with pytest.raises(StopAsyncIteration):
        await anext(story)
