"""Who else has a say: Z24 (two versions of the data) and Z26 (owners)."""

from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.domain.ownership import owner
from dot_ai_lifecycle.domain.preflight.case import Case
from dot_ai_lifecycle.domain.preflight.finding import Finding, Fix, fails, ok, warned

SCHEMA_CHANGE = "lifecycle.dot-ai/schema-change"
"""The annotation of a pod template whose version changes the schema of its data."""

MIGRATES = ("migrate", "migration", "flyway", "liquibase", "alembic", "schema")
"""How containers that change a schema are called."""

REVERT = ("argocd", "flux", "operator", "unknown")


def z24(case: Case) -> Finding:
    """Both versions can work on the same data while both run."""
    marked = ((case.template.get("metadata") or {}).get("annotations") or {}).get(SCHEMA_CHANGE)
    before = ((case.workload.template.get("metadata") or {}).get("annotations") or {}).get(SCHEMA_CHANGE)
    if marked and marked != before:
        words = (
            f"The new version says that it changes the schema of its data ({marked}): both versions run for a while."
        )
        return warned("Z24", words, fix=_EXPAND)
    migrating = [name for name in _changed_starts(case) if any(mark in name.lower() for mark in MIGRATES)]
    if migrating:
        words = (
            f"Init container {', '.join(migrating)} seems to change data, and changes too: both versions run meanwhile."
        )
        return warned("Z24", words, fix=_EXPAND)
    return ok("Z24", "Nothing says that the new version changes the data of the old one.")


_EXPAND = Fix("Make the change of the schema one that the old version can work with, in an update of its own.")


def _changed_starts(case: Case) -> list[str]:
    before = {one.get("name"): one for one in case.workload.init_containers}
    after: list[Manifest] = list(case.spec.get("initContainers") or ())
    return [str(one.get("name", "")) for one in after if before.get(one.get("name")) != one]


def _changed(workload: Workload) -> Manifest:
    """What is changed for an update of those pods: of a copy that an engine keeps, what it is a copy of."""
    driver = workload.driver
    return workload.manifest if driver is None else driver.changed or workload.manifest


def z26(case: Case) -> Finding:
    """No owner would take the change back."""
    found = owner(_changed(case.workload))
    words = {"argocd": "Argo CD", "flux": "Flux", "helm": "Helm release", "unknown": "Another tool,"}
    name = f"{words.get(found.kind, '')} {found.name}".strip()
    if found.kind in REVERT:
        return fails(
            "Z26", f"{name} owns it and would take the change back.", found.evidence, fix=Fix(found.how_to_change)
        )
    if found.kind == "helm":
        words_ = f"{name} owns it: its next upgrade sets the image back unless the chart's values say the same."
        return warned("Z26", words_, found.evidence, fix=Fix(found.how_to_change))
    return ok("Z26", "Nobody else owns it.")
