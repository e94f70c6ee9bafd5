"""A canary held against what a provider of metrics knows of its requests."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from dot_ai_lifecycle.core.analysis.queries import WHAT, own_query
from dot_ai_lifecycle.core.errors import BadInput, NoMetrics, Refused
from dot_ai_lifecycle.core.metrics import Sample
from dot_ai_lifecycle.embedded.traffic import Flow
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import BARE, House, engine_on, house
from tests.support.saying import reached, say


class Provider:
    """Counts the requests of an embedded cluster's traffic as Prometheus would, scraped every second.

    Which pods are new it tells by the version they answer with.
    """

    def __init__(self, home: House, flow: Flow) -> None:
        self._home = home
        self._flow = flow
        self.away = False
        self.queue = 0.0
        self.asked: list[str] = []

    async def query(self, expression: str, at: datetime | None = None) -> tuple[Sample, ...]:
        if self.away:
            raise NoMetrics("The metrics provider did not answer.")
        now = at or self._home.box.now()
        if "queue_length" in expression:
            self.asked.append(expression)
            return (Sample({}, self.queue, now),)
        if "__name__" in expression:
            return (Sample({"__name__": "http_requests_total", "code": "200"}, 1.0, now),)
        if WHAT not in expression:
            return (Sample({}, 60.0, now),)
        window = int(next(iter(re.findall(r"\[(\d+)s\]", expression))))
        return tuple(Sample({WHAT: name}, float(value), now) for name, value in self._figures(window))

    def _figures(self, window: int) -> Iterator[tuple[str, int]]:
        assert self._flow.ok is not None  # reckons what happened until now
        seconds = sorted(self._flow.seconds)[-window:]
        ok = sum((self._flow.seconds[one].ok for one in seconds), Counter[str]())
        failed = sum((self._flow.seconds[one].failed for one in seconds), Counter[str]())
        for side, answered, errors in (("new", ok["v2"], failed["5xx"]), ("old", ok["v1"], 0)):
            yield f"{side}_requests", answered + errors
            yield f"{side}_errors", errors
            yield f"{side}_scrapes", window


@contextmanager
def measured(home: House, rate: float = 200) -> Iterator[tuple[Flow, Provider]]:
    """Traffic on the app, and an engine that knows who counts it."""
    flow = home.box.traffic.start("bare", "shop", rate=rate)
    provider = Provider(home, flow)
    home.engine = engine_on(home.box, home.state_dir, actor="cli:tester", metrics=provider)
    yield flow, provider
    flow.stop()


CANARY = UpdateApp(app="bare", version="v2", strategy="canary", steps=[25, 50], interval=60)


async def test_a_version_that_fails_requests_is_taken_back_though_its_pods_are_well(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        home.box.behaviour.images["box.local/bare:v2"] = {"VERSION": "v2", "ERROR_PERCENT": "20"}
        with measured(home) as (flow, _):
            record = await home.run(CANARY)

        assert record.state == "undone", record.verdict
        assert record.cause is not None
        assert record.cause.code == "ERRORS_ROSE", record.cause
        await home.box.settled()
        assert home.is_as_at_first("bare", "box.local/bare:v1")
        assert set(flow.failed) == {"5xx"}


async def test_a_version_that_answers_well_is_promoted_and_the_figures_are_told(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        with measured(home) as (flow, _):
            record = await home.run(CANARY)

        assert record.state == "done", record.verdict
        assert any("requests" in h.text for h in record.happenings if h.what == "done"), record.happenings
        assert flow.failed == {}


async def test_a_provider_that_is_away_aborts_nothing(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        with measured(home) as (_, provider):
            provider.away = True
            record = await home.run(CANARY)

        assert record.state == "done", record.verdict


@pytest.mark.parametrize(("errors", "state"), [("20", "undone"), ("0", "done")])
async def test_after_a_switch_the_old_pods_former_requests_are_the_measure(tmp_path: Path, errors: str, state: str):
    async with house(tmp_path, BARE) as home:
        home.box.behaviour.images["box.local/bare:v2"] = {"VERSION": "v2", "ERROR_PERCENT": errors}
        with measured(home):
            record = await home.run(UpdateApp(app="bare", version="v2", strategy="blue-green", standby=60))

        assert record.state == state, record.verdict
        await home.box.settled()
        assert home.is_as_at_first("bare", f"box.local/bare:{'v1' if state == 'undone' else 'v2'}")


async def test_what_too_few_requests_leave_open_is_looked_at_longer_and_then_asked_of_a_person(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        with measured(home, rate=1):
            run = await home.start(UpdateApp(app="bare", version="v2", strategy="canary", steps=[50], interval=20))
            began = asyncio.get_running_loop().time()
            await reached(run, "observe")
            await asyncio.sleep(300)
            assert not run.ended
            await say(home, run, "promote")
            record = await run.wait()

        assert record.state == "done", record.verdict
        assert asyncio.get_running_loop().time() - began > 300
        assert any("promoted by cli:colleague" in h.text for h in record.happenings)


QUEUE = 'backlog: max(queue_length{pod=~"{new}"}) <= 5'


@pytest.mark.parametrize(("length", "state"), [(9.0, "undone"), (3.0, "done")])
async def test_a_metric_of_the_user_has_to_keep_its_bound_too(tmp_path: Path, length: float, state: str):
    async with house(tmp_path, BARE) as home:
        with measured(home) as (_, provider):
            provider.queue = length
            record = await home.run(CANARY.model_copy(update={"metrics": [QUEUE]}))

        assert record.state == state, record.verdict
        assert "{new}" not in provider.asked[0]
        if state == "undone":
            assert record.cause is not None
            assert (record.cause.code, record.cause.text) == (
                "OWN_QUERY",
                "Query backlog is 9, at most 5 is allowed.",
            )


async def test_where_nobody_can_be_asked_a_metric_is_refused_and_a_resumed_canary_waits_for_a_person(tmp_path: Path):
    change = CANARY.model_copy(update={"metrics": [QUEUE]})
    async with house(tmp_path, BARE) as home:
        with pytest.raises(BadInput, match="no provider of metrics"):
            await home.engine.propose(change)
        with measured(home):
            first = await home.start(change)
            await reached(first, "observe")
            await first.interrupt()
        unmeasured = home.another_engine()
        resume = ResumeOperation(operation_id=first.operation_id)
        proposal = await unmeasured.propose(resume)
        second = await unmeasured.start(resume, home.consent(proposal))
        await reached(second, "observe")
        await asyncio.sleep(400)

        assert not second.ended
        await say(home, second, "abort")
        assert (await second.wait()).state == "undone"


async def test_a_metric_that_nothing_would_watch_is_refused(tmp_path: Path):
    async with house(tmp_path, BARE) as home:
        with measured(home), pytest.raises(Refused, match="Nothing is watched in a rolling change"):
            await home.engine.propose(UpdateApp(app="bare", version="v2", strategy="rolling", metrics=[QUEUE]))


@pytest.mark.parametrize("text", ["", "max(queue)", "max(queue) == 5", "<= 5", "max(queue) <= many"])
def test_a_query_without_a_bound_is_no_query(text: str):
    with pytest.raises(ValueError, match="a query and its bound"):
        UpdateApp(app="bare", version="v2", metrics=[text])


@pytest.mark.parametrize(
    ("text", "name", "expression", "bounds"),
    [
        (
            "sum(rate(errors[{window}])) <= 0.5",
            "sum(rate(errors[{window}]))",
            "sum(rate(errors[{window}]))",
            (0.5, None),
        ),
        ("ready: sum(up) >= 2", "ready", "sum(up)", (None, 2)),
        ("count(job:requests:rate5m > 3) >= 1e1", "count(job:requests:rate5m > 3)", None, (None, 10)),
    ],
)
def test_a_query_has_a_name_an_expression_and_a_bound(
    text: str, name: str, expression: str | None, bounds: tuple[float | None, float | None]
):
    query = own_query(text)

    assert (query.name, query.expression) == (name, expression or name)
    assert (query.at_most, query.at_least) == bounds
