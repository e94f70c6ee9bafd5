"""Waiting for the gateways of one very route, whatever becomes of it meanwhile."""

import asyncio
from pathlib import Path

import pytest

from dot_ai_lifecycle.core.refs import HTTP_ROUTE, Ref, ref_to
from dot_ai_lifecycle.core.steps import Await
from dot_ai_lifecycle.engine.means import Did, Failed
from dot_ai_lifecycle.engine.routes import followed
from tests.support.gateway import DEFINITION, ROUTE
from tests.support.house import BARE, House, house

ELSEWHERE = ROUTE.partition("---")[2]


def this(home: House, uid: str = "") -> Ref:
    return ref_to(HTTP_ROUTE, "bare", "shop", uid or home.box.store.get("HTTPRoute", "bare", "shop")["metadata"]["uid"])


async def waited(home: House, ref: Ref, told: list[str]) -> Did:
    async def tell(text: str, done: int, total: int) -> None:
        told.append(text)

    return await followed(home.client(), Await(ref=ref, until="followed", within=60, why="a canary"), tell)


async def test_it_ends_as_soon_as_all_that_was_missing_is_there(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        home.box.store.delete("Service", "elsewhere", "shop")
        await home.box.settled()
        told: list[str] = []
        waiting = asyncio.create_task(waited(home, this(home), told))
        await asyncio.sleep(5)
        assert not waiting.done()

        home.box.apply(ELSEWHERE)

        assert (await waiting).text == "front follows HTTPRoute shop/bare"
        assert "Service elsewhere not found" in told[0]


@pytest.mark.parametrize("uid", ["", "of-another"], ids=["deleted meanwhile", "another of its name"])
async def test_it_ends_where_the_very_route_is_gone(tmp_path: Path, uid: str):
    async with house(tmp_path, DEFINITION, BARE, ROUTE) as home:
        home.box.store.delete("Service", "elsewhere", "shop")
        await home.box.settled()
        waiting = asyncio.create_task(waited(home, this(home, uid), []))
        await asyncio.sleep(5)
        if not uid:
            home.box.store.delete("HTTPRoute", "bare", "shop")

        with pytest.raises(Failed) as caught:
            await waiting

        assert (caught.value.cause.code, caught.value.undoable) == ("GONE", False)
