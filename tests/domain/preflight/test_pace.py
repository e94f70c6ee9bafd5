"""The pace of an update: Z01, Z02, Z05, Z09, Z17 and Z27."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.pace import z01, z02, z05, z09, z17, z27
from dot_ai_lifecycle.domain.strategies.choice import Strategy
from tests.support.prospects import app, case, claim, container, node, quota, standing, template
from tests.support.scenes import ago
from tests.support.scenes import container as running

RECREATE = {"type": "Recreate"}
FULL = {"quotas": (quota(pods="4", used={"pods": "4"}),)}
CLAIMED = template(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])


def rolling(**bounds: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": bounds}


def alone(scene: Scene) -> Scene:
    """Nobody sends it requests."""
    return replace(scene, services=())


def started(seconds: float, **more: Any) -> Scene:
    """All pods took that long from their start until they were ready."""
    seen = standing(app(**more))
    pods = tuple(
        replace(pod, ready_since=ago(100), containers=(running(since=ago(100 + seconds)),)) for pod in seen.pods
    )
    return replace(seen, pods=pods)


@pytest.mark.parametrize(
    ("scene", "level", "harm", "words"),
    [
        pytest.param(standing(app()), "ok", "none", "RollingUpdate", id="rolling"),
        pytest.param(standing(app(strategy=RECREATE, replicas=0)), "ok", "none", "Recreate", id="nothing to end"),
        pytest.param(standing(app(strategy=RECREATE)), "block", "loses", "it is down for about", id="recreate"),
        pytest.param(alone(standing(app(strategy=RECREATE))), "warn", "none", "it is down", id="recreate, a worker"),
        pytest.param(
            standing(app("StatefulSet", strategy={"type": "OnDelete"})),
            "block",
            "fails",
            "only when somebody deletes them",
            id="on delete",
        ),
    ],
)
def test_pods_are_replaced_a_few_at_a_time(scene: Scene, level: str, harm: str, words: str):
    found = z01(case(scene))

    assert (found.level, found.harm) == (level, harm)
    assert words in found.words


@pytest.mark.parametrize(
    ("scene", "strategy", "words"),
    [
        pytest.param(standing(app("StatefulSet")), "blue-green", "keeps no second set", id="a set"),
        pytest.param(standing(app(strategy=RECREATE)), "canary", "Recreate", id="recreate, canary"),
    ],
)
def test_a_strategy_that_the_app_does_not_allow_cannot_succeed(scene: Scene, strategy: Strategy, words: str):
    found = z01(case(scene, strategy))

    assert (found.harm, words in found.words) == ("fails", True)


def test_a_clone_serves_while_an_app_that_stops_all_its_pods_changes():
    found = z01(case(standing(app(strategy=RECREATE)), "blue-green"))

    assert (found.level, "side by side" in found.words) == ("warn", True)


def test_a_canary_of_a_set_keeps_pods_in_their_places_and_switches_nothing():
    given = case(standing(app("StatefulSet")), "canary")

    assert (z01(given).level, given.switches) == ("ok", False)


def test_recreate_can_be_given_up_unless_a_volume_demands_it():
    free = z01(case(standing(app(strategy=RECREATE))))
    bound = z01(case(standing(app(strategy=RECREATE)), wants=CLAIMED, claims={"data": claim("data", "ReadWriteOnce")}))

    assert free.fix is not None
    assert [(edit.path, edit.new) for edit in free.fix.edits] == [("/spec/strategy/type", "RollingUpdate")]
    assert bound.fix is not None
    assert bound.fix.edits == ()
    assert "ReadWriteOnce" in bound.fix.words


def test_a_recreate_whose_pods_tell_no_start_says_no_time():
    silent = replace(standing(app(strategy=RECREATE)), pods=())

    assert z01(case(silent)).words.endswith("it is down.")


@pytest.mark.parametrize(
    ("given", "level", "harm", "words"),
    [
        pytest.param(case(standing(app(replicas=0))), "ok", "none", "scaled to 0", id="nothing runs"),
        pytest.param(case(standing(app(replicas=3))), "ok", "none", "No pod ends", id="no pod may be missing"),
        pytest.param(case(standing(app())), "block", "loses", "1 of 4 pods be missing", id="a default of four"),
        pytest.param(case(standing(app(strategy=RECREATE))), "ok", "none", "no pace", id="recreate is another check's"),
        pytest.param(case(**FULL), "block", "loses", "1 of 4 pods is missing at a time: quota small", id="no room"),
        pytest.param(
            case(standing(app(replicas=1)), quotas=(quota(pods="1", used={"pods": "1"}),)),
            "block",
            "loses",
            "it is down while its only pod is replaced",
            id="no room for one alone",
        ),
        pytest.param(case(alone(standing(app())), **FULL), "warn", "none", "1 of 4 pods", id="no room, a worker"),
        pytest.param(case(standing(app("StatefulSet"))), "block", "loses", "1 of 4 pods is missing", id="a set"),
        pytest.param(
            case(standing(app("StatefulSet", replicas=1))), "block", "loses", "its only one", id="a set of one"
        ),
        pytest.param(case(standing(app("DaemonSet"))), "block", "loses", "1 of 4 nodes", id="one of each node"),
        pytest.param(
            case(standing(app("DaemonSet", strategy=rolling(maxSurge=1, maxUnavailable=0)))),
            "ok",
            "none",
            "a new pod serves before",
            id="one of each node, surging",
        ),
    ],
)
def test_no_pod_is_missing_while_the_update_runs(given: Case, level: str, harm: str, words: str):
    found = z02(given)

    assert (found.level, found.harm) == (level, harm)
    assert words in found.words


def test_what_its_own_strategy_lets_go_the_update_keeps():
    assert z02(case()).mended
    assert not z02(case(**FULL)).mended


def test_a_daemon_set_may_surge_unless_it_takes_ports_of_its_node():
    port = container(ports=[{"containerPort": 8080, "hostPort": 80}])
    plain = z02(case(standing(app("DaemonSet"))))
    holding = z02(case(standing(app("DaemonSet", wants=template(port)))))

    assert plain.fix is not None
    assert [edit.new for edit in plain.fix.edits] == [1, 0]
    assert holding.fix is None


@pytest.mark.parametrize(("seconds", "level"), [(0, "info"), (4, "info"), (5, "ok"), (30, "ok")])
def test_a_pod_stays_ready_for_a_moment_before_it_counts(seconds: int, level: str):
    assert z05(case(standing(app(spec={"minReadySeconds": seconds})))).level == level


@pytest.mark.parametrize(
    ("replicas", "level", "words"), [(0, "info", "scaled to 0"), (1, "info", "one pod"), (2, "ok", "2 pods serve")]
)
def test_one_pod_is_told_of(replicas: int, level: str, words: str):
    found = z09(case(standing(app(replicas=replicas))))

    assert (found.level, words in found.words) == (level, True)


@pytest.mark.parametrize(
    ("scene", "level", "words"),
    [
        pytest.param(standing(app("StatefulSet")), "ok", "no deadline", id="a set has none"),
        pytest.param(standing(app()), "ok", "no deadline", id="none is set"),
        pytest.param(
            replace(started(3, spec={"progressDeadlineSeconds": 600}), pods=()), "ok", "late after", id="no pod"
        ),
        pytest.param(started(30, spec={"progressDeadlineSeconds": 600}), "ok", "took about 30 s", id="time enough"),
        pytest.param(started(30, spec={"progressDeadlineSeconds": 60}), "warn", "took about 30 s", id="too little"),
    ],
)
def test_the_deadline_leaves_time_for_a_normal_start(scene: Scene, level: str, words: str):
    found = z17(case(scene))

    assert (found.level, words in found.words) == (level, True)


@pytest.mark.parametrize(("kept", "level"), [(0, "warn"), (1, "warn"), (2, "ok"), (10, "ok")])
def test_earlier_revisions_are_kept(kept: int, level: str):
    assert z27(case(standing(app(spec={"revisionHistoryLimit": kept})))).level == level


def test_pods_that_restarted_or_never_were_ready_tell_nothing_of_a_start():
    seen = started(8)
    pods = (
        replace(seen.pods[0], containers=(running(since=ago(5000), restarts=2),)),
        replace(seen.pods[1], ready_since=None),
        replace(seen.pods[2], containers=(running(since=None),)),
        seen.pods[3],
    )

    assert case(replace(seen, pods=pods)).start_seconds == 8
    assert case(replace(seen, pods=pods[:3])).start_seconds is None


def test_nodes_without_room_are_the_reason_as_well():
    found = z02(case(nodes=(node(cpu="100m"),)))

    assert "no room for an extra pod" in found.words
    assert "has room for 0 more" in found.words


@pytest.mark.parametrize(("strategy", "switches"), [({"blueGreen": {}}, True), ({"canary": {}}, False)])
def test_what_argo_rollouts_owns_goes_at_its_pace(strategy: Any, switches: bool):
    given = case(standing(app("Rollout", spec={"strategy": strategy})))

    assert (z02(given).level, "Argo Rollouts decides" in z02(given).words) == ("ok", True)
    assert (z01(given).level, z01(replace(given, strategy="canary")).harm) == ("ok", "fails")
    assert given.switches is switches
