"""What the product owes its users, as data: one line each, built or still open, and which tests prove it.

A test claims a line with `@claims("update.rolling")`. Every built line is claimed, no open one is; what is not built
yet is marked here and nowhere else (`tests/laws/test_requirements.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")

Status = Literal["built", "open"]


@dataclass(frozen=True)
class Requirement:
    """One thing the product does, or will."""

    id: str
    sentence: str
    status: Status = "open"

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]


def built(id: str, sentence: str) -> Requirement:
    return Requirement(id, sentence, "built")


def still_open(id: str, sentence: str) -> Requirement:
    return Requirement(id, sentence, "open")


ALL = (
    built("update.rolling", "A new version is rolled out pod by pod, and counts as done when it provably serves."),
    built("update.blue_green", "A new version is built up beside the old one, asked, and gets the traffic at once."),
    built("update.canary", "A new version gets a growing share of the traffic while its health is watched."),
    built(
        "update.preflight", "It is told beforehand whether an update can be lossless, why not, and what would mend it."
    ),
    built(
        "update.engines",
        "What Argo Rollouts, Flagger or OpenKruise deliver is changed and taken back through their objects.",
    ),
    built("update.together", "Several apps are updated as one: all are proven first, and all of them change or none."),
    built("update.zero_downtime", "An update of an app that can be updated without downtime fails no request."),
    still_open("update.zero_downtime_measured", "Over many updates of real apps, 99 of 100 fail no request."),
    built("update.rollback_previous", "An app goes back to the revision before, with its exact template."),
    built("update.rollback_to_version", "An app goes back to a named tag, digest, revision or operation."),
    built("update.rollback_release", "An app of a Helm release goes back with it, and Helm's own history tells it."),
    built("update.recovery", "A version that fails is called early, its cause is named, and the old one is restored."),
    built("update.resume", "What a process left when it died is continued or taken back by any other."),
    built("scale.horizontal", "The number of pods is changed by hand, and proven to serve."),
    built("scale.vertical", "Requests and limits of containers are changed by hand, and proven to serve."),
    still_open("scale.automatic", "Autoscalers on metrics, custom metrics and recommended sizes are set up and kept."),
    still_open("scale.forecast", "Demand is predicted from its past, and capacity is there in time."),
    still_open("scale.cost", "What an app costs is shown, with what could be saved."),
    still_open("scale.response", "Scaling answers to demand within 30 seconds."),
    still_open("configuration.versions", "Configuration has versions that can be compared and restored."),
    still_open("configuration.validation", "Configuration is checked against schema and policy before it is applied."),
    still_open("configuration.environments", "Each environment has its own configuration, drift is shown."),
    still_open("configuration.set", "Single values are set from the command line (--set) or from a file (--file)."),
    still_open("automation.runbooks", "Recurring operations run as runbooks."),
    still_open("automation.self_healing", "Known failures are repaired without a person."),
    still_open("automation.manual_steps", "Routine work takes 80 % fewer manual steps."),
    still_open("deletion.dependencies", "Before an app is deleted, what depends on it is found and named."),
    still_open("deletion.cleanup", "An app is deleted with everything that belongs to it (--confirm --cleanup-all)."),
    still_open("deletion.no_leaks", "After a deletion nothing is left over, which is verified."),
    still_open("backup.data", "An app is backed up, with its volumes where asked (--include-data)."),
    still_open("backup.restore", "A backup is restored and verified."),
    still_open("backup.disaster", "An app is brought back on another cluster."),
    built("troubleshooting.cause", "A failed change is explained by its cause, with evidence and what to do next."),
    still_open("troubleshooting.diagnosis", "A sick app is diagnosed with Claude's help, with actionable suggestions."),
    still_open("troubleshooting.time", "From symptom to recovery it takes under 15 minutes."),
    still_open("recommendations.history", "Suggestions are made from what happened before."),
    built("gitops.owners", "What Argo CD, Flux or an operator would take back is refused, with where to change it."),
    still_open("gitops.changes", "Changes to apps that live in Git are made in Git, for Argo CD and Flux."),
    still_open("clusters.several", "One request looks at, or changes, apps on several clusters."),
    still_open("compliance.reports", "Compliance with an organisation's rules is checked and reported."),
    still_open("compliance.governance", "Rules decide who may change what, and when."),
    built("access.permissions", "Missing rights are found before anything is changed, and named."),
    built("access.approval", "A change of high risk needs a person; no flag a model fills in counts as consent."),
    built("access.history", "Who changed what, from what to what, and how it ended, is kept beside the app."),
    still_open("access.audit", "An audit log that cannot be altered unnoticed is kept apart from the cluster."),
    still_open("access.override", "A person may override a refusal, which is recorded."),
    built("docs.guide", "The guide to lifecycle management covers what exists, in its agreed sections."),
    still_open("docs.other_guides", "The other two guides are extended where the lifecycle begins and ends."),
    built("docs.commands", "Every command in the documentation is run by a test."),
    built("docs.links", "Every link in the documentation is checked."),
    built("docs.terms", "The documentation uses one word for one thing."),
    still_open("journey.whole", "One journey leads from deployment through change and failure to retirement."),
    built("quality.coverage", "Tests cover more than 90 % of strategies and algorithms."),
)

BY_ID = {requirement.id: requirement for requirement in ALL}


def claims(*ids: str) -> Callable[[T], T]:
    """Mark a test (or a class of tests) as proof of those requirements. Raises KeyError for one that does not exist."""
    for id in ids:
        BY_ID[id]

    def unchanged(test: T) -> T:
        return test

    return unchanged
