"""One run: perform a plan's steps, record each before it is told, take back what was done when the verdict is bad."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Literal

from msgspec import Struct

from dot_ai_lifecycle.core.errors import Conflict, LifecycleError, NotFound
from dot_ai_lifecycle.core.filling import filled
from dot_ai_lifecycle.core.metrics import Metrics
from dot_ai_lifecycle.core.parts import blamed
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.progress import OF_ONE_STEP, steps_back_done
from dot_ai_lifecycle.core.record import Cause, Happening, Record, State
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.refs import Ref
from dot_ai_lifecycle.core.scene import Scene, running_digests
from dot_ai_lifecycle.core.showing import step_text
from dot_ai_lifecycle.core.steps import Await, Create, Delete, Inscribe, Lasting, Patch, Reissue, Steer, Step
from dot_ai_lifecycle.core.way_back import WITHIN, release, way_back
from dot_ai_lifecycle.core.workload import digest_of
from dot_ai_lifecycle.engine.holds import Holds
from dot_ai_lifecycle.engine.ledger import Ledger
from dot_ai_lifecycle.engine.means import Did, Failed, Means
from dot_ai_lifecycle.engine.observe import aborted
from dot_ai_lifecycle.engine.orders import Orders
from dot_ai_lifecycle.engine.outages import outlived
from dot_ai_lifecycle.engine.perform import perform, rooted
from dot_ai_lifecycle.engine.stage import Stages

CLOSING = 1.5
"""Seconds a cancelled run has to record that it was interrupted: hosts kill a server about two seconds after asking."""


class Progress(Struct, frozen=True):
    """What a run tells while it goes on: `done` of `total` pods are where they should be (0 of 0 where none count)."""

    operation_id: str
    text: str
    done: int = 0
    total: int = 0


Tell = Callable[[Progress], Awaitable[None] | None]


def _cut_short(by: BaseException | None) -> str:
    if isinstance(by, asyncio.CancelledError):
        return "The process that ran it was stopped; resume or undo it."
    return f"A defect of this program ended it ({type(by).__name__}); resume or undo it."


def _retained(scene: Scene | None) -> dict[str, str]:
    """The template of a Rollout's revision as it is retained: not as it was written, but with all defaults filled in.

    History is compared with what is retained.
    """
    if scene is None or scene.workload.kind != "Rollout" or scene.current is None:
        return {}
    return {"template": digest_of(scene.current.template)}


class Run:
    """A run in the background. Whoever started it may stop listening; it goes on to its end."""

    def __init__(
        self,
        cluster: Cluster,
        ledger: Ledger,
        hold: Holds,
        record: Record,
        tell: Tell | None,
        metrics: Metrics | None = None,
    ) -> None:
        self._cluster = cluster
        self._ledger = ledger
        self._hold = hold
        self._tell = tell
        self._means = Means(
            cluster, Stages(cluster), Orders(cluster, record.id, record.plan.app.namespace, ledger.begun_at), metrics
        )
        self._proofs: dict[str, str] = {}
        self._known = {"operation": record.id, "actor": record.actor}
        self._done: list[Step] = list(record.plan.already)
        self.record = record
        self.operation_id = record.id
        self._task = asyncio.create_task(self._whole(), name=f"operation {record.id}")

    @property
    def ended(self) -> bool:
        return self._task.done()

    async def wait(self, within: float | None = None) -> Record:
        """The record once the run has ended, or as it stands after `within` seconds. Cancelling only stops waiting."""
        await asyncio.wait({self._task}, timeout=within)
        return self.record

    async def interrupt(self) -> None:
        """Stop between two writes, recorded as interrupted, so that any process can go on or take it back."""
        await asyncio.sleep(0)  # a task that is cancelled before its first step would record nothing
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=CLOSING)

    async def _whole(self) -> None:
        try:
            await self._forward()
        except LifecycleError as error:
            await self._end("interrupted", f"Stopped: {redact(str(error))}")
        finally:
            if self.record.state == "running":
                await self._end("interrupted", _cut_short(sys.exception()))
            await self._means.stages.close()
            await self._means.orders.close()
            await self._hold.let_go()
        await self._ledger.prune(self.record)

    async def _forward(self) -> None:
        did = Did("there was nothing to do")
        try:
            for number, step in enumerate(self.record.plan.steps):
                did = await self._step("do", number, step)
        except Failed as failed:
            await self._failed(failed)
            return
        self._note_images(did)
        await self._end("done", "; ".join(f"{part}: {text}" for part, text in self._proofs.items()) or did.text)

    async def _failed(self, failed: Failed) -> None:
        self.record = self.record.model_copy(update={"cause": failed.cause})
        if not any(isinstance(step, Patch | Create | Delete | Inscribe | Reissue | Steer) for step in self._done):
            await self._end("undone", f"{failed.cause.text} Nothing was changed.")
        elif not failed.undoable:
            await self._release(failed.cause, failed.cause.text)
        elif self.record.plan.on_failure == "hold":
            await self._end("stuck", f"{failed.cause.text} It was left as it is, as asked (on_failure: hold).")
        else:
            await self._back(failed.cause)

    async def _back(self, cause: Cause) -> None:
        """Take back what was done, with the same proof as an update."""
        plan = self.record.plan
        within = max((step.within for step in plan.steps if isinstance(step, Await)), default=WITHIN)
        try:
            did = await self._backwards(way_back(tuple(self._done), plan.app, within))
        except Failed as failed:
            text = f"{cause.text} Taking it back did not succeed: {failed.cause.text}"
            if failed.undoable:
                await self._end("stuck", text)
            else:
                await self._release(failed.cause, text)
            return
        await self._end("undone", f"{cause.text} It was taken back: {did.text}")

    async def _release(self, cause: Cause, text: str) -> None:
        """Leave the app to whoever changed it, but for what was ours for the time of this operation only.

        Of several apps, the others are taken back. `text` tells what happened.
        """
        theirs = tuple(step for step in self._done if step.part == cause.app)
        held = self.record.plan.on_failure == "hold"
        ours = tuple(step for step in self._done if step.part not in ("", cause.app) and not held)
        patched = {str(step.ref): step.ref for step in theirs if isinstance(step, Patch)}
        objects = {}
        for name, ref in patched.items():
            with suppress(NotFound, Conflict):
                objects[name] = await outlived(partial(self._cluster.read, ref))
        try:
            given_back = release(theirs, objects)
            await self._backwards((*given_back, *way_back(ours, self.record.plan.app)))
        except Failed as failed:
            await self._end("stuck", f"{text} Giving back its strategy did not succeed: {failed.cause.text}")
            return
        words = " Its strategy and its Services are as they were." if given_back else ""
        words += " The other apps were taken back." if ours else ""
        await self._end("stuck", f"{text}{words}")

    async def _backwards(self, steps: tuple[Step, ...]) -> Did:
        """Go these steps back; what an earlier way back had not done yet is given up."""
        self._means.templates.clear()
        did = Did("nothing had been changed")
        begun = steps_back_done(self.record)
        self.record = self.record.model_copy(update={"back": (*self.record.back[:begun], *steps)})
        for number, step in enumerate(steps, begun):
            did = await self._step("undo", number, await rooted(self._cluster, filled(step, self._known)))
        return did

    async def _step(self, phase: Literal["do", "undo"], number: int, planned: Step) -> Did:
        if self._hold.lost_to is not None:
            text = f"The app was taken over by {self._hold.lost_to}."
            raise Failed(Cause(code="LEASE_LOST", text=text), undoable=False)
        step = filled(planned, self._known)
        if not self._first_recorded(phase, number):
            self._note(phase, number, "begun", step_text(step))
            self.record = await outlived(partial(self._ledger.write, self.record), self._say)

        await self._say(step_text(step))
        try:
            did = await self._performed(phase, number, step)
        except Failed as failed:
            self._note(phase, number, "failed", failed.cause.text, _retained(self._means.stages.seen(step.ref)))
            raise Failed(blamed(failed.cause, step.part), undoable=failed.undoable) from failed
        if "template" in did.late:
            self._means.templates[str(step.ref)] = did.late["template"]
        if step.part and phase == "do" and isinstance(step, Await) and step.until == "rolled_out":
            self._proofs[step.part] = did.text
        self._known |= {name: value for name, value in did.late.items() if name not in OF_ONE_STEP}
        self._done.append(filled(step, did.late))
        self._note(phase, number, "done", did.text, did.late)
        return did

    async def _performed(self, phase: Literal["do", "undo"], number: int, step: Step) -> Did:
        """Perform the step; waiting on the way forward ends as soon as somebody says abort."""
        doing = asyncio.ensure_future(perform(self._means, step, number, self._left_with(step.ref), self._say))
        if phase == "undo" or not isinstance(step, Lasting):
            return await doing
        self._means.orders.listen()
        abort = asyncio.ensure_future(self._means.orders.aborted())
        try:
            await asyncio.wait({doing, abort}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise aborted(abort.result())
        finally:
            doing.cancel()
            abort.cancel()
            await asyncio.gather(doing, abort, return_exceptions=True)

    def _first_recorded(self, phase: str, number: int) -> bool:
        """The first step is recorded as begun when the record is created: one write less before the change."""
        return phase == "do" and number == 0 and bool(self.record.happenings)

    def _note(
        self,
        phase: Literal["do", "undo"],
        number: int,
        what: Literal["begun", "done", "failed"],
        text: str,
        late: dict[str, str] | None = None,
    ) -> None:
        happening = Happening(
            at=self._cluster.now(), phase=phase, step=number, what=what, text=redact(text), late=late or {}
        )
        self.record = self.record.model_copy(update={"happenings": (*self.record.happenings, happening)})

    def _left_with(self, ref: Ref) -> str:
        """The digest of the pod template that a workload was left with; empty where we did not write it."""
        return self._means.templates.get(str(ref), "")

    def _note_images(self, did: Did) -> None:
        plan, scene = self.record.plan, did.scene
        left = self._left_with(plan.app)
        if plan.others:  # the last step may be another's, and the app itself may have had nothing to change
            scene = self._means.stages.seen(plan.app)
            left = scene.workload.template_digest if scene else plan.facts.get("template", "")
        self.record = self.record.model_copy(
            update={
                "images_after": running_digests(scene) if scene else {},
                "template_after": _retained(scene).get("template", left),
            }
        )

    async def _end(self, state: State, verdict: str) -> None:
        """Record how it ended, in the cluster or at least here, and tell; the later run closes the one it followed."""
        self.record = self.record.model_copy(update={"state": state, "verdict": verdict, "ended": self._cluster.now()})
        closing = asyncio.create_task(self._write_end(), name=f"operation {self.record.id} ends")
        await asyncio.wait({closing}, timeout=None if state != "interrupted" else CLOSING)
        await self._say(verdict)

    async def _write_end(self) -> None:
        """The last write waits for the cluster too; an interrupted run has no time for that."""
        write = partial(self._ledger.write, self.record)
        try:
            self.record = await (write() if self.record.state == "interrupted" else outlived(write, self._say))
        except LifecycleError:
            await self._ledger.keep(self.record)
        plan = self.record.plan
        if plan.follows:
            try:
                await self._ledger.close_other(plan.follows, plan.app.namespace, self.record)
            except LifecycleError as error:
                await self._say(f"The earlier operation {plan.follows} could not be marked: {redact(str(error))}")

    async def _say(self, text: str, count: int = 0, total: int = 0) -> None:
        if self._tell is None:
            return
        answer = self._tell(Progress(self.operation_id, text, count, total))
        if answer is not None:
            await answer
