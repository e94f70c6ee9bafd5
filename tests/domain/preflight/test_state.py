"""The app and its namespace as they stand: Z14, Z15, Z16 and Z25; who else has a say: Z24 and Z26."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.leases import Held
from dot_ai_lifecycle.core.nearby import Scaler, Space
from dot_ai_lifecycle.core.objects import Autoscaler, DisruptionBudget
from dot_ai_lifecycle.core.trial import Trial
from dot_ai_lifecycle.domain.preflight.ownership import SCHEMA_CHANGE, z24, z26
from dot_ai_lifecycle.domain.preflight.state import z14, z15, z16, z25
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.support.prospects import GOOD, app, case, standing, template
from tests.support.scenes import NOW, ago

BUDGET = DisruptionBudget("web", "shop", "u", {"matchLabels": {"app": "web"}}, "minAvailable 4", allowed=0)
HPA = Autoscaler("web", "shop", "u", "Deployment", "web", 2, 9)
KEDA = Scaler("ScaledObject", "queue", "shop", "u", "Deployment", "web")
VPA = Scaler("VerticalPodAutoscaler", "size", "shop", "u", "Deployment", "web", "Auto")


def beside(**more: Any) -> Any:
    return case(replace(standing(app()), **more))


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        pytest.param(beside(budgets=(replace(BUDGET, allowed=1),)), "ok", "do not limit updates", id="one pod may go"),
        pytest.param(beside(budgets=(BUDGET,)), "info", "no pod to be evicted now", id="none may go"),
        pytest.param(beside(), "info", "no disruption budget", id="no budget"),
        pytest.param(case(standing(app("DaemonSet"))), "ok", "do not", id="nodes' own pods"),
        pytest.param(case(standing(app(replicas=1))), "ok", "do not", id="one pod"),
        pytest.param(beside(unread=("poddisruptionbudgets",)), "unknown", "may not list", id="not seen"),
        pytest.param(case(depth="planning"), "unknown", "while planning", id="not looked at"),
    ],
)
def test_disruption_budgets_are_told_of(given: Any, level: str, words: str):
    found = z14(given)

    assert (found.level, words in found.words) == (level, True)


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        pytest.param(case(), "ok", "No autoscaler", id="none"),
        pytest.param(beside(autoscaler=HPA), "info", "HorizontalPodAutoscaler web decides", id="HPA"),
        pytest.param(case(scalers=(KEDA,)), "info", "ScaledObject queue decides", id="KEDA"),
        pytest.param(case(scalers=(VPA,)), "warn", "may evict pods", id="VPA"),
        pytest.param(case(scalers=(replace(VPA, mode="Off"),)), "ok", "No autoscaler", id="VPA that only advises"),
        pytest.param(case(scalers=(replace(VPA, target_name="db"),)), "ok", "No autoscaler", id="another app's"),
        pytest.param(case(scalers=None), "ok", "No autoscaler", id="others not looked at"),
        pytest.param(beside(unread=("horizontalpodautoscalers",)), "unknown", "may not list", id="not seen"),
    ],
)
def test_autoscalers_are_left_alone(given: Any, level: str, words: str):
    found = z15(given)

    assert (found.level, words in found.words) == (level, True)


def held(renewed: float) -> Held:
    return Held("cli:colleague/abcd2345", ago(60), ago(renewed), 15)


@pytest.mark.parametrize(
    ("given", "level", "harm", "words"),
    [
        pytest.param(case(), "ok", "none", "of one version and ready", id="at rest"),
        pytest.param(case(standing(app(deletionTimestamp="x"))), "block", "fails", "being deleted", id="deleted"),
        pytest.param(case(standing(app(spec={"paused": True}))), "block", "fails", "is paused", id="paused"),
        pytest.param(case(holder=held(1)), "block", "fails", "cli:colleague is changing it since", id="held"),
        pytest.param(case(holder=held(60)), "ok", "none", "of one version", id="left by somebody"),
        pytest.param(
            case(standing(app(status={"updatedReplicas": 1}))), "warn", "none", "1 of 4 pods have it", id="under way"
        ),
        pytest.param(case(standing(app(generation=9))), "warn", "none", "still under way", id="not looked at yet"),
        pytest.param(
            case(standing(app(status={"readyReplicas": 2}))), "warn", "none", "2 of 4 pods are ready", id="ill"
        ),
    ],
)
def test_nothing_is_under_way_already(given: Any, level: str, harm: str, words: str):
    found = z16(given)

    assert (found.level, found.harm, words in found.words) == (level, harm, True)


@pytest.mark.parametrize("strategy", ["blue-green", "canary"])
def test_two_whole_revisions_need_a_whole_one_to_begin_with(strategy: Strategy):
    assert z16(case(standing(app(status={"readyReplicas": 2})), strategy)).harm == "fails"


@pytest.mark.parametrize(
    ("more", "level", "words"),
    [
        pytest.param({"space": Space("shop", "u")}, "ok", "you may change the app", id="all is well"),
        pytest.param({"may_patch": None, "depth": "planning"}, "ok", "Nothing says", id="not looked at"),
        pytest.param({"space": Space("shop", "u", "Terminating")}, "block", "being deleted", id="going away"),
        pytest.param(
            {"trial": Trial("refused", "x", "terminating")}, "block", "being deleted", id="the server says so"
        ),
        pytest.param({"may_patch": False}, "block", "You may not patch deployments", id="no right"),
        pytest.param({"trial": Trial(), "may_patch": None}, "unknown", "was not seen", id="not seen"),
    ],
)
def test_the_namespace_lives_and_the_app_may_be_changed(more: dict[str, Any], level: str, words: str):
    found = z25(case(**more))

    assert (found.level, words in found.words) == (level, True)


MIGRATE = {"name": "db-migrate", "image": "m:1"}


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        pytest.param(template(), template(), "ok", id="nothing"),
        pytest.param(template(), template(annotations={SCHEMA_CHANGE: "v7"}), "warn", id="marked"),
        pytest.param(
            template(annotations={SCHEMA_CHANGE: "v7"}),
            template(annotations={SCHEMA_CHANGE: "v7"}),
            "ok",
            id="as before",
        ),
        pytest.param(template(), template(GOOD, initContainers=[MIGRATE]), "warn", id="a migration is new"),
        pytest.param(
            template(GOOD, initContainers=[MIGRATE]),
            template(GOOD, initContainers=[{**MIGRATE, "image": "m:2"}]),
            "warn",
            id="a migration changes",
        ),
        pytest.param(
            template(GOOD, initContainers=[MIGRATE]), template(GOOD, initContainers=[MIGRATE]), "ok", id="the same one"
        ),
        pytest.param(template(), template(GOOD, initContainers=[{"name": "wait", "image": "w:1"}]), "ok", id="another"),
    ],
)
def test_a_version_that_changes_the_data_is_warned_of(before: Any, after: Any, level: str):
    assert z24(case(standing(app(wants=before)), wants=after)).level == level


@pytest.mark.parametrize(
    ("metadata", "level", "words"),
    [
        ({}, "ok", "Nobody else"),
        ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "block", "Argo CD shop owns it"),
        ({"labels": {"app.kubernetes.io/managed-by": "acme"}}, "block", "Another tool, acme owns it"),
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "warn", "Helm release shop owns it"),
    ],
)
def test_owners_that_would_take_a_change_back_are_named(metadata: dict[str, Any], level: str, words: str):
    found = z26(case(standing(app(**metadata))))

    assert (found.level, words in found.words) == (level, True)


def test_a_lease_is_judged_by_the_servers_time():
    assert held(1).expires_in(NOW + timedelta(seconds=20)) < 0
