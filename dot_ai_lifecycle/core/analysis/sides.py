"""Which pods belong to the new set and which to the old, as PromQL can tell them apart: by their names."""

import re
from collections.abc import Iterable

from msgspec import Struct

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.scene import Scene

LONGEST_PREFIX = 58
"""Characters of `DEPLOYMENT-HASH-` a pod's name keeps: 63, less five random ones (the API server's rule for names)."""

MOST_NAMES = 200
"""Pods of a set that are named one by one; more would be a sample as good as all."""

NOBODY = "-"
"""A pattern no pod's name fits."""


class Sides(Struct, frozen=True):
    """The namespace, and a regular expression each for the names of the new and of the old pods.

    All three hold nothing that means anything in a PromQL string of whatever quotes.
    """

    namespace: str
    new: str
    old: str

    @classmethod
    def of(cls, scene: Scene, new_hash: str, old_hash: str) -> "Sides":
        """The sides of that workload.

        A Deployment's pods are told by their prefix, those to come included; where a long name swallows the hash, and
        for StatefulSets and DaemonSets, by the names seen in the scene. A StatefulSet's pods keep their names from
        version to version: windows have to begin after they were replaced.
        """
        workload = scene.workload
        patterns = [
            by_prefix(workload.name, revision)
            if workload.kind == "Deployment" and len(f"{workload.name}-{revision}-") <= LONGEST_PREFIX
            else by_names(pod.name for pod in scene.pods if pod.revision == revision)
            for revision in (new_hash, old_hash)
        ]
        return cls(plain(workload.namespace), *patterns)


def by_prefix(app: str, revision: str) -> str:
    """The pattern of the pods a ReplicaSet of that Deployment makes. Raises BadInput."""
    return f"{literal(f'{app}-{revision}-')}[a-z0-9]+"


def by_names(names: Iterable[str]) -> str:
    """The pattern of exactly these pods, at most 200. Raises BadInput."""
    known = [literal(name) for name in sorted(names)[:MOST_NAMES]]
    return f"({'|'.join(known)})" if known else NOBODY


def literal(name: str) -> str:
    """A pattern that only that name fits. Raises BadInput."""
    # no backslash: what it means depends on the quotes around it
    return plain(name).replace(".", "[.]")


def plain(name: str) -> str:
    """The name, if it can be one of Kubernetes; nothing else may get into a query. Raises BadInput."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise BadInput(f"{name[:80]!r} is not the name of a Kubernetes object, so it is not put into a query.")
    return name
