"""How each cell of the matrix is done: through `dot-ai serve` as a model does it, and with kubectl as a person does."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.cells import Cell, promised
from benchmarks.measured import WentWrong
from benchmarks.stand import Stand, tag_of
from dot_ai_lifecycle.domain.preflight.noting import SAID
from tests.real.probe import Report
from tests.real.product import Answer, Session, seconds_until_called

STEPS, INTERVAL, STANDBY = (25, 50), 4, 4
"""Percents and seconds of a canary's steps; seconds that the old pods stand by after a switch."""

WAITS = 10
"""Seconds a person with kubectl waits for a rollout before they undo it."""

_LOOKS_AGAIN = 0.2

_NOTICES = 1.5
"""Seconds a person takes to see that a version answers with errors; its pods reach the proxies within one."""


@dataclass(frozen=True)
class Went:
    """How an update went. Moments are of the monotonic clock, which every process of a machine shares.

    `seconds` is from the call to its end; `said` when somebody wanted the bad version gone, None where nobody had to
    say it; `called` the seconds until a version was called bad by itself; `promised` that the plan said beforehand that
    no request is lost.
    """

    seconds: float
    strategy: str = ""
    promised: bool = False
    status: str = ""
    said: float | None = None
    called: float | None = None


@dataclass(frozen=True)
class Seen:
    """An update, and what its users saw of it.

    `bad` is what the bad version calls itself in its answers; `disturbed` counts signs of a machine that was too busy.
    """

    report: Report
    went: Went
    bad: str = ""
    disturbed: int = 0

    @property
    def failed(self) -> int:
        """Requests that failed; a good version's errors are failures too."""
        return len(self.report.failed) + (0 if self.bad else len(self.report.errors))

    @property
    def bad_answers(self) -> int:
        """Requests that the bad version answered, with an error or without."""
        return len(self.report.errors) + self.report.ok.get(self.bad, 0) if self.bad else 0

    @property
    def _span(self) -> tuple[float, float]:
        spans = [self.report.spans[self.bad]] if self.bad in self.report.spans else []
        moments = [*(moment for span in spans for moment in span), *(miss.at for miss in self.report.errors)]
        return min(moments), max(moments)

    @property
    def exposed(self) -> float:
        """Seconds from the first to the last request that the bad version answered; 0 where it answered none."""
        first, last = self._span if self.bad_answers else (0.0, 0.0)
        return last - first

    @property
    def share(self) -> float:
        """The share of the requests in that time that met it; they are sent evenly by the clock."""
        everything = self.report.answered + len(self.report.errors)
        meanwhile = everything * self.exposed / self.report.lasted if self.report.lasted else 0.0
        return min(1.0, self.bad_answers / meanwhile) if meanwhile else 0.0

    @property
    def clean_after(self) -> float | None:
        """Seconds from the word that ended it to the last request the bad version answered; None where none was."""
        if self.went.said is None or not self.bad_answers:
            return None
        return max(0.0, self.report.began + self._span[1] - self.went.said)


async def ours(session: Session, stand: Stand, cell: Cell) -> Seen:
    """The cell as the product does it. The app is at its good version again afterwards. Raises WentWrong."""
    if cell.way == "rollback":
        await stand.given_the_version(cell.version)
    async with stand.users() as users:
        went = await carried_out(session, stand, cell)
        await stand.alone()
    return Seen(users.here.report, went, tag_of(cell.version), users.disturbed)


async def carried_out(session: Session, stand: Stand, cell: Cell, **otherwise: Any) -> Went:
    """The cell's update with all that people say to it; `otherwise` are arguments in the place of the cell's own.

    Raises WentWrong where it does not end as it should.
    """
    tool, change = _asked(stand, cell)
    planned = await session.call(tool, **{**change, **otherwise})
    if planned.content.get("status") != "planned":
        raise WentWrong(f"{cell}: {planned.text}")
    call, began = planned.content["next_call"], time.monotonic()
    running = asyncio.create_task(session.call(call["tool"], **call["arguments"]))
    said = began if cell.way == "rollback" and cell.version != "good" else None
    said = said or await _word(session, stand, cell, running)
    answer = await session.ended(await running)
    seconds = time.monotonic() - began
    _expect(cell, answer)
    if cell.way == "rolling" and cell.version == "20 % errors":
        said, _ = await _said(session, "resume_operation", answer, action="undo")
    if cell.version == "good" and cell.way != "rollback" and answer.content["status"] == "done":
        stand.tag = stand.other
    alone = answer.content["status"] == "undone" and answer.content["cause"]["code"] != "ABORTED"
    called = seconds_until_called(answer.content) if alone else None
    strategy, promise = _named(planned, stand)
    return Went(seconds, strategy, promise, answer.content["status"], said, called)


async def plainly(session: Session, stand: Stand, tool: str) -> Went:
    """Carry out a change that succeeds without a word from anybody, or is not needed. Raises WentWrong."""
    began = time.monotonic()
    planned = await session.call(tool, **stand.scope)
    call = planned.content.get("next_call")
    answer = planned if call is None else await session.ended(await session.call(call["tool"], **call["arguments"]))
    if answer.content.get("status") not in ("done", "nothing_to_do"):
        raise WentWrong(answer.text)
    strategy, promise = _named(planned, stand)
    return Went(time.monotonic() - began, strategy, promise, answer.content["status"])


