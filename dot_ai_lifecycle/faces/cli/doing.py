"""A command carried out: questions answered, changes shown, agreed to, run and told."""

import shlex
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from dot_ai_lifecycle.core.errors import PlanChanged
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.telling import Outcome, told
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.engine.proposal import APPROVAL_LASTS, Consent, Proposal
from dot_ai_lifecycle.faces.cli import exits
from dot_ai_lifecycle.faces.cli.agreeing import consent, person_agrees
from dot_ai_lifecycle.faces.cli.invocation import Approve, Ask, Do, Where
from dot_ai_lifecycle.faces.cli.progress import display_on
from dot_ai_lifecycle.faces.cli.screen import Screen
from dot_ai_lifecycle.faces.cli.waiting import begun, told_to_stop, watched
from dot_ai_lifecycle.faces.render.answers import answer_view
from dot_ai_lifecycle.faces.render.outcomes import outcome_view
from dot_ai_lifecycle.faces.render.plans import plan_view
from dot_ai_lifecycle.faces.render.proposed import proposed

GoOn = Callable[[Record, Where, Path], Path]


class Here(Struct, frozen=True):
    """What every command finds: an engine, a screen, the words it was called with, and this machine's own place.

    `go_on` starts what continues an operation that nobody here wants to wait for.
    """

    engine: Engine
    screen: Screen
    words: tuple[str, ...]
    actor: str
    state_dir: Path
    go_on: GoOn


async def performed(asked: Ask | Do | Approve, here: Here) -> int:
    """Carry the command out. Returns the exit code; raises LifecycleError where it is refused."""
    match asked:
        case Ask():
            return await _answer(asked, here)
        case Do():
            return await _change(asked, here)
        case Approve():
            return await _approve(asked, here)


async def _answer(asked: Ask, here: Here) -> int:
    answer = await here.engine.ask(asked.question)
    here.screen.show(answer_view(answer, here.engine.world.reader.now()), answer)
    return exits.code_of(answer.status) if isinstance(answer, Outcome) else exits.DONE


async def _change(asked: Do, here: Here) -> int:
    question = asked.change.question()
    if question is not None:
        return await _answer(Ask(question, asked.where), here)
    proposal = await here.engine.propose(asked.change)
    if not proposal.plan.steps or asked.agreement.plan:
        plan, context = proposal.plan, proposal.identity.context
        here.screen.show(plan_view(plan, context), proposed(plan, context, proposal.needs))
        return exits.DONE
    if asked.agreement.plan_id not in ("", proposal.plan.id):
        raise PlanChanged(
            f"The plan {asked.agreement.plan_id} is not what would be done now; that is plan {proposal.plan.id}.",
            hint=f"Look at it: {_again(here, '--plan', without='--plan-id')}",
        )
    here.screen.people(plan_view(proposal.plan, proposal.identity.context))
    agreed = consent(proposal.plan, proposal.needs, asked.agreement, here.screen, here.actor)
    if agreed is None:
        return _not_agreed(proposal, here)
    outcome = await _run(asked, agreed, here)
    here.screen.show(outcome_view(outcome), outcome)
    return exits.code_of(outcome.status)


def _not_agreed(proposal: Proposal, here: Here) -> int:
    if here.screen.asks:
        here.screen.say("Nothing was changed.")
        return exits.REFUSED
    way = "--yes" if proposal.needs == "person" else f"--plan-id {proposal.plan.id}"
    command = _again(here, way)
    here.screen.say(f"Nothing was changed: nobody is here to be asked. To run this plan:\n  {command}")
    plan, context = proposal.plan, proposal.identity.context
    here.screen.programs(proposed(plan, context, proposal.needs, (command,)).model_dump(mode="json"))
    return exits.REFUSED


def _again(here: Here, *more: str, without: str = "") -> str:
    words = list(here.words)
    if without in words:
        at = words.index(without)
        del words[at : at + 2]
    kept = (word for word in words if not (without and word.startswith(f"{without}=")))
    return shlex.join(["dot-ai", *kept, *(word for option in more for word in option.split())])


async def _run(asked: Do, agreed: Consent, here: Here) -> Outcome:
    """Begin the change and watch it to its end, or as long as somebody is willing to wait."""
    console = here.screen.beside
    with told_to_stop() as stop, display_on(console, quiet=here.screen.output == "json") as display:
        run = await begun(here.engine, asked.change, agreed, display, stop)
        await watched(run, asked.agreement.patience, display, stop)
        if not run.ended:
            await here.engine.close()
        record = run.record
    if record.state == "interrupted" and not stop.is_set() and asked.agreement.patience is not None:
        return _handed_over(record, asked.where, here)
    return told(record)


def _handed_over(record: Record, where: Where, here: Here) -> Outcome:
    app = record.plan.app
    log = here.go_on(record, where, here.state_dir)
    told_by = f"dot-ai history {app.kind.lower()}/{app.name} --namespace {app.namespace}"
    return told(record).model_copy(
        update={
            "status": "running",
            "verdict": "",
            "summary": f"{record.plan.summary} goes on in the background.",
            "next_steps": (told_by, f"its result will be in {log}"),
        }
    )


async def _approve(asked: Approve, here: Here) -> int:
    engine, screen = here.engine, here.screen
    plan = engine.kept(asked.plan_id)
    context = (await engine.world.reader.identity()).context
    screen.people(plan_view(plan, context))
    if not asked.yes and not (screen.asks and person_agrees(plan, "person", screen)):
        screen.say("It was not agreed to." if screen.asks else "Nobody is here to be asked; agree with --yes.")
        screen.programs(proposed(plan, context, "person", (_again(here, "--yes"),)).model_dump(mode="json"))
        return exits.REFUSED
    engine.approve(plan.id, here.actor)
    after = f"Whoever proposed it may now run plan {plan.id} once, within {APPROVAL_LASTS / 60:.0f} minutes."
    screen.say(f"Agreed. {after}")
    screen.programs({**proposed(plan, context, "person", (after,)).model_dump(mode="json"), "status": "approved"})
    return exits.DONE
