"""Several apps as one change: all are prepared, all are proven, then they are switched one after the other.

Nobody meets a new version before the new pods of every app that can stand beside its old ones are ready at the same
moment. Apps are switched in the order given, so that callees come before their callers, and old sets stand by until all
have been watched. Whatever fails takes all of it back, last first.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions.sides import wanted_revision
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.late import NEW_HASH
from dot_ai_lifecycle.core.parts import as_part, at_once, called
from dot_ai_lifecycle.core.plan import Note, Risk
from dot_ai_lifecycle.core.steps import Approve, Await, Observe, Step
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.domain.preflight.assessment import Assessment, assess
from dot_ai_lifecycle.domain.preflight.crowding import Newcomers, crowded
from dot_ai_lifecycle.domain.strategies.blue_green import prepared, proven, switched
from dot_ai_lifecycle.domain.strategies.burst import burst, probe
from dot_ai_lifecycle.domain.strategies.choice import Chosen, Wanted, chosen, out_of_reach, unfit_to_stand_beside
from dot_ai_lifecycle.domain.strategies.preview import previewed, unchecked
from dot_ai_lifecycle.domain.strategies.replacing import Replaced, Ways, replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from dot_ai_lifecycle.domain.strategies.switching import WHOLE, committed, sending

_LEVELS = ("low", "medium", "high")
_VERDICTS = ("safe", "safe-with-fixes", "degraded", "impossible")


class Member(Struct, frozen=True):
    """One of the apps: how its pods are to change, and what was looked at around it."""

    rollout: Rollout
    look: Look

    def among(self, others: Sequence[Newcomers]) -> "Member":
        """The app where new pods of others come, too."""
        return replace(self, look=replace(self.look, around=crowded(self.look.around, others)))


class Share(Struct, frozen=True):
    """One app's share of the plan, by when it is done; what cannot be prepared is `switched` in its turn."""

    replaced: Replaced
    prepared: tuple[Step, ...] = ()
    proven: tuple[Await, ...] = ()
    switched: tuple[Step, ...] = ()
    watched: tuple[Observe, ...] = ()
    ended: tuple[Step, ...] = ()

    @property
    def newcomers(self) -> int:
        """How many new pods come beside the old ones before anything is switched."""
        if not self.proven:
            return 0
        return self.replaced.scene.workload.replicas if self.ended else 1

    def of(self, part: str) -> "Share":
        """The share, its steps marked as that part of the plan."""
        return Share(
            self.replaced,
            tuple(as_part(step, part) for step in self.prepared),
            tuple(as_part(step, part) for step in self.proven),
            tuple(as_part(step, part) for step in self.switched),
            tuple(as_part(step, part) for step in self.watched),
            tuple(as_part(step, part) for step in self.ended),
        )


class AsOne(Struct, frozen=True):
    """The steps of the whole, what a person should know of it, and what is to be expected at worst."""

    steps: tuple[Step, ...]
    notes: tuple[Note, ...]
    risk: Risk
    verdict: str


def as_one(members: Sequence[Member], wanted: Wanted, ways: Ways) -> AsOne:
    """The change of all of them, in that order. Raises Refused where one cannot be changed as wanted, naming it."""
    names = [called(member.rollout.workload.ref) for member in members]
    shares = [share.of(name) for share, name in zip(_shares(members, wanted, ways), names, strict=True)]
    if ways.queries and not any(share.watched for share in shares):
        raise Refused(
            "Nothing is watched in this change of several apps, so no metric can be asked for.",
            hint="Leave the metrics out, or have a Service send to one of the apps.",
        )
    verdicts = [share.replaced.verdict for share in shares if share.replaced.verdict]
    return AsOne(
        steps=_steps(shares, members[-1].rollout, ways),
        notes=(*_order(names), *_notes(names, shares)),
        risk=_risk(names, shares),
        verdict=max(verdicts, key=_VERDICTS.index, default=""),
    )


def _shares(members: Sequence[Member], wanted: Wanted, ways: Ways) -> list[Share]:
    """The share of each; those that need room for a whole set take it first, the others what is left."""
    shares: dict[int, Share] = {}
    taken: list[Newcomers] = []
    for place in sorted(range(len(members)), key=lambda place: not sending(members[place].rollout)):
        member = members[place].among(taken)
        shares[place] = _share(member, wanted, ways)
        taken.append((member.look.around, shares[place].newcomers))
    return [shares[place] for place in range(len(members))]


def _steps(shares: Sequence[Share], main: Rollout, ways: Ways) -> tuple[Step, ...]:
    app = main.workload.ref
    waits = [wait for share in shares for wait in share.proven]
    again = [wait.model_copy(update={"why": "its new pods are ready when all are"}) for wait in waits]
    asked = _asked(main, ways, shares[-1])
    return (
        *(step for share in shares for step in share.prepared),
        *at_once(app, waits, "new pods prove themselves beside the old ones"),
        *asked,
        *(at_once(app, again, "all new pods are ready at the same moment") if asked or len(again) > 1 else ()),
        *(step for share in shares for step in share.switched),
        *at_once(app, [one for share in shares for one in share.watched], "all are watched, their old pods stand by"),
        *(step for share in shares for step in share.ended),
    )


