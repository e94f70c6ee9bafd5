"""Update: another image, proven to serve, or the old one back."""

import asyncio
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Struct
from msgspec.structs import replace
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dot_ai_lifecycle.core.analysis.queries import own_query
from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.gateway import Gateway, gateway_of
from dot_ai_lifecycle.core.operation import AppName, Change, Namespace, Seconds
from dot_ai_lifecycle.core.parts import called
from dot_ai_lifecycle.core.plan import Note, Plan
from dot_ai_lifecycle.core.preview import Preview, preview_of
from dot_ai_lifecycle.core.scene import Scene, running_digests
from dot_ai_lifecycle.core.smoke import checks_of
from dot_ai_lifecycle.core.surroundings import Look
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.belonging import around_of
from dot_ai_lifecycle.domain.companions import Companion, refuse_if_twice
from dot_ai_lifecycle.domain.engines.by_engine import notes_on_pauses, retried
from dot_ai_lifecycle.domain.engines.state import aborted
from dot_ai_lifecycle.domain.guards import notes_on_owner, refuse_if_owned
from dot_ai_lifecycle.domain.images import image_edits, main_container, new_images, spoken
from dot_ai_lifecycle.domain.known_bad import notes_on_known_bad
from dot_ai_lifecycle.domain.past import Past
from dot_ai_lifecycle.domain.rolling import DEFAULT_TIMEOUT, refuse_if_stuck, risk_of
from dot_ai_lifecycle.domain.strategies.as_one import Member, as_one
from dot_ai_lifecycle.domain.strategies.canary import Weights
from dot_ai_lifecycle.domain.strategies.replacing import Ways, replacing
from dot_ai_lifecycle.domain.strategies.rollout import Rollout

Reference = Annotated[str, Field(min_length=1, max_length=500)]
Metrics = list[Annotated[str, AfterValidator(lambda text: _asked(text)), Field(max_length=2000)]]
Percents = Annotated[list[Annotated[int, Field(ge=1, le=50)]], BeforeValidator(lambda given: _listed(given))]


_HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+=.+$"


def _listed(given: Any) -> Any:
    """`10,25,50` as a list, as it is written on the command line."""
    return [part for part in given.split(",") if part.strip()] if isinstance(given, str) else given


class Updating(Struct, frozen=True):
    """An app with its past, the images it shall run by container path, and all around it where there are any.

    `preview` is what a preview of the new version takes, where one is wanted; `others` shall be updated as one with it.
    """

    past: Past
    wanted: dict[str, str]
    look: Look | None
    gateway: Gateway | None = None
    preview: Preview | None = None
    others: tuple["Updating", ...] = ()


