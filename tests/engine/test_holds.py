"""Holding an app: by one at a time, for as long as the holder lives, and never in the way of who has no such right."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.core.errors import Busy, Refused
from dot_ai_lifecycle.core.leases import DURATION, held, lease_manifest, lease_of
from dot_ai_lifecycle.core.refs import DEPLOYMENT, Ref, ref_to
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.lease import Hold
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House, house

WEB: Ref = ref_to(DEPLOYMENT, "web", "shop")
LEASE = lease_of(WEB)


def client(home: House) -> KubernetesCluster:
    return KubernetesCluster(home.box.transport, "embedded", "shop", clock=home.box.now)


def hold(home: House, holder: str) -> Hold:
    return Hold(client(home), WEB, holder)


def holder(home: House) -> str:
    """Who holds the app now; empty where nobody does."""
    found = held(home.box.store.get("Lease", LEASE.name, "shop"))
    return found.holder if found else ""


def taken_by(home: House, thief: str) -> None:
    """Somebody takes the lease, whoever holds it."""
    home.box.store.edit(
        "Lease", LEASE.name, "shop", lambda lease: lease["spec"].update(holderIdentity=thief), field_manager="thief"
    )


async def test_the_second_is_told_by_whom_and_since_when(tmp_path: Path):
    async with house(tmp_path) as home:
        first = hold(home, "cli:alice/op1")
        await first.take()

        with pytest.raises(Busy, match=r"changed by cli:alice since .* UTC \(operation op1\)") as caught:
            await hold(home, "cli:bob/op2").take()

        assert caught.value.details["operation"] == "op1"
        await first.let_go()
        assert holder(home) == ""


async def test_who_lets_go_makes_room_for_the_next(tmp_path: Path):
    async with house(tmp_path) as home:
        first, second = hold(home, "cli:alice/op1"), hold(home, "cli:bob/op2")
        await first.take()
        await first.let_go()

        await second.take()

        assert holder(home) == "cli:bob/op2"
        await second.let_go()
        await second.let_go()


async def test_a_holder_that_lives_is_not_taken_over_by_who_thinks_it_dead(tmp_path: Path):
    async with house(tmp_path) as home:
        first = hold(home, "cli:alice/op1")
        await first.take()

        with pytest.raises(Busy, match="cli:alice"):
            await hold(home, "cli:bob/op2").take(instead_of="op1")

        await first.let_go()


async def test_a_holder_that_ends_while_it_is_waited_out_is_said_to_have_lived(tmp_path: Path):
    async with house(tmp_path) as home:
        first = hold(home, "cli:alice/op1")
        await first.take()
        asyncio.get_running_loop().call_later(8, lambda: asyncio.ensure_future(first.let_go()))

        with pytest.raises(Refused, match="op1 was alive and has ended by itself"):
            await hold(home, "cli:bob/op2").take(instead_of="op1")


@pytest.mark.parametrize("silent", [DURATION + 1, DURATION - 3], ids=["longer than it lives", "not yet so long"])
async def test_a_silent_holder_is_followed_once_its_time_is_over(tmp_path: Path, silent: int):
    async with house(tmp_path) as home:
        past = home.box.now() - timedelta(seconds=silent)
        await client(home).create(lease_manifest(WEB, "cli:dead/op1", since=past, now=past))
        second = hold(home, "cli:bob/op2")

        await second.take(instead_of="op1")

        assert holder(home) == "cli:bob/op2"
        await second.let_go()


async def test_a_lease_that_flickers_is_given_up_after_a_few_tries(tmp_path: Path):
    async with house(tmp_path) as home:

        def flicker(request: Any) -> None:
            if "/leases" not in request.path:
                return
            there = home.box.store.find("Lease", LEASE.name, "shop")
            if request.method == "POST" and not there:
                home.box.store.create(lease_manifest(WEB, "cli:x/op9", since=home.box.now(), now=home.box.now()))
            if request.method == "GET" and there:
                home.box.store.delete("Lease", LEASE.name, "shop")

        home.box.faults.before = flicker

        with pytest.raises(Busy, match="taken by several at once"):
            await hold(home, "cli:bob/op2").take()


async def test_who_may_not_write_leases_works_on_guarded_by_the_patches(tmp_path: Path):
    async with house(tmp_path) as home:
        home.box.faults.forbid("create", "leases")

        record = await home.run(UpdateApp(app="web", version="v2"))

        assert record.state == "done"
        assert home.box.store.find("Lease", LEASE.name, "shop") is None


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Fault(method="PUT", path="leases", drop="after")], id="the answer of a renewal is lost"),
        pytest.param([Fault(method="PUT", path="leases", status=403)], id="a renewal is refused"),
        pytest.param(
            [Fault(method="PUT", path="leases", drop="after"), Fault(method="GET", path="leases", status=403)],
            id="and nobody can look whose it is",
        ),
    ],
)
async def test_a_renewal_that_fails_does_not_end_a_run(tmp_path: Path, faults: list[Fault]):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="slow"))
        for fault in faults:
            home.box.faults.add(fault)

        record = await run.wait()

        assert record.state == "done"
        assert all(fault.matched for fault in faults[:1])


async def test_a_lease_that_cannot_be_freed_ends_by_itself(tmp_path: Path):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="v2"))
        home.box.faults.add(Fault(method="PUT", path="leases", status=403, times=0))

        assert (await run.wait()).state == "done"

        home.box.faults.clear()
        await asyncio.sleep(DURATION + 1)
        assert (await home.run(UpdateApp(app="web", version="v3"))).state == "done"


@pytest.mark.parametrize(("thief", "named"), [("cli:thief/op9", "cli:thief/op9"), ("", "nobody")])
async def test_a_run_whose_app_was_taken_over_writes_no_more(tmp_path: Path, thief: str, named: str):
    async with house(tmp_path) as home:
        run = await home.start(UpdateApp(app="web", version="unready"))
        await run.wait(within=2)
        taken_by(home, thief)

        record = await run.wait()

        assert record.state == "stuck"
        assert f"taken over by {named}" in record.verdict
        assert home.image() == "box.local/web:unready"
        assert holder(home) == thief


async def test_a_renewal_that_hangs_does_not_cost_the_lease(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        held = hold(home, "cli:alice/op1")
        await held.take()
        home.box.faults.add(Fault(method="PUT", path="leases", delay=60))
        await asyncio.sleep(DURATION + 2)

        with pytest.raises(Busy, match="cli:alice"):
            await hold(home, "cli:bob/op2").take()
        await held.let_go()