def _asked(main: Rollout, ways: Ways, share: Share) -> tuple[Step, ...]:
    """What the last of the apps has to answer, and who looks at it, before the first of them is switched."""
    if ways.preview.checks and not share.ended:
        raise unchecked(main.workload, "its new pods cannot stand beside its old ones unasked")
    why = "somebody looks at the new versions before the first of the apps is switched"
    within = ways.approval
    asked = () if within is None else (Approve(ref=main.workload.ref, within=within, why=why),)
    if not share.ended:
        return asked
    steps, part = previewed(main, ways.preview, asked), called(main.workload.ref)
    return tuple(step if isinstance(step, Approve) else as_part(step, part) for step in steps)


def _share(member: Member, wanted: Wanted, ways: Ways) -> Share:
    rollout, look = member.rollout, member.look
    if unfit_to_stand_beside(rollout.scene):
        return _in_its_turn(member, wanted, ways)
    chosen(rollout.scene, wanted)  # refuses what cannot be switched
    unreachable = out_of_reach(rollout.scene)
    if wanted != "rolling" and not unreachable and (share := _switched(rollout, wanted, ways, look)) is not None:
        return share
    assessment = assess(look.around, strategy="rolling", images=look.images)
    if assessment.headroom == 0:
        return _in_its_turn(member, "rolling", ways)
    begun, proof = probe(rollout)
    steps = burst(rollout, assessment.headroom)
    served = "one pod of it proves itself first, and is asked like the others" if sending(rollout) else _UNASKED
    return Share(_told(rollout, Chosen("rolling", unreachable or served), assessment), (begun,), (proof,), steps)


_UNASKED = "no Service sends traffic to it; one pod of it proves itself first"


def _switched(rollout: Rollout, wanted: Wanted, ways: Ways, look: Look) -> Share | None:
    """Blue-green in two halves; None where it is not asked for and would serve nobody, or has no room."""
    if wanted == "auto" and not sending(rollout):
        return None
    assessment = assess(look.around, strategy="blue-green", images=look.images)
    if wanted == "auto" and _has_no_room(rollout, assessment):
        return None
    current = wanted_revision(rollout.scene)
    assert current is not None, "it would be unfit"
    why = "as asked" if wanted != "auto" else "its new pods are prepared without traffic"
    return Share(
        _told(rollout, Chosen("blue-green", why), assessment),
        prepared(rollout, current.hash),
        (proven(rollout),),
        switched(rollout, current.hash),
        _stood_by(rollout, current.hash, ways),
        committed(rollout, WHOLE),
    )


def _has_no_room(rollout: Rollout, assessment: Assessment) -> bool:
    return assessment.headroom is not None and assessment.headroom < rollout.workload.replicas


def _stood_by(rollout: Rollout, old_hash: str, ways: Ways) -> tuple[Observe, ...]:
    if not ways.standby:
        return ()
    why = "the new version is asked, the old pods stand by"
    return (
        Observe(
            ref=rollout.workload.ref,
            new=NEW_HASH,
            old=old_hash,
            seconds=ways.standby,
            switched=True,
            asks=ways.asks,
            queries=ways.queries,
            why=why,
        ),
    )


def _in_its_turn(member: Member, wanted: Wanted, ways: Ways) -> Share:
    """An app whose new pods cannot stand beside its old ones; its engine's pauses are its own."""
    alone = Ways(weights=ways.weights, standby=ways.standby, asks=ways.asks)
    replaced = replacing(member.rollout, wanted, alone, member.look)
    return Share(replaced, switched=replaced.steps)


def _told(rollout: Rollout, choice: Chosen, assessment: Assessment) -> Replaced:
    return Replaced(rollout.scene, choice, (), assessment)


def _order(names: Sequence[str]) -> tuple[Note, ...]:
    *first, last = names
    text = f"All are prepared and proven first, then switched in this order: {', '.join(first)}, at last {last}."
    return (Note(level="info", text=text),) if first else ()


def _notes(names: Sequence[str], shares: Sequence[Share]) -> tuple[Note, ...]:
    notes = []
    for name, share in zip(names, shares, strict=True):
        if not share.proven:
            text = f"{name}: its new pods cannot be prepared beside its old ones: it is changed in its turn."
            notes.append(Note(level="warning", text=text))
        notes += [note.model_copy(update={"text": f"{name}: {note.text}"}) for note in share.replaced.notes]
    return tuple(notes)


def _risk(names: Sequence[str], shares: Sequence[Share]) -> Risk:
    risks = [share.replaced.risk() for share in shares]
    reasons = tuple(f"{name}: {why}" for name, risk in zip(names, risks, strict=True) for why in risk.reasons)
    return Risk(level=max((risk.level for risk in risks), key=_LEVELS.index), reasons=reasons)