class UpdateApp(Change[Updating]):
    """Change an app's image, wait until the new version serves, and roll back by itself if it does not."""

    command: ClassVar[str] = "update"
    title: ClassVar[str] = "Update app"

    app: AppName
    namespace: Namespace | None = None
    version: Reference | None = Field(None, description="New tag or sha256: digest of the main image")
    image: Reference | None = Field(None, description="New full image reference instead")
    images: dict[str, Reference] | None = Field(
        None, min_length=1, max_length=50, description="New images by container instead"
    )
    with_: Annotated[list[Reference], BeforeValidator(_listed)] = Field(
        [],
        validation_alias="with",
        serialization_alias="with",
        max_length=20,
        description="Updated as one with it, callees first: NAME or NAME=VERSION|IMAGE",
    )
    strategy: Literal["auto", "rolling", "blue-green", "canary"] = Field(
        "auto", description="How pods are replaced; auto: what loses no request"
    )
    steps: Percents = Field([10, 25, 50], min_length=1, max_length=20, description="Canary: rising percents of traffic")
    interval: Seconds = Field(60, ge=2, le=86400, description="Canary: seconds each step is watched")
    header: str | None = Field(
        None, pattern=_HEADER, max_length=300, description="Canary behind an HTTPRoute: NAME=VALUE that always meets it"
    )
    standby: Seconds = Field(10, ge=0, le=86400, description="Blue-green: seconds old pods stand by after the switch")
    metrics: Metrics | None = Field(
        None, min_length=1, max_length=10, description="While watched: PromQL and bound, as in 'max(queue) <= 5'"
    )
    smoke: list[Reference] | None = Field(
        None, min_length=1, max_length=20, description="Paths it has to answer before it serves: /healthz, /admin=401"
    )
    approve: bool = Field(False, description="Wait for promote_operation before all traffic moves")
    approve_within: Seconds = Field(1800, ge=1, le=86400, description="Seconds for that; then it is taken back")
    on_failure: Literal["rollback", "hold"] = Field("rollback", description="When it fails: roll back, or leave it")
    force: bool = Field(False, description="Also a version that failed here before")
    timeout: int = Field(DEFAULT_TIMEOUT, ge=10, le=3600, description="Seconds until it has failed")

    @model_validator(mode="after")
    def _one_of(self) -> "UpdateApp":
        if sum(given is not None for given in (self.version, self.image, self.images)) != 1:
            raise ValueError("give exactly one of version, image, images")
        if sorted(set(self.steps)) != self.steps:
            raise ValueError("steps have to rise")
        if self.header and self.strategy != "canary":
            raise ValueError("header goes with strategy canary")
        if checks_of(self.smoke or ()) and self.strategy == "rolling":
            raise ValueError("smoke goes with strategy blue-green or canary")
        if self.with_ and self.strategy == "canary":
            raise ValueError("with goes with the strategies auto, blue-green and rolling")
        return self

    async def observe(self, world: World) -> Updating:
        if self.metrics and not world.measures:
            raise BadInput("There is no provider of metrics to ask.", hint="Set LIFECYCLE_PROMETHEUS_URL, or ask none.")
        asked = [Companion.of(word, self.version) for word in self.with_]
        workload = await world.workload(self.app, self.namespace)
        apps = await asyncio.gather(*(world.workload(other.app, workload.namespace) for other in asked))
        refuse_if_twice([app.ref for app in (workload, *apps)])
        wanted = new_images(workload, version=self.version, image=self.image, images=self.images)
        each = [
            new_images(app, version=o.version, image=o.image, images=None) for app, o in zip(apps, asked, strict=True)
        ]
        seen, *others = await asyncio.gather(
            self._seen(world, workload, wanted, previews=bool(self.smoke or self.approve)),
            *(self._seen(world, app, images, previews=False) for app, images in zip(apps, each, strict=True)),
        )
        return replace(seen, others=tuple(others))

    async def _seen(self, world: World, workload: Workload, wanted: dict[str, str], *, previews: bool) -> Updating:
        scene, records = await asyncio.gather(
            world.scene_to_change(workload),
            world.story.records(workload.namespace, app=workload.name, kind=workload.kind),
        )
        past, by_weight = Past(scene, records), wanted and self.strategy == "canary"
        previews = bool(wanted) and previews and workload.kind == "Deployment"
        look, gateway, preview = await asyncio.gather(
            self._look(world, scene, wanted) if wanted else _nothing(),
            gateway_of(world.reader, scene) if by_weight else _nothing(),
            preview_of(world.reader, workload, checks_of(self.smoke or ())) if previews else _nothing(),
        )
        return Updating(past, wanted, look, gateway, preview)

    async def _look(self, world: World, scene: Scene, wanted: dict[str, str]) -> Look:
        changed = with_edits(scene.workload.manifest, image_edits(scene.workload, wanted))
        return await world.look(scene, changed["spec"]["template"], sorted(set(wanted.values())))

    def decide(self, seen: Updating) -> Plan:
        scene, wanted = seen.past.scene, seen.wanted
        workload = scene.workload
        plan = Plan(operation=self.tool(), parameters=self.parameters(), app=workload.ref, summary="", steps=())
        if any(other.wanted for other in seen.others):
            return plan.model_copy(update=self._as_one(seen))
        if not wanted and aborted(workload):
            return plan.model_copy(update=self._again(scene))
        if not wanted:
            running = self.version or self.image or ", ".join((self.images or {}).values())
            healthy = workload.ready_replicas >= workload.replicas
            state = "" if healthy else f" (with {workload.ready_replicas} of {workload.replicas} pods ready)"
            return plan.model_copy(update={"summary": f"{workload.ref} already runs {running}{state}: nothing to do."})
        rollout, warned = self._rollout(seen)
        replaced = replacing(rollout, self.strategy, self._ways(seen), seen.look)
        before, after = spoken(workload, wanted)
        return plan.model_copy(
            update={
                "summary": f"Update {workload.ref}: {before} → {after}",
                "steps": replaced.steps,
                "on_failure": self.on_failure,
                "facts": {"template": workload.template_digest, "verdict": replaced.verdict},
                "before": before,
                "after": after,
                "images_before": running_digests(scene),
                "around": around_of(scene),
                "notes": (
                    *warned,
                    *replaced.notes,
                    *notes_on_owner(workload),
                    *_note_on_tag(after),
                    *_notes_on_idle(seen),
                ),
                "risk": replaced.risk(),
            }
        )

    def _rollout(self, seen: Updating) -> tuple[Rollout, tuple[Note, ...]]:
        """How the app's template shall change, with what speaks against it. Raises Refused where it must not."""
        workload = seen.past.scene.workload
        before, after = spoken(workload, seen.wanted)
        refuse_if_stuck(workload, unless_aborted=True)
        refuse_if_owned(workload, f"image {after}")
        edits = image_edits(workload, seen.wanted)
        warned = notes_on_known_bad(workload, edits, seen.past.records, force=self.force)
        why, cause = f"image {before} → {after}", f"{self.tool()}: {before} → {after}"
        return Rollout(seen.past.scene, edits, why, cause, self.timeout), warned

    def _as_one(self, seen: Updating) -> dict[str, object]:
        """The plan of several apps: those that have to change, this one last."""
        every = [one for one in (*seen.others, seen) if one.wanted]
        ways = self._ways(seen) if seen.wanted else replace(self._ways(seen), preview=Preview())
        rollouts = [self._rollout(one) for one in every]
        whole = as_one(
            [Member(rollout, one.look) for (rollout, _), one in zip(rollouts, every, strict=True) if one.look],
            self.strategy,
            ways,
        )
        told = [note for (rollout, warned) in rollouts for note in (*warned, *notes_on_owner(rollout.workload))]
        words = [spoken(one.past.scene.workload, one.wanted) for one in every]
        apps = [rollout.workload for rollout, _ in rollouts]
        main = seen.past.scene
        return {
            "others": tuple(app.ref for app in apps if app.uid != main.workload.uid),
            "summary": "Update as one: "
            + "; ".join(f"{app.ref}: {a} → {b}" for app, (a, b) in zip(apps, words, strict=True)),
            "steps": whole.steps,
            "on_failure": self.on_failure,
            "facts": {str(app.ref): app.template_digest for app in apps}
            | {"template": main.workload.template_digest, "verdict": whole.verdict},
            "before": ", ".join(before for before, _ in words),
            "after": ", ".join(after for _, after in words),
            "images_before": running_digests(main),
            "around": around_of(main),
            "notes": (*told, *whole.notes, *_note_on_tag(words[-1][1]), *_notes_on_idle(seen)),
            "risk": whole.risk,
        }

    def _ways(self, seen: Updating) -> Ways:
        approval = self.approve_within if self.approve else None
        weights = Weights(tuple(self.steps), self.interval)
        queries = tuple(map(own_query, self.metrics or ()))
        preview, header = seen.preview or Preview(checks_of(self.smoke or ())), self.header or ""
        return Ways(weights, self.standby, approval, self.approve_within, seen.gateway, header, queries, preview)

    def _again(self, seen: Scene) -> dict[str, object]:
        """The engine that owns the app gave up this very version: it is told to try again."""
        workload = seen.workload
        refuse_if_owned(workload, "another try of the aborted update")
        return {
            "summary": f"Try the aborted update of {workload.ref} again: {main_container(workload).image}",
            "steps": retried(seen, self.timeout, self.approve_within),
            "on_failure": self.on_failure,
            "facts": {"template": workload.template_digest},
            "before": "aborted",
            "after": main_container(workload).image,
            "images_before": running_digests(seen),
            "notes": notes_on_pauses(workload, self.approve_within),
            "risk": risk_of(seen),
        }


def _asked(text: str) -> str:
    """The text, where it is a query with its bound."""
    own_query(text)
    return text


async def _nothing() -> None:
    return None


def _notes_on_idle(seen: Updating) -> tuple[Note, ...]:
    """Of several apps, those that there is nothing to do for."""
    idle = [called(one.past.scene.workload.ref) for one in (*seen.others, seen) if seen.others and not one.wanted]
    said = "already runs the version wanted: it is left as it is."
    return tuple(Note(level="info", text=f"{name} {said}") for name in idle)


def _note_on_tag(after: str) -> tuple[Note, ...]:
    if not after.endswith(":latest"):
        return ()
    text = "The tag latest moves: which version runs depends on when each node pulled it. Prefer a version or a digest."
    return (Note(level="warning", text=text),)
