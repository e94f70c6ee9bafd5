"""What pods tell of a new version without any metrics, beside what the old version's pods tell over the same time."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.course import MOST_KEPT
from dot_ai_lifecycle.core.analysis.native import Tally
from dot_ai_lifecycle.core.analysis.reading import Reading
from dot_ai_lifecycle.core.objects import Event
from dot_ai_lifecycle.core.pods import Container, Ended, Pod
from dot_ai_lifecycle.core.scene import Scene
from tests.support.scenes import NOW, ago, broken, container, crashed, event, pod, scene, waiting, workload


def at(seconds: float, *pods: Pod, **more: Any) -> Scene:
    """The app so many seconds after NOW."""
    return replace(scene(workload(), *pods), now=NOW + timedelta(seconds=seconds), **more)


def told(*scenes: Scene) -> Reading:
    """The reading after these scenes, of v2 beside v1."""
    tally = Tally.of(scenes[0], "v2", "v1")
    for one in scenes[1:]:
        tally = tally.seen(one)
    return tally.reading()


def restarted(times: int, reason: str = "Error", code: int = 1) -> Container:
    """A container that runs again after having ended so often since NOW."""
    last = Ended(code, reason, at=NOW + timedelta(seconds=times))
    return container(restarts=times, last=last, since=NOW + timedelta(seconds=times + 1))


def hit(name: str, of: str = "v2", times: int = 1, reason: str = "Error", code: int = 1) -> Pod:
    return pod(name, of, containers=(restarted(times, reason, code),))


def unready(name: str, of: str = "v2") -> Pod:
    return broken(name, container(ready=False), of=of)


NEW, OLD = pod("new-0"), (pod("old-0", "v1"), pod("old-1", "v1"))


def test_pods_that_run_undisturbed_speak_for_the_version() -> None:
    reading = told(at(0, NEW, *OLD), at(30, NEW, *OLD))
    assert (reading.judgement, reading.code) == ("pass", "PODS_WELL")
    assert reading.words == "1 pod of the new version ready, none restarted or lost readiness."


def test_without_a_new_pod_nothing_can_be_said() -> None:
    leaving = replace(NEW, deleting_since=NOW)
    assert told(at(0, *OLD)).code == told(at(0, *OLD), at(5, leaving, *OLD)).code == "NO_NEW_PODS"


def test_one_restart_is_unclear_and_two_condemn_at_once() -> None:
    once, twice = hit("new-0"), hit("new-0", times=2)
    first = told(at(0, NEW, *OLD), at(30, once, *OLD))
    assert (first.judgement, first.code) == ("inconclusive", "RESTARTED")
    second = told(at(0, NEW, *OLD), at(30, once, *OLD), at(60, twice, *OLD))
    assert (second.judgement, second.code, second.critical) == ("fail", "RESTARTS", True)
    assert second.evidence == ("new-0, container web: Error, exit code 1",)


def test_pods_of_other_revisions_are_nobodys() -> None:
    other = hit("other", of="v0", times=9)
    assert told(at(0, NEW, *OLD), at(30, NEW, other, *OLD)).passed


def test_what_happened_before_the_first_look_does_not_count() -> None:
    veteran = hit("new-0", times=7, reason="OOMKilled", code=137)
    assert told(at(0, veteran, *OLD), at(60, veteran, *OLD)).passed


def test_what_a_pod_made_since_then_has_behind_it_counts() -> None:
    fresh = replace(hit("new-1", times=2), created=NOW + timedelta(seconds=5))
    assert told(at(0, NEW, *OLD), at(60, NEW, fresh, *OLD)).code == "RESTARTS"
    stranger = replace(hit("new-1", times=2), created=ago(100))
    assert told(at(0, NEW, *OLD), at(60, NEW, stranger, *OLD)).passed


def test_an_end_for_lack_of_memory_condemns_at_once_whoever_ends_first() -> None:
    killed = hit("new-0", reason="OOMKilled", code=137)
    ending = broken("new-0", container(phase="terminated", ready=False, ended=Ended(137, "OOMKilled", at=NOW)))
    for seen in (killed, ending):
        reading = told(at(0, NEW, *OLD), at(30, seen, *OLD))
        assert (reading.code, reading.critical) == ("OUT_OF_MEMORY", True)


def test_one_end_is_told_once_however_often_it_is_seen() -> None:
    how = Ended(0, "Completed", at=NOW), Ended(1, "Error", signal=9, at=NOW)
    first = broken("new-0", container(phase="terminated", ready=False, ended=how[1]))
    then = pod("new-0", containers=(container(restarts=1, last=how[1]),))
    tally = Tally.of(at(0, NEW), "v2", "v1").seen(at(2, first)).seen(at(4, then)).seen(at(6, then))
    (course,) = tally.of_hash("v2")
    assert [str(end) for end in course.ends] == ["web: Error, signal 9"]
    assert course.restarts == 1


def test_a_crash_loop_that_stood_before_is_found_by_the_rules_of_waiting() -> None:
    looping = broken("new-0", crashed(5))
    reading = told(at(0, looping, *OLD))
    assert (reading.code, reading.critical) == ("CRASH_LOOP", True)
    assert reading.words.startswith("new-0: Container web keeps crashing")


def test_what_may_be_the_clusters_doing_is_no_death() -> None:
    missing = broken("new-1", waiting("ErrImagePull", 'manifest for "shop/web:v2" not found: manifest unknown'))
    reading = told(at(0, NEW, missing, *OLD))
    assert (reading.judgement, reading.critical) == ("fail", False)


@pytest.mark.parametrize("reason", ["Error", "OOMKilled"])
def test_what_befalls_the_old_pods_as_well_is_the_environments_doing(reason: str) -> None:
    both = (hit("new-0", times=2, reason=reason), hit("old-0", "v1", 2, reason), OLD[1])
    reading = told(at(0, NEW, *OLD), at(30, *both))
    assert (reading.judgement, reading.code) == ("inconclusive", "ENVIRONMENT")
    assert "1 of 2 pods of the old version" in reading.words


def test_a_few_old_pods_in_trouble_do_not_excuse_the_new_ones() -> None:
    many = tuple(pod(f"old-{number}", "v1") for number in range(9))
    seen = (hit("new-0", times=2), hit("old-0", "v1", 2), *many[1:])
    assert told(at(0, NEW, *many), at(30, *seen)).failed


def test_crash_loops_of_both_versions_are_the_environments_doing() -> None:
    reading = told(at(0, broken("new-0", crashed(5)), broken("old-0", crashed(5), of="v1")))
    assert (reading.judgement, reading.code) == ("inconclusive", "ENVIRONMENT")


def test_readiness_lost_is_unclear_at_first_and_fails_when_it_stays_lost() -> None:
    lost = unready("new-0")
    first = told(at(0, NEW, *OLD), at(30, lost, *OLD))
    assert (first.judgement, first.code) == ("inconclusive", "READINESS_LOST")
    later = told(at(0, NEW, *OLD), at(30, lost, *OLD), at(41, lost, *OLD))
    assert (later.judgement, later.code, later.critical) == ("fail", "READINESS_LOST", False)


def test_readiness_lost_by_both_versions_is_the_environments_doing() -> None:
    lost = (unready("new-0"), unready("old-0", "v1"), unready("old-1", "v1"))
    assert told(at(0, NEW, *OLD), at(30, *lost), at(60, *lost)).code == "ENVIRONMENT"


def test_losing_readiness_twice_fails_and_once_is_only_told() -> None:
    lost, back = unready("new-0"), replace(NEW, ready_since=NOW + timedelta(seconds=12))
    once = told(at(0, NEW, *OLD), at(10, lost, *OLD), at(12, back, *OLD))
    assert once.passed
    assert once.words == "1 pod of the new version ready; new-0 faltered for a moment."
    again = replace(NEW, ready_since=NOW + timedelta(seconds=50))
    twice = told(at(0, NEW, *OLD), at(10, lost, *OLD), at(12, back, *OLD), at(60, again, *OLD))
    assert (twice.judgement, twice.code) == ("fail", "READINESS_FLAPS")


def test_a_pod_on_its_way_is_waited_for() -> None:
    starting = replace(unready("new-1"), created=NOW, containers=(container(ready=False, since=NOW),))
    reading = told(at(0, NEW, *OLD), at(10, NEW, starting, *OLD))
    assert (reading.judgement, reading.code) == ("inconclusive", "STARTING")
    ready = replace(pod("new-1"), ready_since=NOW + timedelta(seconds=20))
    assert told(at(0, NEW, starting, *OLD), at(30, NEW, ready, *OLD)).passed


def test_a_pod_that_is_asked_to_end_or_is_gone_does_no_wrong() -> None:
    lost, other = unready("new-0"), pod("new-1")
    leaving = replace(lost, deleting_since=NOW)
    assert told(at(0, NEW, other, *OLD), at(10, leaving, other, *OLD), at(60, other, *OLD)).passed
    assert told(at(0, NEW, other, *OLD), at(10, lost, other, *OLD), at(60, other, *OLD)).passed


def warned(about: Pod, times: int, reason: str = "Unhealthy") -> Event:
    return replace(event(about, reason, "Liveness probe failed: HTTP 500"), count=times)


def test_warnings_about_pods_that_serve_fail_once_there_are_three() -> None:
    scenes = [at(30 * n, NEW, *OLD, events=(warned(NEW, 10 + n),)) for n in range(4)]
    assert told(*scenes[:3]).passed
    reading = told(*scenes)
    assert (reading.judgement, reading.code) == ("fail", "WARNINGS")
    assert reading.evidence[0] == "new-0: Unhealthy: Liveness probe failed: HTTP 500"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(warned(NEW, 9, "FailedToRetrieveImagePullSecret"), id="of another kind"),
        pytest.param(replace(warned(NEW, 9), type="Normal"), id="that are none"),
        pytest.param(warned(pod("another"), 9), id="about another pod"),
    ],
)
def test_it_does_not_count_warnings(said: Event) -> None:
    assert told(at(0, NEW, *OLD), at(30, NEW, *OLD, events=(said,))).passed


def test_probes_that_fail_while_a_pod_starts_are_not_counted() -> None:
    starting = replace(unready("new-1"), containers=(container(ready=False, since=NOW),))
    ready = pod("new-1")
    scenes = (
        at(0, NEW, starting, *OLD),
        at(10, NEW, starting, *OLD, events=(warned(starting, 4),)),
        at(20, NEW, ready, *OLD, events=(warned(ready, 6),)),
    )
    assert told(*scenes).passed


def test_warnings_about_both_versions_are_the_environments_doing() -> None:
    both = (warned(NEW, 5), *(warned(one, 5) for one in OLD))
    assert told(at(0, NEW, *OLD), at(30, NEW, *OLD, events=both)).code == "ENVIRONMENT"


def test_events_that_may_not_be_read_are_said_to_be_missing() -> None:
    assert "listing events is forbidden" in told(at(0, NEW, unread=("events",))).words


def test_the_gravest_comes_first_and_the_others_are_evidence() -> None:
    both = (hit("new-0", times=2), unready("new-1"))
    reading = told(at(0, NEW, pod("new-1"), *OLD), at(30, *both, *OLD))
    assert reading.code == "RESTARTS"
    assert reading.evidence[-1] == "new-1 of the new version lost readiness."


def test_a_tally_begun_afresh_forgets_what_was() -> None:
    bad = at(30, hit("new-0", times=2), *OLD)
    tally = Tally.of(at(0, NEW, *OLD), "v2", "v1").seen(bad)
    assert tally.reading().failed
    assert tally.afresh().reading().passed
    assert tally.afresh().begun == bad.now


def test_what_is_kept_of_a_pod_is_bounded() -> None:
    tally = Tally.of(at(0, NEW), "v2", "v1")
    for number in range(1, 50):
        tally = tally.seen(at(number, hit("new-0", times=number), events=(warned(NEW, number),)))
    (course,) = tally.of_hash("v2")
    assert (course.restarts, course.warnings) == (49, 49)
    assert len(course.ends) == len(course.said) == MOST_KEPT
