"""What the records say against a version: which pod templates were seen to fail, and whether by their own fault."""

from collections.abc import Iterable, Iterator

from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.plan import Note
from dot_ai_lifecycle.core.record import Record
from dot_ai_lifecycle.core.steps import Edit
from dot_ai_lifecycle.core.workload import Workload, digest_of

OF_THE_VERSION = frozenset(
    {
        "CRASH_LOOP",
        "EXITS_AT_ONCE",
        "OUT_OF_MEMORY",
        "MEMORY_LIMIT_TOO_LOW",
        "RESTARTS",
        "COMMAND_NOT_FOUND",
        "COMMAND_NOT_EXECUTABLE",
        "RUNS_AS_ROOT",
        "IMAGE_WRONG_PLATFORM",
        "POD_FAILED",
        "NOT_READY",
        "READINESS_LOST",
        "READINESS_FLAPS",
        "ERRORS_ROSE",
        "SLOWER",
        "OWN_QUERY",
    }
)
"""Causes that lie in what was deployed and would be met again.

What somebody has to mend elsewhere first (an image not pushed yet, a quota, a node, a ConfigMap), and what somebody
decided (an abort, no promotion), says nothing against a version."""


def failures(records: Iterable[Record]) -> dict[str, Record]:
    """The operation that last tried each template and saw it fail, by the template's digest; `records` newest first.

    An operation that failed without changing the template says nothing against it; one that succeeded later clears it.
    Of several apps that were changed as one, only that counts which the failure was met in.
    """
    last: dict[str, Record | None] = {}
    for record in records:
        tried = set(_tried(record))
        if record.cause is not None and record.state in ("undone", "stuck"):
            for template in tried - {record.template_before}:
                last.setdefault(template, record)
        elif record.template_after:
            for template in {record.template_after, *tried}:
                last.setdefault(template, None)
    return {template: record for template, record in last.items() if record is not None}


def _tried(record: Record) -> Iterator[str]:
    blames = record.cause.app if record.cause is not None else ""
    for happening in record.happenings:
        template = happening.late.get("template") if happening.phase == "do" else None
        if template and (not blames or record.plan.steps[happening.step].part == blames):
            yield template


def seen_failing(records: Iterable[Record], template: str) -> Record | None:
    """The operation that last saw the template of that digest fail by its own fault."""
    telling = [record for record in records if record.cause is None or record.cause.code in OF_THE_VERSION]
    return failures(telling).get(template)


def notes_on_known_bad(
    workload: Workload, edits: tuple[Edit, ...], records: Iterable[Record], *, force: bool
) -> tuple[Note, ...]:
    """A word on an earlier failure of the very template those edits make. Raises Refused unless `force` is given."""
    earlier = seen_failing(records, digest_of(with_edits(workload.manifest, edits)["spec"]["template"]))
    if earlier is None:
        return ()
    words = failed_before(earlier)
    if not force:
        raise Refused(
            f"{workload.ref} had this very pod template before, and it failed: {words}",
            hint="Deploy a version that mends it, or ask again with force=true (`--force`).",
            details=_told(earlier),
        )
    return (Note(level="warning", text=f"This very pod template failed before: {words}"),)


def failed_before(record: Record) -> str:
    """Which operation saw it fail, when and why, in a sentence."""
    why = record.cause.text if record.cause else "no cause is recorded."
    return f"operation {record.id} on {record.started:%Y-%m-%d at %H:%M} UTC: {why}"


def _told(record: Record) -> dict[str, object]:
    code = record.cause.code if record.cause else ""
    return {"operation_id": record.id, "at": record.started.isoformat(), "cause": code}
