"""What people say to an operation while it runs: go on, or stop. Said through the cluster, so that anybody may."""

from typing import Any, Literal, get_args

from msgspec import Struct

from dot_ai_lifecycle.core.late import ACTOR
from dot_ai_lifecycle.core.objects import ConfigMap
from dot_ai_lifecycle.core.record import name_of

Word = Literal["promote", "full", "pause", "abort"]

ORDER_LABEL = "lifecycle.dot-ai/order-to"
"""The label of an order: the id of the operation it is said to."""


class Order(Struct, frozen=True):
    """`promote` ends the waiting of that step of the operation, `abort` has the whole taken back.

    `pause` keeps it at that step until `promote`. `full` is for the engine that owns the app: no further steps.
    """

    word: str
    step: int
    by: str


def order_manifest(operation_id: str, namespace: str | None, word: Word, step: int) -> dict[str, Any]:
    """The ConfigMap by which it is said; who says it is known when it is written."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name_of(operation_id)}-{word}",
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "dot-ai-lifecycle", ORDER_LABEL: operation_id},
        },
        "data": {"word": word, "step": str(step), "by": ACTOR},
    }


def order_of(found: ConfigMap) -> Order | None:
    """The order in a ConfigMap; None where a stranger's carries our label."""
    step = found.data.get("step", "")
    if not step.isdecimal() or found.data.get("word") not in get_args(Word):
        return None
    return Order(found.data["word"], int(step), found.data.get("by", "somebody"))
