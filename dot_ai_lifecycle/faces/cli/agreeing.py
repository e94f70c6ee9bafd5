"""Whether somebody agrees to a plan: said on the command line, asked at the terminal, or not at all."""

from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.policy import Needs
from dot_ai_lifecycle.engine.proposal import Consent
from dot_ai_lifecycle.faces.cli.invocation import Agreement
from dot_ai_lifecycle.faces.cli.screen import Screen


def consent(plan: Plan, needs: Needs, agreement: Agreement, screen: Screen, by: str) -> Consent | None:
    """The agreement to this plan, or None where there is none; asks only at a terminal. `by` is who is in front."""
    if agreement.yes:
        return Consent(by=by, plan_id=plan.id, person=True)
    named = agreement.plan_id == plan.id
    if needs == "nothing" or (named and needs == "plan_id"):
        return Consent(by=by, plan_id=plan.id)
    if screen.asks:
        return Consent(by=by, plan_id=plan.id, person=True) if person_agrees(plan, needs, screen) else None
    return Consent(by=by, plan_id=plan.id) if named else None


def person_agrees(plan: Plan, needs: Needs, screen: Screen) -> bool:
    """Ask the person in front. A plan of high risk wants the app's name typed: a finger is faster than a thought."""
    if needs == "person":
        return screen.ask(f"This is of high risk. Type the app's name ({plan.app.name}) to go on:") == plan.app.name
    return screen.ask("Do it? [y/N]").lower() in ("y", "yes")
