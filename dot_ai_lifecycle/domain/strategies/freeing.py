"""Ordered sets: the pods that a bad revision left broken are freed once the template is another."""

from dot_ai_lifecycle.core.steps import Step, Unstick
from dot_ai_lifecycle.domain.strategies.replacing import Replaced


def freed(replaced: Replaced) -> tuple[Step, ...]:
    """The steps, with the pods that a bad revision left broken freed right after the template of a set is changed."""
    workload = replaced.scene.workload
    if workload.kind != "StatefulSet":
        return replaced.steps
    patch, *proof = replaced.steps
    free = Unstick(ref=workload.ref, why="an ordered set does not replace broken pods of a bad revision by itself")
    return (patch, free, *proof)
