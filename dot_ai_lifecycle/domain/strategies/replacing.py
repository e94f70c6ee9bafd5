"""One way in for every change of a pod template: the strategy is chosen, its steps are made, and both are said."""

from msgspec import Struct, field
from msgspec.structs import replace

from dot_ai_lifecycle.core.analysis.queries import OwnQuery
from dot_ai_lifecycle.core.conditions.sides import wanted_revision
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.gateway import Gateway
from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.plan import Note, Risk
from dot_ai_lifecycle.core.preview import Preview
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.steps import Approve, Observe, Step
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.domain.engines.by_engine import delivered, notes_on_pauses
from dot_ai_lifecycle.domain.preflight.assessment import Assessment, assess
from dot_ai_lifecycle.domain.preflight.choosing import preferred
from dot_ai_lifecycle.domain.preflight.noting import notes_of
from dot_ai_lifecycle.domain.rolling import notes_on, notes_on_state, risk_of
from dot_ai_lifecycle.domain.strategies.blue_green import blue_green
from dot_ai_lifecycle.domain.strategies.burst import rolling
from dot_ai_lifecycle.domain.strategies.canary import Weights, canary
from dot_ai_lifecycle.domain.strategies.canary_of_sets import canary_of_set, notes_on_set
from dot_ai_lifecycle.domain.strategies.choice import (
    Chosen,
    Wanted,
    chosen,
    left_to_engine,
    recreates,
    unfit_for_switching,
)
from dot_ai_lifecycle.domain.strategies.clone import by_clone
from dot_ai_lifecycle.domain.strategies.preview import notes_on_preview, previewed, unchecked
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from dot_ai_lifecycle.domain.strategies.weighted import weighted

_PLAIN = 2
"""Steps of a change at the app's own pace: the patch and its proof."""


