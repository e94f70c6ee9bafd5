"""Kinds that only some clusters serve: asked for once, and again a while after a no."""

import asyncio

import yaml

from dot_ai_lifecycle.core.refs import CANARY, DEPLOYMENT, KRUISE_ROLLOUT, ROLLOUT, ref_to
from dot_ai_lifecycle.core.steering import said
from tests.adapters.conftest import Box
from tests.support.rollouts import DEFINITION, PAUSING, rollout

GROUPS, GROUP = "/apis", "/apis/argoproj.io/v1alpha1"


def asked(box: Box, path: str = GROUP) -> int:
    return sum(1 for request in box.requests if request.path == path)


async def test_a_cluster_without_any_of_the_kinds_is_asked_once_for_all_of_them(box: Box):
    kinds = (ROLLOUT, CANARY, KRUISE_ROLLOUT)
    found = await asyncio.gather(*(box.cluster.serves(kind) for kind in kinds * 3))

    assert (found, len(box.requests), asked(box, GROUPS)) == ([False] * 9, 1, 1)
    assert await box.cluster.serves(DEPLOYMENT)


async def test_what_was_installed_meanwhile_is_found_after_ten_minutes(box: Box):
    assert not await box.cluster.serves(ROLLOUT)
    box.store.create(yaml.safe_load(DEFINITION))
    assert not await box.cluster.serves(ROLLOUT)
    await asyncio.sleep(601)

    assert await box.cluster.serves(ROLLOUT)
    await asyncio.sleep(3600)
    assert await box.cluster.serves(ROLLOUT)
    assert (asked(box, GROUPS), asked(box)) == (2, 1), "a yes stands"


async def test_where_the_groups_may_not_be_listed_each_is_asked_itself(box: Box):
    box.store.create(yaml.safe_load(DEFINITION))
    box.fault(status=403, path="/apis$")

    assert await box.cluster.serves(ROLLOUT)
    assert not await box.cluster.serves(CANARY)


async def test_where_the_group_may_not_be_read_the_kind_is_taken_not_to_be_there(box: Box):
    box.store.create(yaml.safe_load(DEFINITION))
    box.fault(status=403, path=GROUP)
    assert not await box.cluster.serves(ROLLOUT)


async def test_a_status_is_patched_apart_from_the_spec(box: Box):
    box.store.create(yaml.safe_load(DEFINITION))
    made = box.store.create(yaml.safe_load(rollout("api", PAUSING)))
    ref = ref_to(ROLLOUT, "api", "shop", made["metadata"]["uid"])

    def under_way(fresh: dict[str, object]) -> None:
        fresh["status"] = {"currentPodHash": "new", "stableRS": "old"}

    box.store.edit("Rollout", "api", "shop", under_way, subresource="status")
    (one,) = said(ref, await box.cluster.read(ref), "abort")
    answer = await box.cluster.patch(ref, one.patch.operations(), subresource=one.subresource)

    assert answer["status"]["abort"] is True
    assert said(ref, answer, "abort") == ()
