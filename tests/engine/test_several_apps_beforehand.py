"""Which apps are updated as one, what each of them is to run, and what is refused beforehand."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dot_ai_lifecycle.core.errors import BadInput, NotFound, PlanChanged, Refused
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.engine.test_several_apps import all_at, update
from tests.support.house import house, with_image
from tests.support.several import API, WORKER


async def test_what_runs_the_wanted_version_already_is_left_as_it_is(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        await home.run(update("worker", "api"))

        again = (await home.engine.propose(update("worker", "api"))).plan
        one = (await home.engine.propose(update("worker", "api=v3"))).plan

        assert again.steps == ()
        assert {step.part for step in one.steps if step.step == "patch"} == {"deployment/api"}
        assert not any("in this order" in note.text for note in one.notes)
        assert [note.text for note in one.notes if "already" in note.text] == [
            "deployment/worker already runs the version wanted: it is left as it is.",
            "deployment/web already runs the version wanted: it is left as it is.",
        ]
        record = await home.run(update("worker", "api=v3"))
        assert (record.state, home.image("api"), home.image("web")) == ("done", "box.local/api:v3", "box.local/web:v2")
        assert record.template_after == record.template_before, "the app itself had nothing to change"


@pytest.mark.parametrize(
    ("also", "error", "words"),
    [
        (["workr"], NotFound, "worker"),
        (["worker", "worker=v3"], BadInput, "Deployment shop/worker is named twice"),
        (["deployment/worker", "worker"], BadInput, "Deployment shop/worker is named twice"),
        (["web"], BadInput, "Deployment shop/web is named twice"),
        (["worker="], BadInput, "'worker=' is not NAME, NAME=VERSION or NAME=IMAGE"),
        (["Worker!"], BadInput, "'Worker!' is not NAME"),
        (["api=not an image/…"], BadInput, "is not an image reference"),
    ],
)
async def test_what_cannot_be_meant_is_told_before_anything_is_looked_at(
    tmp_path: Path, also: list[str], error: type[Exception], words: str
):
    async with house(tmp_path, API, WORKER) as home:
        with pytest.raises(error) as raised:
            await home.engine.propose(update(*also))

        assert words in str(raised.value)


async def test_a_bare_name_needs_a_version_to_share(tmp_path: Path):
    async with house(tmp_path, API) as home:
        asked = {"app": "web", "image": "box.local/web:v2", "with": ["api"]}

        with pytest.raises(BadInput, match="api needs a version or an image of its own"):
            await home.engine.propose(UpdateApp.model_validate(asked))

        asked["with"] = ["api=box.local/api:v2"]
        assert (await home.run(UpdateApp.model_validate(asked))).state == "done"


async def test_what_another_owner_would_take_back_refuses_the_whole(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:

        def argo_s(found: dict[str, Any]) -> None:
            found["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = (
                "x:apps/Deployment:shop/api"
            )

        home.edit(argo_s, "api")

        with pytest.raises(Refused, match="Deployment shop/api belongs to Argo CD"):
            await home.engine.propose(update("worker", "api"))


def test_a_canary_of_several_is_not_offered():
    with pytest.raises(ValidationError, match="with goes with the strategies auto, blue-green and rolling"):
        update("worker", strategy="canary")


async def test_a_plan_of_several_is_another_where_one_of_them_changed(tmp_path: Path):
    async with house(tmp_path, API, WORKER) as home:
        proposal = await home.engine.propose(change := update("worker", "api"))
        home.edit(with_image("box.local/worker:theirs"), "worker")
        await home.box.settled()

        with pytest.raises(PlanChanged):
            await home.engine.start(change, home.consent(proposal))


QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: shop}
spec: {hard: {pods: "%d"}}
"""


@pytest.mark.parametrize(
    ("pods", "chosen"),
    [
        (16, ["blue-green", "blue-green", "rolling"]),
        (13, ["blue-green", "rolling", "rolling"]),
        (11, ["blue-green", "rolling", "rolling"]),
        (9, ["rolling", "rolling", "rolling"]),
    ],
)
async def test_room_that_one_of_them_takes_is_not_given_to_another(tmp_path: Path, pods: int, chosen: list[str]):
    async with house(tmp_path, API, WORKER) as home:  # 2, 3 and 4 pods
        home.box.apply(QUOTA % pods)
        await home.box.settled()

        record = await home.run(update("api", "worker"))

        notes = [note.text for note in record.plan.notes if "Strategy" in note.text]
        assert record.state == "done", record.verdict
        assert [text.partition("Strategy ")[2].partition(":")[0] for text in notes] == [
            chosen[0],
            chosen[2],
            chosen[1],
        ]
        await home.box.settled()
        assert all_at(home, "v2")
