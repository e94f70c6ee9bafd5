"""Which revision of a Helm release a person means by "back": resolved from its own history, never guessed."""

from collections.abc import Callable

from msgspec import Struct

from dot_ai_lifecycle.core.errors import Ambiguous, NotFound, Refused
from dot_ai_lifecycle.core.helm import Release, key_of
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.showing import differences
from dot_ai_lifecycle.core.workload import Image, Manifest, Workload
from dot_ai_lifecycle.domain.past_versions import MOST_LINES
from dot_ai_lifecycle.domain.rollback import PREVIOUS

Releases = tuple[Release, ...]

LEFT = "release_left"
"""The fact of a plan that names the revision it leaves."""

_WORKED = ("superseded", "deployed")


class Aim(Struct, frozen=True):
    """The newest revision of a release, the one to go back to, and how that was found.

    `deployed` are the revisions that count as deployed: Helm supersedes all of them once another is.
    """

    newest: Release
    target: Release
    how: str
    deployed: Releases = ()

    @property
    def number(self) -> int:
        """The number of the revision that the rollback makes."""
        return self.newest.number + 1

    @property
    def is_there(self) -> bool:
        """Whether the release is what the target was: the same manifest and values, and deployed."""
        same = (self.newest.manifest, self.newest.values) == (self.target.manifest, self.target.values)
        return same and self.newest.status == "deployed"


def aim_of(releases: Releases, records: tuple[Record, ...], wanted: str | None, workload: Workload) -> Aim:
    """The revision that `wanted` means: nothing or `previous`, `#12`, an operation's id, or a version.

    A version is the chart's, the app's, or the tag of an image in the manifest. Raises Refused where the release may
    not be touched now, NotFound with what is there, Ambiguous where one version had different values.
    """
    newest = max(releases, key=lambda release: release.number)
    _refuse_if_busy(newest)
    target, how = _meant(releases, newest, records, wanted, workload)
    if target.status == "unreadable":
        raise Refused(
            f"Revision {target.number} of Helm release {newest.name} cannot be read.",
            hint=f"Look at it with `helm history {newest.name} -n {newest.namespace}`, or name another revision.",
        )
    return Aim(newest, target, how, tuple(release for release in releases if release.status == "deployed"))


def release_went_back(releases: Releases, records: tuple[Record, ...]) -> Record | None:
    """The rollback to the previous revision that left the newest one, if that was the last thing done.

    Asked again, by a client that lost the answer, "back" must not lead forward to what was left.
    """
    last = next((record for record in records if record.state == "done"), None)
    newest = max(releases, key=lambda release: release.number)
    if last is None or last.plan.operation != "rollback_app" or last.plan.facts.get(LEFT) != str(newest.number):
        return None
    return last if last.plan.parameters.get("to_version") in PREVIOUS else None


def told(release: Release) -> str:
    """A revision as it is spoken of: its number with what it deployed."""
    chart = f"{release.chart}-{release.chart_version}".strip("-")
    app = f", {release.app_version}" if release.app_version else ""
    return f"revision {release.number} ({chart}{app})" if chart else f"revision {release.number}"


def _refuse_if_busy(newest: Release) -> None:
    where = f"{newest.name} -n {newest.namespace}"
    if newest.status.startswith("pending-"):
        raise Refused(
            f"Helm release {newest.name} is {newest.status} (revision {newest.number}): another operation is in "
            "progress, or ended without a word.",
            hint="If it was one of this program, `dot-ai history` shows it: resume or undo it. "
            f"If no helm runs any more, `helm rollback {where}` frees the release.",
            details={"status": newest.status, "revision": newest.number},
        )
    if newest.status in ("uninstalling", "uninstalled", "unreadable"):
        raise Refused(
            f"Helm release {newest.name} is {newest.status} (revision {newest.number}).",
            hint=f"Look at it with `helm history {where}`.",
            details={"status": newest.status, "revision": newest.number},
        )


