"""The clock the other tests trust."""

import asyncio
import time

import pytest


async def test_an_hour_of_waiting_takes_no_time():
    loop, began = asyncio.get_running_loop(), time.monotonic()

    await asyncio.sleep(3600)

    assert loop.time() == pytest.approx(3600, abs=1)
    assert time.monotonic() - began < 1


async def test_timers_fire_in_the_order_of_their_times():
    order: list[int] = []

    async def later(seconds: int) -> None:
        await asyncio.sleep(seconds)
        order.append(seconds)

    await asyncio.gather(later(30), later(10), later(20))

    assert order == [10, 20, 30]


@pytest.mark.realtime
async def test_a_test_that_asks_for_real_time_gets_it():
    assert asyncio.get_running_loop().time() > 0
    assert type(asyncio.get_running_loop()) is asyncio.SelectorEventLoop
