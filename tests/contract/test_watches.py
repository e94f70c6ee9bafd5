"""Watches: from where they begin, what they tell, how they end."""

from tests.contract.talk import Talk, config_map


async def _version(talk: Talk) -> str:
    return str((await talk.get("configmaps")).body["metadata"]["resourceVersion"])


async def test_a_watch_from_a_version_tells_everything_since(talk: Talk) -> None:
    since = await _version(talk)
    await talk.made("configmaps", config_map("a", x="1"))
    await talk.patch("configmaps", "a", {"data": {"x": "2"}})
    await talk.delete("configmaps", "a")
    async with talk.watch("configmaps", resourceVersion=since, fieldSelector="metadata.name=a") as watched:
        assert await watched.names(3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_a_watch_tells_what_happens_while_it_is_open(talk: Talk) -> None:
    async with talk.watch("configmaps", resourceVersion=await _version(talk), labelSelector="mine") as watched:
        await talk.made("configmaps", config_map("a", labels={"mine": "1"}))
        assert await watched.names(1) == [("ADDED", "a")]


async def test_a_watch_without_a_version_begins_with_what_exists(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", labels={"mine": "1"}))
    await talk.made("configmaps", config_map("b", labels={"mine": "1"}))
    async with talk.watch("configmaps", labelSelector="mine") as watched:
        assert sorted(await watched.names(2)) == [("ADDED", "a"), ("ADDED", "b")]


async def test_an_object_entering_a_selector_is_added_and_leaving_it_deleted(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a"))
    async with talk.watch("configmaps", resourceVersion=await _version(talk), labelSelector="on=1") as watched:
        await talk.patch("configmaps", "a", {"metadata": {"labels": {"on": "1"}}})
        await talk.patch("configmaps", "a", {"data": {"x": "1"}})
        left = await talk.patch("configmaps", "a", {"metadata": {"labels": {"on": None}}})
        events = [await watched.next() for _ in range(3)]
    assert [type_ for type_, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    last = events[-1][1]["metadata"]
    assert last["labels"] == {"on": "1"}, "what left is shown as it last was inside"
    assert last["resourceVersion"] == left.body["metadata"]["resourceVersion"]


async def test_a_deletion_carries_a_version_of_its_own(talk: Talk) -> None:
    made = await talk.made("configmaps", config_map("a"))
    since = made["metadata"]["resourceVersion"]
    async with talk.watch("configmaps", resourceVersion=since, fieldSelector="metadata.name=a") as watched:
        await talk.delete("configmaps", "a")
        type_, last = await watched.next()
    assert type_ == "DELETED"
    assert int(last["metadata"]["resourceVersion"]) > int(since)


async def test_a_watch_ends_after_its_timeout_with_a_bookmark_when_asked(talk: Talk) -> None:
    options = {"timeoutSeconds": "3", "allowWatchBookmarks": "true", "resourceVersion": await _version(talk)}
    async with talk.watch("configmaps", labelSelector="none", **options) as watched:
        events = await watched.rest()
    assert {type_ for type_, _ in events} <= {"BOOKMARK"}
    for _, object_ in events:
        assert object_["kind"] == "ConfigMap"
        assert object_["metadata"]["resourceVersion"].isdigit()


async def test_initial_events_end_with_a_marked_bookmark(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a", labels={"mine": "1"}))
    options = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with talk.watch("configmaps", labelSelector="mine", **options) as watched:
        assert (await watched.next())[0] == "ADDED"
        type_, mark = await watched.next()
    assert type_ == "BOOKMARK"
    assert mark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_version_long_gone_is_told_inside_the_watch(talk: Talk) -> None:
    await talk.made("configmaps", config_map("a"))
    async with talk.watch("configmaps", resourceVersion="1") as watched:
        type_, status = await watched.next()
    assert type_ in {"ERROR", "ADDED"}, "a young cluster may still know its first version"
    if type_ == "ERROR":
        assert (status["code"], status["reason"]) == (410, "Expired")
        assert status["message"].startswith("too old resource version: 1 (")