def _meant(
    releases: Releases, newest: Release, records: tuple[Record, ...], wanted: str | None, workload: Workload
) -> tuple[Release, str]:
    if wanted in PREVIOUS:
        return _previous(releases, newest)
    assert wanted is not None
    if wanted.startswith("#"):
        return _numbered(releases, wanted), f"revision {wanted} of the release"
    left = next((record.plan.facts.get(LEFT, "") for record in records if record.id == wanted), "")
    if left:
        return _numbered(releases, f"#{left}"), f"what operation {wanted} left"
    for evidence, words in _EVIDENCE:
        found = [one for one in releases if one.status in _WORKED and evidence(one, wanted, workload)]
        if found:
            return _one(found, wanted), f"{words} {wanted}"
    raise NotFound(
        f"Helm release {newest.name} has no revision of {wanted!r} that was ever deployed.",
        hint=f"There are: {_listed(releases)}.",
    )


def _previous(releases: Releases, newest: Release) -> tuple[Release, str]:
    """The newest revision before this one that was deployed: what failed, or never came to its end, is passed over."""
    earlier = [one for one in releases if one.number < newest.number and one.status in _WORKED]
    if not earlier:
        raise NotFound(
            f"Helm release {newest.name} has no earlier revision that was deployed.",
            hint=f"There are: {_listed(releases)}. Name one as to_version='#NUMBER'.",
        )
    found = max(earlier, key=lambda release: release.number)
    passed = [one for one in releases if found.number < one.number < newest.number]
    how = "the revision before this one"
    if passed:
        how = f"the newest that was deployed ({', '.join(f'#{one.number} is {one.status}' for one in passed)})"
    return found, how


def _numbered(releases: Releases, wanted: str) -> Release:
    for release in releases:
        if f"#{release.number}" == wanted:
            return release
    raise NotFound(f"The Helm release has no revision {wanted} any more.", hint=f"There are: {_listed(releases)}.")


def _one(found: list[Release], wanted: str) -> Release:
    newest = max(found, key=lambda release: release.number)
    others = [one for one in found if (one.manifest, one.values) != (newest.manifest, newest.values)]
    if not others:
        return newest
    lines = {one.number: [str(line) for line in differences("values", newest.values, one.values)] for one in others}
    said = "; ".join(
        f"#{number} has {', '.join(told[:MOST_LINES]) or 'another manifest'}" for number, told in lines.items()
    )
    names = [f"#{one.number}" for one in (*others, newest)]
    raise Ambiguous(
        f"{wanted} was deployed with {len(names)} different sets of values: {', '.join(names)}.",
        hint=f"Name one as to_version='#NUMBER'. Beside #{newest.number}, {said}.",
        details={"candidates": names, "differences": {f"#{number}": told for number, told in lines.items()}},
    )


def _listed(releases: Releases) -> str:
    newest = sorted(releases, key=lambda release: release.number, reverse=True)[:10]
    return ", ".join(f"#{one.number} {one.chart}-{one.chart_version} {one.status}" for one in newest)


def _equal(version: str, wanted: str) -> bool:
    return bool(version) and version.removeprefix("v") == wanted.removeprefix("v")


def _of_app(release: Release, wanted: str, _: Workload) -> bool:
    return _equal(release.app_version, wanted)


def _of_chart(release: Release, wanted: str, _: Workload) -> bool:
    return _equal(release.chart_version, wanted) or wanted == f"{release.chart}-{release.chart_version}"


def _of_image(release: Release, wanted: str, workload: Workload) -> bool:
    own = (one for one in release.objects if is_the_same(one, workload.manifest, release.namespace))
    return any(_names(image, wanted) for one in own for image in Workload(one).images.values())


def _names(image: str, wanted: str) -> bool:
    parts = Image.of(image)
    return wanted in (image, parts.digest) or _equal(parts.tag, wanted)


def is_the_same(one: Manifest, other: Manifest, home: str) -> bool:
    """Whether both are the same object; `home` is the namespace of what names none."""
    return key_of(one, home) == key_of(other, home)


_EVIDENCE: tuple[tuple[Callable[[Release, str, Workload], bool], str], ...] = (
    (_of_image, "the revision that runs"),
    (_of_app, "the revision whose app version is"),
    (_of_chart, "the revision of chart version"),
)
