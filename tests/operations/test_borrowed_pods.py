"""Rollouts that take their pods from a Deployment: one app, shown whole, and not changed from here."""

from pathlib import Path

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.operations.inspect_app import InspectApp
from dot_ai_lifecycle.operations.list_apps import ListApps
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import house
from tests.support.rollouts import DEFINITION

BORROWING = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 4
  workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: {source}}}
  strategy: {{canary: {{}}}}
"""


@pytest.mark.parametrize("app", ["web", "rollout/front", "front", "deployment/web"])
async def test_the_deployment_and_its_rollout_are_one_app(tmp_path: Path, app: str):
    async with house(tmp_path, DEFINITION, BORROWING.format(name="front", source="web")) as home:
        listed = await home.engine.ask(ListApps())
        seen = await home.engine.ask(InspectApp(app=app))

        assert [row.app for row in listed.apps] == ["rollout/front"]
        assert (seen.app, seen.version.partition("@")[0]) == ("rollout/front", "v1")
        with pytest.raises(Refused, match=r"takes its pod template from Deployment web \(workloadRef\)"):
            await home.engine.propose(UpdateApp(app=app, version="v2"))


async def test_a_rollout_whose_deployment_is_gone_is_shown_all_the_same(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BORROWING.format(name="lost", source="nowhere")) as home:
        listed = await home.engine.ask(ListApps())
        assert [row.app for row in listed.apps] == ["rollout/lost", "deployment/web"]


async def test_whoever_may_not_look_at_rollouts_sees_everything_else(tmp_path: Path):
    async with house(tmp_path, DEFINITION, BORROWING.format(name="front", source="web")) as home:
        home.box.faults.forbid("list", "rollouts")
        listed = await home.engine.ask(ListApps())
        assert [row.app for row in listed.apps] == ["deployment/web"]
