"""Writing what a Helm release holds: once, never over somebody else, and told when it cannot be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.helm import secret_of
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.refs import SECRET, ref_to
from dot_ai_lifecycle.core.steps import Inscribe, Reissue
from dot_ai_lifecycle.embedded.faults import Fault
from dot_ai_lifecycle.engine.means import Failed
from dot_ai_lifecycle.engine.releases import released
from tests.support.house import House, house
from tests.support.releases import FIRST, SECOND, Helm

LOGIN = """
apiVersion: v1
kind: Secret
metadata: {name: site-login}
data: {password: %s}
"""
OLD, NEW = LOGIN % "b2xk", LOGIN % "bmV3"


@dataclass
class Release:
    """A release of two revisions, and a connection to write with."""

    home: House
    helm: Helm
    cluster: Cluster

    def inscribe(self, number: int, was: str, status: str, maker: str = "abcd2345") -> Inscribe:
        target = secret_of("site", 1, "shop")
        return Inscribe(
            ref=secret_of("site", number, "shop"),
            was=was,
            status=status,
            number=number,
            copy_of=target,
            maker=maker,
            why="test",
        )

    @property
    def reissue(self) -> Reissue:
        now, then = secret_of("site", 2, "shop"), secret_of("site", 1, "shop")
        return Reissue(ref=ref_to(SECRET, "site-login", "shop"), now=now, then=then, why="test")

    def login(self) -> dict[str, Any]:
        return self.home.box.store.get("Secret", "site-login", "shop")

    def secrets(self) -> list[str]:
        return [one["metadata"]["name"] for one in self.home.box.store.list("Secret", "shop")]


@asynccontextmanager
async def release(tmp_path: Path, old: str = OLD, new: str = NEW) -> AsyncIterator[Release]:
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(replace(FIRST, more=old), replace(SECOND, more=new))
        yield Release(home, helm, home.client())


async def failure(at: Release, step: Inscribe | Reissue) -> Failed:
    with pytest.raises(Failed) as caught:
        await released(at.cluster, step)
    return caught.value


async def test_a_status_is_written_once_and_what_stands_is_left(tmp_path: Path):
    async with release(tmp_path) as at:
        done = await released(at.cluster, at.inscribe(2, "deployed", "superseded"))
        version = at.home.box.store.get("Secret", "sh.helm.release.v1.site.v2", "shop")["metadata"]["resourceVersion"]
        again = await released(at.cluster, at.inscribe(2, "deployed", "superseded"))

        found = at.home.box.store.get("Secret", "sh.helm.release.v1.site.v2", "shop")
        assert (done.text, "already" in again.text) == ("revision 2 of the release is superseded", True)
        assert found["metadata"]["resourceVersion"] == version
        assert at.helm.statuses() == ["superseded", "superseded"]


async def test_a_revision_comes_and_goes(tmp_path: Path):
    async with release(tmp_path) as at:
        for _ in range(2):
            await released(at.cluster, at.inscribe(3, "", "pending-rollback"))
        assert at.helm.statuses() == ["superseded", "deployed", "pending-rollback"]
        for _ in range(2):
            await released(at.cluster, at.inscribe(3, "pending-rollback", ""))
        assert at.helm.statuses() == ["superseded", "deployed"]


async def test_a_revision_that_somebody_else_made_is_not_taken_over(tmp_path: Path):
    async with release(tmp_path) as at:
        await at.helm.upgrade(FIRST)

        failed = await failure(at, at.inscribe(3, "", "pending-rollback"))

        assert (failed.cause.code, failed.undoable) == ("FOREIGN_CHANGE", False)
        assert "made by somebody else" in failed.cause.evidence[0]


async def test_two_operations_do_not_share_a_revision(tmp_path: Path):
    async with release(tmp_path) as at:
        await released(at.cluster, at.inscribe(3, "", "pending-rollback"))

        failed = await failure(at, at.inscribe(3, "", "pending-rollback", maker="another2"))

        assert failed.cause.code == "FOREIGN_CHANGE"


@pytest.mark.parametrize(("number", "told"), [(2, "is deployed, not failed"), (9, "is gone, not failed")])
async def test_a_revision_in_another_status_is_somebody_elses(tmp_path: Path, number: int, told: str):
    async with release(tmp_path) as at:
        failed = await failure(at, at.inscribe(number, "failed", "superseded"))

        assert (failed.cause.code, failed.undoable) == ("FOREIGN_CHANGE", False)
        assert told in failed.cause.evidence[0]


async def test_a_target_that_is_gone_is_told(tmp_path: Path):
    async with release(tmp_path) as at:
        at.home.box.store.delete("Secret", "sh.helm.release.v1.site.v1", "shop")

        copied = await failure(at, at.inscribe(3, "", "pending-rollback"))
        reissued = await failure(at, at.reissue)

        assert (copied.cause.code, reissued.cause.code) == ("GONE", "GONE")
        assert "It is needed to know what Secret shop/site-login is to hold" in reissued.cause.text


@pytest.mark.parametrize("kind", ["inscribe", "reissue"])
async def test_what_the_cluster_refuses_is_told_and_may_be_taken_back(tmp_path: Path, kind: str):
    async with release(tmp_path) as at:
        step = at.reissue if kind == "reissue" else at.inscribe(2, "deployed", "superseded")
        for method in ("PUT", "PATCH"):
            at.home.box.faults.add(Fault(method=method, path="/secrets/", status=422, times=0))

        failed = await failure(at, step)

        assert (failed.cause.code, failed.undoable) == ("REFUSED_BY_CLUSTER", True)


@pytest.mark.parametrize(("kind", "code"), [("inscribe", "FOREIGN_CHANGE"), ("reissue", "CONFLICT")])
@pytest.mark.parametrize("times", [2, 0], ids=["for a while", "for ever"])
async def test_what_keeps_changing_is_tried_a_few_times(tmp_path: Path, kind: str, code: str, times: int):
    async with release(tmp_path) as at:
        step = at.reissue if kind == "reissue" else at.inscribe(2, "deployed", "superseded")
        for method in ("PUT", "PATCH"):
            at.home.box.faults.add(Fault(method=method, path="/secrets/", status=409, times=times))

        if times:
            assert (await released(at.cluster, step)).text
        else:
            assert (await failure(at, step)).cause.code == code


async def test_a_secret_becomes_what_the_revision_says_and_keeps_what_others_added(tmp_path: Path):
    async with release(tmp_path) as at:
        at.home.box.store.edit(
            "Secret", "site-login", "shop", lambda one: one["data"].update(theirs="eA=="), field_manager="a-stranger"
        )

        for _ in range(2):
            await released(at.cluster, at.reissue)

        assert at.login()["data"] == {"password": "b2xk", "theirs": "eA=="}


async def test_a_secret_that_was_lost_is_made_anew(tmp_path: Path):
    async with release(tmp_path) as at:
        at.home.box.store.delete("Secret", "site-login", "shop")

        await released(at.cluster, at.reissue)

        assert at.login()["data"] == {"password": "b2xk"}
        assert at.login()["metadata"]["annotations"]["meta.helm.sh/release-name"] == "site"


async def test_a_secret_that_the_revision_does_not_have_goes_once(tmp_path: Path):
    async with release(tmp_path, old="") as at:
        for _ in range(2):
            await released(at.cluster, at.reissue)

        assert "site-login" not in at.secrets()
        back = await released(at.cluster, at.reissue.inverse("back"))
        assert (back.text, at.login()["data"]) == ("Secret shop/site-login created", {"password": "bmV3"})
