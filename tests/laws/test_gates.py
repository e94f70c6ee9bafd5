"""Law: every change passes the same gates, whatever it does: rights, owners, risk, and the plan that was agreed to."""

import copy
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Forbidden, NeedsApproval, PlanChanged, Refused
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.engine.proposal import Consent
from tests.laws.cases import CASES, Case, every_change
from tests.requirements import claims

PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
OWNED = pytest.mark.parametrize(
    "case", [case for case in CASES if case.name not in ("restart", "undo", "resume")], ids=lambda case: case.name
)


@claims("access.permissions")
@every_change
async def test_a_missing_right_is_named_before_anything_is_touched(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        writes = any(step.step == "patch" for step in (await home.engine.propose(change)).plan.steps)
        home.box.faults.forbid("patch", PLURALS[case.kind])
        revision = home.box.store.revision

        if writes:
            with pytest.raises(Forbidden, match=f"patch {PLURALS[case.kind]} in namespace shop"):
                await home.engine.propose(change)
        else:
            assert (await home.engine.propose(change)).plan.steps, "to wait needs no such right"

        assert home.box.store.revision == revision


@claims("gitops.owners")
@OWNED
async def test_what_git_would_take_back_is_refused_with_where_to_change_it(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        tracking = f"the-shop:apps/{case.kind}:shop/{case.app}"
        marks = {"argocd.argoproj.io/tracking-id": tracking}
        home.edit(lambda found: found["metadata"].setdefault("annotations", {}).update(marks), case.app, case.kind)
        before = copy.deepcopy(case.workload(home)["spec"])

        with pytest.raises(Refused, match="belongs to Argo CD the-shop") as caught:
            await home.engine.propose(change)

        assert caught.value.hint
        assert case.workload(home)["spec"] == before


@claims("access.approval")
@every_change
async def test_in_a_protected_namespace_every_change_wants_a_person(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        careful = home.another_engine(actor="mcp:model", policy=Policy(protected_namespaces=("sh*",)))
        proposal = await careful.propose(change)
        before = copy.deepcopy(case.workload(home)["spec"])

        assert proposal.needs == "person"
        with pytest.raises(NeedsApproval, match=f"dot-ai approve {proposal.plan.id}"):
            await careful.start(change, Consent(by="mcp:model", plan_id=proposal.plan.id))
        assert case.workload(home)["spec"] == before

        careful.approve(proposal.plan.id, by="cli:alice")
        record = await (await careful.start(change, Consent(by="mcp:model", plan_id=proposal.plan.id))).wait()
        assert (record.state, record.approved_by) == ("done", "cli:alice")


@every_change
async def test_only_the_plan_that_was_agreed_to_runs(case: Case, tmp_path: Path):
    async with case.house(tmp_path) as (home, change):
        before, revision = copy.deepcopy(case.workload(home)["spec"]), home.box.store.revision

        with pytest.raises(PlanChanged) as caught:
            await home.engine.start(change, Consent(by="cli:tester", plan_id="0123456789ab", person=True))

        shown: Any = caught.value.details["proposal"]
        assert shown.plan.id == (await home.engine.propose(change)).plan.id
        assert case.workload(home)["spec"] == before
        assert home.box.store.revision == revision
