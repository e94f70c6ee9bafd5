"""When a request is sent again, how long we wait, and when it must never be sent twice."""

import asyncio
import random

import pytest

from dot_ai_lifecycle.adapters.kubernetes.caller import AT_ONCE, ServerClock, pause
from dot_ai_lifecycle.core.errors import ClusterFailure, NotFound, Throttled, Unauthorized, Unreachable
from dot_ai_lifecycle.core.objects import CONFIG_MAPS
from dot_ai_lifecycle.core.refs import CONFIG_MAP, ref_to
from dot_ai_lifecycle.embedded.messages import Request
from tests.adapters.conftest import BEGINNING, Box, config_map, on_loop_time

A = ref_to(CONFIG_MAP, "a", "shop")
TOUCH = ({"op": "test", "path": "/data/begun", "value": "yes"}, {"op": "add", "path": "/data/k", "value": "v"})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_read_is_sent_again_where_the_server_had_a_bad_moment(box: Box, status: int) -> None:
    box.fault(status=status, times=2)
    assert (await box.cluster.list(CONFIG_MAPS, "shop")).items == ()
    assert 0 < asyncio.get_running_loop().time() < 1


@pytest.mark.parametrize(("status", "error"), [(500, ClusterFailure), (503, ClusterFailure), (429, Throttled)])
async def test_a_read_that_stays_refused_fails_within_bearable_time(
    box: Box, status: int, error: type[Exception]
) -> None:
    always = box.fault(status=status, times=0)
    with pytest.raises(error):
        await box.cluster.list(CONFIG_MAPS, "shop")
    assert always.matched == 5
    assert asyncio.get_running_loop().time() < 30


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_read_survives_cut_connections(box: Box, drop: str) -> None:
    box.fault(drop=drop, times=2)
    assert (await box.cluster.list(CONFIG_MAPS, "shop")).items == ()


async def test_retry_after_is_obeyed(box: Box) -> None:
    box.fault(status=429, retry_after=7)
    await box.cluster.list(CONFIG_MAPS, "shop")
    assert 7 <= asyncio.get_running_loop().time() <= 7.5


async def test_nobody_waits_for_an_unbearable_retry_after(box: Box) -> None:
    box.fault(status=429, retry_after=120)
    with pytest.raises(Throttled, match="slow down"):
        await box.cluster.list(CONFIG_MAPS, "shop")
    assert asyncio.get_running_loop().time() < 1


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (404, NotFound)])
async def test_what_waiting_cannot_mend_is_not_waited_for(box: Box, status: int, error: type[Exception]) -> None:
    once = box.fault(status=status)
    with pytest.raises(error):
        await box.cluster.list(CONFIG_MAPS, "shop")
    assert once.matched == 1


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"status": 500}, {"status": 503}])
async def test_a_write_that_may_have_taken_effect_is_not_sent_twice(box: Box, fault: dict[str, object]) -> None:
    box.store.create(config_map("a"))
    once = box.fault(method="PATCH|POST|PUT|DELETE", **fault)
    with pytest.raises((Unreachable, ClusterFailure)):
        await box.cluster.patch(A, TOUCH)
    assert once.matched == 1
    assert ("k" in box.store.get("ConfigMap", "a", "shop")["data"]) == (fault.get("drop") == "after")


async def test_a_write_the_server_did_not_look_at_is_sent_again(box: Box) -> None:
    box.store.create(config_map("a"))
    box.fault(method="PATCH", status=429, times=2)
    assert (await box.cluster.patch(A, TOUCH))["data"]["k"] == "v"


async def test_a_dry_run_is_as_patient_as_a_read(box: Box) -> None:
    box.store.create(config_map("a"))
    box.fault(method="PATCH", drop="after", times=2)
    box.fault(method="POST", status=500, times=2)
    assert (await box.cluster.patch(A, TOUCH, dry_run=True))["data"]["k"] == "v"
    assert (await box.cluster.create(config_map("b"), dry_run=True))["data"] == {"begun": "yes"}


async def test_a_server_that_never_answers_is_given_up(box: Box) -> None:
    box.fault(delay=3600, times=0)
    with pytest.raises(Unreachable, match=r"\(context 'test' at https://cluster\.test\).*took too long") as error:
        await box.cluster.list(CONFIG_MAPS, "shop")
    assert asyncio.get_running_loop().time() <= 45
    assert error.value.details == {"address": "https://cluster.test", "context": "test"}


async def test_at_most_eight_requests_are_in_flight(box: Box) -> None:
    flying, most = 0, 0

    async def counted(request: Request) -> None:
        nonlocal flying, most
        flying, most = flying + 1, max(most, flying + 1)
        await asyncio.sleep(1)
        flying -= 1

    box.faults.before = counted
    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(box.cluster.list(CONFIG_MAPS, "shop"))
    assert most == AT_ONCE == 8
    assert asyncio.get_running_loop().time() == pytest.approx(4)


def test_pauses_double_up_to_a_bound_and_differ() -> None:
    chance = random.Random(7)
    pauses = [pause(attempt, chance) for attempt in range(40)]
    assert all(0.1 * 2**n <= waited <= 0.2 * 2**n for n, waited in enumerate(pauses[:4]))
    assert all(2.5 <= waited <= 5 for waited in pauses[5:])
    assert len(set(pauses)) == len(pauses)


async def test_a_clock_that_agrees_to_the_second_is_left_alone() -> None:
    clock = ServerClock(on_loop_time)
    await asyncio.sleep(0.7)
    clock.heard("Sun, 01 Mar 2026 12:00:00 GMT", 0.1)
    assert clock.now() == on_loop_time()


async def test_a_clock_that_is_off_is_set_by_the_servers() -> None:
    clock = ServerClock(on_loop_time)
    clock.heard("Sun, 01 Mar 2026 11:58:00 GMT", 0.1)
    assert (BEGINNING - clock.now()).total_seconds() == pytest.approx(119.5)
    clock.heard("no date at all", 0.1)
    assert (BEGINNING - clock.now()).total_seconds() == pytest.approx(119.5)
