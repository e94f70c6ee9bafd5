"""A Helm release that may not go back, or not by this program: said before anything is touched, with the way out."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Ambiguous, Forbidden, NotFound, Refused
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from tests.support.flagger import DEFINITION as FLAGGERS
from tests.support.house import House, house
from tests.support.releases import FIRST, SECOND, THIRD, WORKER, Helm
from tests.support.rollouts import DEFINITION as ROLLOUTS

BORROWING = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: front, namespace: shop}
spec:
  replicas: 2
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: worker}
  strategy: {canary: {}}
"""


async def _refused(home: House, version: str | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        await home.engine.propose(RollbackApp(app="site", to_version=version))
    return caught.value


def _also(manifest: str, release: dict[str, Any]) -> None:
    release["manifest"] += f"---{manifest}"


@pytest.mark.parametrize("status", ["pending-upgrade", "pending-rollback", "pending-install", "uninstalling"])
async def test_a_release_that_helm_holds_is_left(tmp_path: Path, status: str):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        helm.edit(2, lambda release: release["info"].update(status=status))

        refused = await _refused(home)

        assert f"Helm release site is {status} (revision 2)" in refused.message
        assert "helm " in refused.hint


async def test_a_history_that_is_kept_in_config_maps_is_not_written(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST)
        home.box.store.delete("Secret", "sh.helm.release.v1.site.v1", "shop")
        home.box.apply(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: sh.helm.release.v1.site.v1, namespace: shop,"
            " labels: {name: site, owner: helm}}}"
        )

        refused = await _refused(home)

        assert "Helm keeps it in ConfigMaps" in refused.message
        assert "--template-only" in refused.hint


async def test_a_history_that_is_nowhere_is_told(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST)
        home.box.store.delete("Secret", "sh.helm.release.v1.site.v1", "shop")

        there = await _refused(home)
        home.box.faults.forbid("list", "configmaps")
        unseen = await _refused(home)

        assert "somewhere else" in there.message
        assert "somewhere else" in unseen.message


async def test_without_the_right_to_secrets_the_right_is_named_and_the_template_alone_still_goes(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        home.box.faults.forbid("list", "secrets")

        with pytest.raises(Forbidden, match="you may not list secrets in namespace shop") as caught:
            await home.engine.propose(RollbackApp(app="site"))
        record = await home.run(RollbackApp(app="site", template_only=True))

        assert "--template-only" in caught.value.hint
        assert (record.state, home.image("site")) == ("done", "box.local/site:v1")
        assert helm.statuses() == ["superseded", "deployed"]


@pytest.mark.parametrize(("verb", "resource"), [("update", "secrets"), ("create", "secrets"), ("delete", "configmaps")])
async def test_a_right_that_is_missing_for_any_write_is_named_beforehand(tmp_path: Path, verb: str, resource: str):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        home.box.faults.forbid(verb, resource)

        with pytest.raises(Forbidden, match=f"may not {verb} {resource} in namespace shop"):
            await home.engine.propose(RollbackApp(app="site"))


async def test_what_may_not_be_looked_at_is_left_where_the_revisions_agree_and_refused_where_not(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(SECOND, replace(SECOND, tag="v3"))
        home.box.faults.forbid("get", "configmaps")

        agreed = await home.engine.propose(RollbackApp(app="site"))
        await helm.upgrade(THIRD)
        with pytest.raises(Forbidden, match="get configmaps"):
            await home.engine.propose(RollbackApp(app="site"))

        assert any("may not be looked at" in note.text for note in agreed.plan.notes)


async def test_a_kind_that_nobody_knows_is_left_where_it_is_the_same_and_refused_where_it_differs(tmp_path: Path):
    robot = "\napiVersion: robots.example.com/v1\nkind: Robot\nmetadata: {name: r2}\nspec: {arms: %d}\n"
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)
        for number, arms in ((1, 3), (2, 2), (3, 2)):
            helm.edit(number, partial(_also, robot % arms))

        same = await home.engine.propose(RollbackApp(app="site"))
        refused = await _refused(home, "#1")

        assert same.plan.steps
        assert "Robot r2 (robots.example.com/v1) would change" in refused.message
        assert "helm rollback site 1 -n shop" in refused.hint


async def test_a_revision_without_the_app_would_delete_it(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        helm.edit(1, lambda release: release.update(manifest="kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n"))

        refused = await _refused(home)

        assert "going back would delete the app" in refused.message


async def test_pods_that_would_not_start_for_want_of_configuration_are_not_begun(tmp_path: Path):
    def needs(name: str) -> Any:
        def change(release: dict[str, Any]) -> None:
            text = release["manifest"]
            release["manifest"] = text.replace("        ports:", f"        envFrom: [{{{name}}}]\n        ports:")

        return change

    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        helm.edit(1, needs("configMapRef: {name: gone}"))

        refused = await _refused(home)

        assert "ConfigMap gone (envFrom), which does not exist" in refused.message


async def test_a_paused_app_is_not_begun(tmp_path: Path):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST, SECOND)
        home.edit(lambda found: found["spec"].update(paused=True), "site")

        assert "is paused" in (await _refused(home)).message


async def test_an_unreadable_revision_is_passed_over_and_refused_where_it_is_named(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND, THIRD)
        home.box.store.edit(
            "Secret",
            "sh.helm.release.v1.site.v2",
            "shop",
            lambda s: s["data"].update(release="bm8="),
            field_manager="x",
        )

        passed = await home.engine.propose(RollbackApp(app="site"))
        refused = await _refused(home, "#2")

        assert "revision 1" in passed.plan.summary
        assert "#2 is unreadable" in passed.plan.summary
        assert "Revision 2 of Helm release site cannot be read" in refused.message


async def test_rollback_hooks_are_not_run_and_need_a_person(tmp_path: Path):
    hook = {"name": "migrate-down", "kind": "Job", "events": ["pre-rollback"]}
    other = {"name": "greet", "kind": "Job", "events": ["post-install"]}
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(replace(FIRST, hooks=[other]), replace(SECOND, hooks=[hook, other]), THIRD)

        wanted = await home.engine.propose(RollbackApp(app="site"))
        harmless = await home.engine.propose(RollbackApp(app="site", to_version="#1"))

        assert (wanted.needs, harmless.needs) == ("person", "plan_id")
        assert "the chart's rollback hooks are not run (Job migrate-down)" in wanted.plan.risk.reasons
        assert any("Hooks of the chart are not run" in note.text for note in harmless.plan.notes)


async def test_one_version_with_several_sets_of_values_is_shown_and_never_guessed(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(SECOND, replace(SECOND, mode="bright", password="other-secret"), THIRD)

        with pytest.raises(Ambiguous) as caught:
            await home.engine.propose(RollbackApp(app="site", to_version="v2"))

        assert "#1, #2" in caught.value.message
        assert "mode: dark" in caught.value.hint
        assert "second-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "image"),
    [("v2", "v2"), ("2", "v2"), ("1.0.0", "v1"), ("shop-1.0.0", "v1"), ("box.local/site:v1", "v1"), ("#2", "v2")],
)
async def test_a_revision_is_found_by_its_number_tag_image_or_chart(tmp_path: Path, wanted: str, image: str):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST, SECOND, replace(THIRD, version="2.0.0"))

        proposal = await home.engine.propose(RollbackApp(app="site", to_version=wanted))

        assert proposal.plan.after.startswith(f"box.local/site:{image} ")


@pytest.mark.parametrize("wanted", ["v7", "#7"])
async def test_what_is_not_in_the_history_is_told_with_what_is(tmp_path: Path, wanted: str):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST, SECOND)

        with pytest.raises(NotFound) as caught:
            await home.engine.propose(RollbackApp(app="site", to_version=wanted))

        assert "#2 shop-1.1.0 deployed, #1 shop-1.0.0 superseded" in caught.value.hint