class Replaced(Struct, frozen=True):
    """The steps of a change of a pod template, how they were chosen, and what is to be expected of them."""

    scene: Scene
    choice: Chosen
    steps: tuple[Step, ...]
    assessment: Assessment | None = None
    asks: tuple[Note, ...] = ()

    @property
    def verdict(self) -> str:
        """What is to be expected, in one word; empty where nobody looked around."""
        return self.assessment.verdict if self.assessment else ""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a person should know of the way it goes, before agreeing."""
        says = Note(level="info", text=f"Strategy {self.choice.strategy}: {self.choice.why}.")
        if self.choice.strategy == "its own":
            seen, found = self.scene, self.assessment
            expected = (*notes_of(found), *notes_on_state(seen)) if found else notes_on(seen)
            return (says, *self.asks, *expected)
        special, of_set = self.choice.strategy != "rolling", self.scene.workload.kind != "Deployment"
        more = notes_on_set(self.scene) if special and of_set else ()
        if self.assessment is not None:
            return (says, *self.asks, *more, *notes_of(self.assessment), *notes_on_state(self.scene))
        paced = len(self.steps) > _PLAIN and not of_set
        return (says, *self.asks, *more, *notes_on(self.scene, switched=special and not of_set, paced=paced))

    def risk(self) -> Risk:
        """How much it may hurt: what cannot succeed is for a person to decide."""
        seen = risk_of(self.scene)
        if self.choice.strategy == "blue-green" and recreates(self.scene.workload):
            seen = Risk(level="high", reasons=(_SIDE_BY_SIDE,))
        if self.assessment is None or self.assessment.verdict != "impossible":
            return seen
        return Risk(level="high", reasons=(*seen.reasons, *self.assessment.reasons))


_SIDE_BY_SIDE = "two versions run side by side for a while, which its strategy Recreate is there to prevent"


class Ways(Struct, frozen=True):
    """How the strategies go, as far as a person may say.

    `weights` are a canary's; `standby` is how many seconds the old pods stand by after a switch, watched; `approval` is
    how many seconds somebody has to promote before all traffic moves (None: nobody is asked); `asks` is how many
    what is unclear or paused waits for the same. A canary goes by the weights of the `gateway`'s routes
    where there are any; requests with the `header` (`NAME=VALUE`) meet it whatever its weight. Whatever is watched, the
    user's own `queries` are asked of too. The `preview` is of the new pods alone, with what they have to answer before
    anybody is served by them.
    """

    weights: Weights = field(default_factory=Weights)
    standby: float = 10
    approval: float | None = None
    asks: float = 1800
    gateway: Gateway | None = None
    header: str = ""
    queries: tuple[OwnQuery, ...] = ()
    preview: Preview = field(default_factory=Preview)


AS_USUAL = Ways()


def replacing(
    rollout: Rollout,
    wanted: Wanted = "auto",
    ways: Ways = AS_USUAL,
    look: Look | None = None,
) -> Replaced:
    """The steps by which the template changes. Raises Refused where the strategy wanted cannot be carried out.

    With a `look` the strategy is chosen, and held, by all that is around the app; without one by the app alone.
    """
    if rollout.workload.engine:
        return _by_engine(rollout, wanted, ways, look)
    choice, assessment = _chosen(rollout.scene, wanted, look, smoke=bool(ways.preview.checks))
    current, asked = wanted_revision(rollout.scene), _asked(rollout, ways)
    beside = rollout.workload.kind == "Deployment" and not recreates(rollout.workload)
    previews = asked and beside and choice.strategy != "rolling"
    notes = notes_on_preview(rollout, ways.preview) if previews else ()
    if choice.strategy == "blue-green" and current is not None:
        steps = _blue_green(rollout, current.hash, ways, asked)
    elif choice.strategy == "canary" and current is not None:
        steps = _canary(rollout, current.hash, ways, asked)
    else:
        steps = rolling(rollout, assessment.headroom if assessment else None)
    return Replaced(rollout.scene, choice, _watched(steps, ways, choice), assessment, notes)


def _watched(steps: tuple[Step, ...], ways: Ways, choice: Chosen) -> tuple[Step, ...]:
    """The steps, as a person wants new pods watched. Raises Refused for queries where they nowhere are."""
    if ways.queries and not any(isinstance(step, Observe) for step in steps):
        raise Refused(
            f"Nothing is watched in a {choice.strategy} change, so no metric can be asked for.",
            hint="Take the strategy canary or blue-green, or leave the metrics out.",
        )
    wanted = {"queries": ways.queries, "asks": ways.asks}
    return tuple(step.model_copy(update=wanted) if isinstance(step, Observe) else step for step in steps)


def _chosen(scene: Scene, wanted: Wanted, look: Look | None, *, smoke: bool) -> tuple[Chosen, Assessment | None]:
    if smoke and wanted == "auto":
        if unfit := unfit_for_switching(scene):
            raise unchecked(scene.workload, unfit)
        choice, assessment = _chosen(scene, "blue-green", look, smoke=True)
        return Chosen(choice.strategy, _SMOKE), assessment
    if look is None:
        return chosen(scene, wanted), None
    if wanted == "auto":
        best = preferred(look.around, look.images)
        return Chosen(best.strategy, best.why), best.assessment
    choice = chosen(scene, wanted)
    return choice, assess(look.around, strategy=choice.strategy, images=look.images)


_SMOKE = "smoke checks ask a whole new set before anybody is served by it"


def _by_engine(rollout: Rollout, wanted: Wanted, ways: Ways, look: Look | None) -> Replaced:
    choice, engine = left_to_engine(rollout.workload, wanted), rollout.workload.engine
    if ways.approval is not None:
        raise Refused(
            f"Who is asked before traffic moves is decided by {engine}, which delivers {rollout.workload.ref}.",
            hint="Leave approve out; have its own steps ask, where somebody shall be asked.",
        )
    if ways.queries:
        raise Refused(
            f"What is measured while traffic moves is decided by {engine}, which delivers {rollout.workload.ref}.",
            hint="Leave the metrics out; have its own analysis look at them.",
        )
    if ways.preview.checks:
        raise Refused(
            f"What {rollout.workload.ref} has to answer before it serves is decided by {engine}, which delivers it.",
            hint="Leave smoke out; have its own analysis ask for it.",
        )
    asks = notes_on_pauses(rollout.workload, ways.asks)
    assessment = preferred(look.around, look.images).assessment if look else None
    return Replaced(rollout.scene, choice, delivered(rollout, ways.asks), assessment, asks)


def _blue_green(rollout: Rollout, old_hash: str, ways: Ways, asked: tuple[Approve, ...]) -> tuple[Step, ...]:
    """Within the Deployment itself, or by a clone where its strategy leaves no room for two sets of pods."""
    if not recreates(rollout.workload):
        before = previewed(rollout, ways.preview, asked)
        return blue_green(rollout, old_hash, *before, after_switch=_stood_by(rollout, old_hash, ways))
    if ways.preview.checks:
        raise unchecked(rollout.workload, "its strategy is Recreate, so a clone of it is proven instead")
    return by_clone(rollout, old_hash, *asked, standby=ways.standby)


def _canary(rollout: Rollout, old_hash: str, ways: Ways, asked: tuple[Approve, ...]) -> tuple[Step, ...]:
    """By the weights of routes where gateways send to a Deployment, else by numbers of pods."""
    workload, checks = rollout.workload, ways.preview.checks
    if workload.kind == "Deployment" and ways.gateway is not None:
        return weighted(rollout, old_hash, ways.weights, ways.gateway, *asked, header=ways.header, checks=checks)
    if ways.header:
        raise Refused(
            f"No HTTPRoute that a gateway follows leads to {workload.ref}: nothing can tell requests by a header.",
            hint="Leave the header out: the canary then takes a share of all requests.",
        )
    if workload.kind == "Deployment":
        unseen = previewed(rollout, ways.preview, ())
        before = previewed(rollout, replace(ways.preview, checks=()), asked)
        return canary(rollout, old_hash, ways.weights, *before, unseen=unseen)
    if checks:
        raise unchecked(workload, "a pod of a set serves as soon as it is ready")
    return canary_of_set(rollout, old_hash, ways.weights, *asked)


def _asked(rollout: Rollout, ways: Ways) -> tuple[Approve, ...]:
    if ways.approval is None:
        return ()
    then = "all traffic moves" if rollout.workload.kind == "Deployment" else "all other pods follow"
    why = f"somebody looks at the new version before {then}"
    return (Approve(ref=rollout.workload.ref, within=ways.approval, why=why),)


def _stood_by(rollout: Rollout, old_hash: str, ways: Ways) -> tuple[Step, ...]:
    if not ways.standby:
        return ()
    why = "the new version is asked, the old pods stand by"
    ref = rollout.workload.ref
    return (Observe(ref=ref, new=NEW_HASH, old=old_hash, seconds=ways.standby, switched=True, why=why),)
