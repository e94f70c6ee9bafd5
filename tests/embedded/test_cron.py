"""CronJobs: which moments a schedule names, and what happens at them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.schedule import Schedule
from tests.embedded.apps import Object, apply, env, said, status


@pytest.fixture
async def cluster() -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster() as running:
        yield running


def cron(schedule: str = "*/10 * * * *", *, container: Object | None = None, **spec: Any) -> Object:
    run = {"name": "run", "image": "task:v1"} | (container or {})
    job = {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [run]}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick", "namespace": "default"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": job}} | spec,
    }


async def after_moments(cluster: EmbeddedCluster, count: int) -> None:
    """Wait until half a minute after so many moments of the usual schedule have come."""
    at = cluster.now()
    for _ in range(count):
        following = Schedule.parse("*/10 * * * *").after(at)
        assert following is not None
        at = following
    await asyncio.sleep((at - cluster.now()).total_seconds() + 30)


def jobs(cluster: EmbeddedCluster) -> list[Object]:
    return cluster.store.list("Job", "default")


def texts(cluster: EmbeddedCluster, reason: str) -> list[str]:
    return [event["message"] for event in said(cluster, reason)]


async def test_a_job_is_started_at_every_moment_and_the_last_three_are_kept(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron())
    await asyncio.sleep(3600)
    assert len(said(cluster, "Completed")) in (5, 6)
    assert len(jobs(cluster)) == 3
    found = status(cluster, "tick", "CronJob")
    assert found["lastScheduleTime"] < found["lastSuccessfulTime"]
    assert "active" not in found


async def test_of_failed_jobs_the_last_is_kept(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron(container=env(EXIT_CODE="3")))
    await asyncio.sleep(3600)
    assert len(said(cluster, "BackoffLimitExceeded")) in (5, 6)
    assert len(jobs(cluster)) == 1
    assert "lastSuccessfulTime" not in status(cluster, "tick", "CronJob")


async def test_a_suspended_one_waits_and_later_makes_good_the_last_moment_it_missed(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron(suspend=True))
    await after_moments(cluster, 3)
    assert not jobs(cluster)
    apply(cluster, cron())
    await asyncio.sleep(30)
    assert len(jobs(cluster)) == 1


LONG = env(RUNS_S="900")


async def test_by_default_jobs_may_overlap(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron(container=LONG))
    await after_moments(cluster, 2)
    active = status(cluster, "tick", "CronJob")["active"]
    assert len(active) == 2
    assert {one["name"] for one in active} == {one["metadata"]["name"] for one in jobs(cluster)}


async def test_where_overlapping_is_forbidden_the_next_waits_for_the_one_before(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron(container=LONG, concurrencyPolicy="Forbid"))
    await after_moments(cluster, 2)
    assert len(status(cluster, "tick", "CronJob")["active"]) == 1
    why = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert why in texts(cluster, "JobAlreadyActive")
    assert len(jobs(cluster)) == 1
    await asyncio.sleep(300)
    assert len(jobs(cluster)) == 2


async def test_where_the_next_replaces_the_one_before_that_one_goes(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron(container=LONG, concurrencyPolicy="Replace"))
    await after_moments(cluster, 1)
    (first,) = jobs(cluster)
    await after_moments(cluster, 1)
    (second,) = jobs(cluster)
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert len(cluster.store.list("Pod", "default")) == 1


async def test_a_job_that_is_there_already_is_not_made_twice(cluster: EmbeddedCluster) -> None:
    due = Schedule.parse("*/10 * * * *").after(cluster.now())
    assert due is not None
    name = f"tick-{int(due.timestamp()) // 60}"
    spec = cron()["spec"]["jobTemplate"]["spec"]
    ours = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    apply(cluster, ours, cron())
    await after_moments(cluster, 1)
    assert [one["metadata"]["name"] for one in jobs(cluster)] == [name]
    assert not said(cluster, "FailedCreate")
    assert status(cluster, "tick", "CronJob")["lastScheduleTime"]


async def test_a_job_that_may_not_be_made_is_told_of_and_tried_again(cluster: EmbeddedCluster) -> None:
    quota: Object = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": "default"}}
    apply(cluster, quota | {"spec": {"hard": {"count/jobs.batch": "0"}}}, cron())
    await after_moments(cluster, 1)
    assert not jobs(cluster)
    assert "exceeded quota: none" in texts(cluster, "FailedCreate")[0]
    cluster.store.delete("ResourceQuota", "none", "default")
    await after_moments(cluster, 1)
    assert jobs(cluster)


async def test_a_day_that_never_comes_starts_nothing(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron("0 0 30 2 *"))
    await asyncio.sleep(600)
    assert not jobs(cluster)


async def test_a_deleted_cron_job_takes_its_jobs_along(cluster: EmbeddedCluster) -> None:
    apply(cluster, cron())
    await after_moments(cluster, 1)
    assert jobs(cluster)
    cluster.store.delete("CronJob", "tick", "default", propagation="Foreground")
    await cluster.settled()
    assert not jobs(cluster)
    assert cluster.store.find("CronJob", "tick", "default") is None


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        ("*/5 * * * *", "2026-01-01T00:03:20", "2026-01-01T00:05:00"),
        ("30 9 * * mon-fri", "2026-01-02T10:00:00", "2026-01-05T09:30:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("@daily", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("0 12 1 * sun", "2026-01-01T13:00:00", "2026-01-04T12:00:00"),
        ("5/20 * * * *", "2026-01-01T00:05:00", "2026-01-01T00:25:00"),
        ("0 0 ? JUN,dec ?", "2026-01-01T00:00:00", "2026-06-01T00:00:00"),
        ("1-10/4 3 * * *", "2026-01-01T03:05:00", "2026-01-01T03:09:00"),
        ("0 0 30 2 *", "2026-01-01T00:00:00", None),
    ],
)
def test_a_schedule_names_its_next_moment(line: str, after: str, expected: str | None) -> None:
    found = Schedule.parse(line).after(datetime.fromisoformat(after))
    assert found == (datetime.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("@fortnightly", "unrecognized descriptor: @fortnightly"),
        ("0 noon * * *", 'failed to parse int from noon: strconv.Atoi: parsing "noon": invalid syntax'),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("0 0 * * 7", "end of range (7) above maximum (6): 7"),
        ("30-10 * * * *", "beginning of range (30) beyond end of range (10): 30-10"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
    ],
)
async def test_what_is_no_schedule_is_refused_with_the_reason(cluster: EmbeddedCluster, line: str, why: str) -> None:
    with pytest.raises(Rejected) as caught:
        apply(cluster, cron(line))
    assert caught.value.message == f'CronJob.batch "tick" is invalid: spec.schedule: Invalid value: "{line}": {why}'


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"schedule": ""}, "spec.schedule: Required value"),
        (
            {"concurrencyPolicy": "Queue"},
            'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"',
        ),
        (
            {"failedJobsHistoryLimit": -1},
            "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}}},
            'spec.jobTemplate.spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: '
            '"OnFailure", "Never"',
        ),
    ],
)
async def test_a_cron_job_that_could_not_run_is_refused(cluster: EmbeddedCluster, spec: Object, why: str) -> None:
    with pytest.raises(Rejected) as caught:
        apply(cluster, cron(**spec))
    assert caught.value.message == f'CronJob.batch "tick" is invalid: {why}'
