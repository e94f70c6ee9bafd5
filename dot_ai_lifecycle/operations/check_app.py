"""Check: whether an update of an app can be lossless, why not, and what would mend that; nothing is changed."""

import asyncio
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dot_ai_lifecycle.core.driving import as_served
from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.finding import spelled
from dot_ai_lifecycle.core.operation import Answer, AppName, Namespace, Question
from dot_ai_lifecycle.core.redaction import redact
from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.surroundings import Surroundings
from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.domain.images import image_edits, new_images, spoken
from dot_ai_lifecycle.domain.preflight.assessment import Assessment, Verdict, assess
from dot_ai_lifecycle.domain.preflight.choosing import Preferred, preferred
from dot_ai_lifecycle.domain.preflight.finding import Finding, Level
from dot_ai_lifecycle.domain.preflight.needed import images_of
from dot_ai_lifecycle.domain.strategies.choice import Strategy, Wanted

MOST_IMAGES = 12
"""Images that registries are asked for; a pod of more is rare."""

Word = Literal["blocks", "mended", "warning", "unknown", "info", "ok"]

WORDS: dict[Level, Word] = {"block": "blocks", "warn": "warning", "info": "info", "unknown": "unknown", "ok": "ok"}
"""How bad a finding is, in a word for people; `mended` is a block that the update itself takes away."""

WORST_FIRST: tuple[Word, ...] = ("blocks", "mended", "warning", "unknown", "info", "ok")

Reference = Annotated[str, Field(min_length=1, max_length=500)]


class FindingLine(BaseModel):
    """One finding: how bad, why, what would mend it, and the evidence."""

    model_config = ConfigDict(frozen=True)

    check: str
    level: Word
    text: str
    fix: str = ""
    evidence: tuple[str, ...] = ()


class Checked(Answer):
    """What is to be expected of an update. `extra_pods` are those that fit beside the app's own, where that is bounded.

    `reasons` decide the verdict; `findings` come worst first; `passed` are the checks that found nothing.
    """

    app: str
    namespace: str
    cluster: str
    images: str
    verdict: Verdict
    reasons: tuple[str, ...]
    strategy: Strategy
    why: str
    extra_pods: int | None = None
    findings: tuple[FindingLine, ...] = ()
    passed: tuple[str, ...] = ()


class CheckApp(Question[Checked]):
    """Whether an update of an app can be lossless, which strategy suits it, and what to mend first."""

    command: ClassVar[str] = "check"
    title: ClassVar[str] = "Check app"

    app: AppName
    namespace: Namespace | None = None
    version: Reference | None = Field(None, description="Tag or digest to check; default: the app as it is")
    image: Reference | None = Field(None, description="Full image reference to check instead")
    strategy: Wanted = Field("auto", description="Strategy to check")

    @model_validator(mode="after")
    def _one_of(self) -> "CheckApp":
        if self.version is not None and self.image is not None:
            raise ValueError("give version or image, not both")
        return self

    async def answer(self, world: World) -> Checked:
        identity = await world.reader.identity()
        workload = await world.workload(self.app, self.namespace)
        wanted = self._images(workload)
        template = with_edits(workload.manifest, image_edits(workload, wanted))["spec"]["template"]
        scene, images = await asyncio.gather(
            world.scene_to_change(workload, around=True), _sights(world, workload, template)
        )
        seen = await world.surroundings(scene.primary or scene, as_served(workload, template), depth="whole")
        found = self._expected(seen, images)
        before, after = spoken(workload, wanted) if wanted else ("", "")
        return Checked(
            summary=_summary(workload, found, after),
            app=spelled(workload),
            namespace=workload.namespace,
            cluster=identity.context,
            images=f"{before} → {after}" if wanted else ", ".join(sorted(set(workload.images.values()))),
            verdict=found.assessment.verdict,
            reasons=tuple(redact(reason) for reason in found.assessment.reasons),
            strategy=found.strategy,
            why=found.why,
            extra_pods=found.assessment.headroom if workload.kind == "Deployment" else None,
            findings=_lines(found.assessment),
            passed=tuple(finding.code for finding in found.assessment.findings if finding.level == "ok"),
            next_steps=self._next_steps(workload, found.assessment.verdict) if wanted else (),
        )

    def _images(self, workload: Workload) -> dict[str, str]:
        if self.version is None and self.image is None:
            return {}
        return new_images(workload, version=self.version, image=self.image, images=None)

    def _expected(self, seen: Surroundings, images: dict[str, ImageSight]) -> Preferred:
        if self.strategy == "auto":
            return preferred(seen, images)
        return Preferred(self.strategy, "as asked", assess(seen, strategy=self.strategy, images=images))

    def _next_steps(self, workload: Workload, verdict: Verdict) -> tuple[str, ...]:
        if verdict == "impossible":
            return ()
        what = "version" if self.version is not None else "image"
        value, place = getattr(self, what), f"namespace={workload.namespace}"
        return (
            f"update_app app={spelled(workload)} {place} {what}={value}  "
            f"(dot-ai update {spelled(workload)} -n {workload.namespace} --{what} {value})",
        )


async def _sights(world: World, workload: Workload, template: Manifest) -> dict[str, ImageSight]:
    images = list(dict.fromkeys(images_of(template)))[:MOST_IMAGES]
    sights = await asyncio.gather(*(world.image(image, workload) for image in images))
    return dict(zip(images, sights, strict=True))


def _summary(workload: Workload, found: Preferred, after: str) -> str:
    what = f"an update to {after}" if after else "an update"
    return (
        f"{spelled(workload)} in {workload.namespace}: {what} would be {found.assessment.verdict} ({found.strategy})."
    )


def _lines(assessment: Assessment) -> tuple[FindingLine, ...]:
    lines = [_line(finding) for finding in assessment.findings if finding.level != "ok"]
    return tuple(sorted(lines, key=lambda line: (WORST_FIRST.index(line.level), line.check)))


def _line(finding: Finding) -> FindingLine:
    return FindingLine(
        check=finding.code,
        level="mended" if finding.level == "block" and finding.mended else WORDS[finding.level],
        text=redact(finding.words),
        fix=redact(finding.fix.words) if finding.fix else "",
        evidence=tuple(redact(one) for one in finding.evidence),
    )