async def test_the_first_revision_has_none_before_it(tmp_path: Path):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST)

        with pytest.raises(NotFound, match="no earlier revision that was deployed"):
            await home.engine.propose(RollbackApp(app="site"))
        same = await home.engine.propose(RollbackApp(app="site", to_version="#1"))

        assert (same.plan.steps, "is at revision 1" in same.plan.summary) == ((), True)


async def test_an_upgrade_that_failed_goes_back_to_what_was_deployed_last(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        await helm.upgrade(THIRD, status="failed")

        record = await home.run(RollbackApp(app="site"))

        assert (record.state, home.image("site")) == ("done", "box.local/site:v2"), record.verdict
        assert helm.statuses() == ["superseded", "superseded", "failed", "deployed"]


async def test_what_an_operation_left_is_found_by_its_id(tmp_path: Path):
    async with house(tmp_path) as home:
        helm = Helm(home)
        await helm.upgrade(FIRST, SECOND)
        record = await home.run(RollbackApp(app="site"))
        await helm.upgrade(THIRD)

        again = await home.run(RollbackApp(app="site", to_version=record.id))

        assert (again.state, home.image("site")) == ("done", "box.local/site:v1"), again.verdict
        assert "#3" in again.plan.after


async def test_what_flux_drives_is_changed_in_git(tmp_path: Path):
    async with house(tmp_path) as home:
        await Helm(home).upgrade(FIRST, SECOND)
        labels = {"helm.toolkit.fluxcd.io/name": "site", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
        home.edit(lambda found: found["metadata"]["labels"].update(labels), "site")

        refused = await _refused(home)

        assert "belongs to Flux HelmRelease flux-system/site" in refused.message


async def test_what_flagger_delivers_goes_back_by_its_template_and_not_around_flagger(tmp_path: Path):
    canary = """
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: site, namespace: shop}
spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: site}, analysis: {interval: 10s}}
"""
    async with house(tmp_path, FLAGGERS) as home:
        await Helm(home).upgrade(FIRST, SECOND)
        home.box.apply(canary)

        refused = await _refused(home)

        assert refused.message == ("Flagger delivers Deployment shop/site: Helm release site cannot go back around it.")
        assert refused.hint.endswith("(`--template-only`), or ask Helm: helm rollback site 1")


async def test_a_worker_whose_pods_a_rollout_runs_is_not_gone_around(tmp_path: Path):
    async with house(tmp_path, ROLLOUTS, BORROWING) as home:
        helm = Helm(home)
        await helm.upgrade(replace(FIRST, more=WORKER % "v1"), replace(SECOND, more=WORKER % "v2"))

        refused = await _refused(home)

        assert "The pods of Deployment shop/worker are run by Rollout shop/front" in refused.message