def _asked(stand: Stand, cell: Cell) -> tuple[str, dict[str, Any]]:
    if cell.way == "rollback":
        return "rollback_app", {**stand.scope, "to_version": stand.tag}
    strategy = cell.way.partition(",")[0]
    wanted: dict[str, Any] = {
        **stand.scope,
        "image": stand.image(cell.version),
        "strategy": strategy,
        "force": True,  # what failed in one cell is tried again in the next
    }
    if cell.way.startswith("canary"):
        wanted |= {"steps": list(STEPS), "interval": INTERVAL, "approve": cell.way == "canary, promoted"}
    if cell.way == "blue-green":
        wanted |= {"standby": STANDBY}
    return "update_app", wanted


async def _word(session: Session, stand: Stand, cell: Cell, running: asyncio.Task[Answer]) -> float | None:
    """Say what the cell's person says to the running update; the moment they want it gone, None where they do not."""
    if cell.way == "canary, promoted" and cell.version == "good":
        waiting = await _at(session, stand, running, lambda step: "somebody to promote" in step)
        await _said(session, "promote_operation", waiting, action="promote")
        return None
    if cell.way == "canary, aborted" or (cell.way, cell.version) == ("blue-green", "20 % errors"):
        watching = await _at(session, stand, running, lambda step: step.startswith("Watch "))
        await asyncio.sleep(_NOTICES)
        moment, _ = await _said(session, "promote_operation", watching, action="abort")
        return moment
    return None


async def _said(session: Session, tool: str, to: Answer, **word: str) -> tuple[float, Answer]:
    """Say a word to an operation: when it was agreed to, and what came of it."""
    on = {"operation_id": to.content["operation_id"], "namespace": to.content["namespace"]}
    planned = await session.call(tool, **on, **word)
    call = planned.content.get("next_call")
    if call is None:
        raise WentWrong(planned.text)
    moment = time.monotonic()
    return moment, await session.ended(await session.call(call["tool"], **call["arguments"]))


async def _at(
    session: Session, stand: Stand, running: asyncio.Task[Answer], fits: Callable[[str], bool], within: float = 90.0
) -> Answer:
    """The running operation, once it is at a step that fits. Raises WentWrong where it does not come there."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and not (running.done() and running.result().content.get("status") != "running"):
        listed = await session.call("list_operations", **stand.scope, limit=1)
        newest = listed.content["operations"][0] if listed.content.get("operations") else {}
        if newest.get("status") == "running":
            on = {"operation_id": newest["operation_id"], "namespace": newest["namespace"]}
            found = await session.call("get_operation", **on)
            if any(step["state"] == "begun" and fits(step["step"]) for step in found.content.get("steps", ())):
                return found
        await asyncio.sleep(_LOOKS_AGAIN)
    told = running.result().text if running.done() else "it goes on"
    raise WentWrong(f"the operation did not come to the step that was waited for: {told}")


def _named(planned: Answer, stand: Stand) -> tuple[str, bool]:
    """The strategy that the plan named, and whether it promised that no request is lost."""
    notes = [note["text"] for note in planned.content["plan"]["notes"]]
    named = next((text for text in notes if text.startswith("Strategy ")), "Strategy rolling:")
    strategy = str(named.removeprefix("Strategy ").partition(":")[0])
    verdicts = [verdict for verdict, words in SAID.items() if any(text.startswith(words) for text in notes)]
    kept = any(verdict in ("safe", "safe-with-fixes") for verdict in verdicts)
    return strategy, kept if verdicts else promised(strategy, stand.shape)


def _expect(cell: Cell, answer: Answer) -> None:
    wanted = "done" if _succeeds(cell) else "undone"
    if answer.content.get("status") != wanted:
        raise WentWrong(f"{cell}: {wanted} was expected. {answer.text}")


def _succeeds(cell: Cell) -> bool:
    if cell.way == "rollback":
        return True
    if cell.way == "canary, aborted":
        return False
    return cell.version == "good" or (cell.version == "20 % errors" and cell.way == "rolling")


async def theirs(stand: Stand, cell: Cell) -> Seen:
    """The same with kubectl: a rollout that is not done in time, and one that answers with errors, is undone."""
    back = cell.way == "rollback"
    if back:
        await stand.given_the_version(cell.version)
    async with stand.users() as users:
        began = time.monotonic()
        done = await (_back(stand) if back else _forward(stand, cell))
        seconds = time.monotonic() - began
        said = began if back and cell.version != "good" else None
        if not back and (not done or cell.version == "20 % errors"):
            said = time.monotonic()
            await _back(stand)
        await stand.alone()
    if cell.version == "good" and not back:
        stand.tag = stand.other
    went = Went(seconds, status="done" if done else "not done", said=said)
    return Seen(users.here.report, went, tag_of(cell.version), users.disturbed)


async def _forward(stand: Stand, cell: Cell) -> bool:
    await stand.set_image(stand.image(cell.version))
    return await stand.rolled_out(WAITS)


async def _back(stand: Stand) -> bool:
    await stand.kubectl("rollout", "undo", "deployment/web")
    return await stand.rolled_out(60)
