"""The pod finds no place, or its place lacks what it needs: nodes, volumes, network."""

from dot_ai_lifecycle.core.conditions.containers import CONFIG_RULES, lacking
from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Judged, Rule, judged
from dot_ai_lifecycle.core.conditions.sight import Sight

RARE = 15.0
"""Seconds for what no waiting mends; kstatus calls a pod unschedulable after the same time."""

CROWDED = 60.0
"""Seconds for what old pods on their way out, or a slow volume, may mend."""

GROWING = 300.0
"""Seconds for a new node once the cluster's autoscaler has ordered one (its documented upper bound is minutes)."""

_UNSCHEDULABLE = (
    Rule("SCHEDULING_GATED", r"scheduling gates", "The pod's scheduling gates hold it back.", CROWDED),
    Rule(
        "VOLUME_CLAIM_MISSING",
        r"persistentvolumeclaim \"(?P<name>[^\"]+)\" not found",
        "PersistentVolumeClaim {name} does not exist, so the pod cannot be placed.",
        CROWDED,
    ),
    Rule(
        "VOLUME_UNBOUND",
        r"unbound|didn't find available persistent volumes|waitforfirstconsumer",
        "A PersistentVolumeClaim of the pod has no volume yet, so the pod cannot be placed.",
        CROWDED,
    ),
    Rule(
        "VOLUME_ELSEWHERE",
        r"volume node affinity conflict|node\(s\) exceed max volume count",
        "The pod's volume is on a node or in a zone where the pod cannot run.",
        CROWDED,
    ),
    Rule(
        "INSUFFICIENT_RESOURCES",
        r"insufficient (?P<what>[\w\-/]+(\.[\w\-/]+)*)",
        "No node has enough free {what} for the pod's requests.",
        CROWDED,
    ),
    Rule("TOO_MANY_PODS", r"too many pods", "The nodes run as many pods as they may.", CROWDED),
    Rule(
        "ANTI_AFFINITY",
        r"anti-affinity|topology spread",
        "The pod's own anti-affinity or spread rules leave no node for it.",
        RARE,
    ),
    Rule(
        "HOST_PORT_TAKEN",
        r"free ports",
        "The host port the pod wants is taken on every node; old and new pod cannot run side by side.",
        RARE,
    ),
    Rule("NODE_SELECTOR_UNMET", r"affinity|selector", "No node matches the pod's nodeSelector or affinity.", RARE),
    Rule("TAINTS_NOT_TOLERATED", r"taint", "Every node is tainted with something the pod does not tolerate.", RARE),
    Rule("UNSCHEDULABLE", "", "No node can take the pod.", RARE),
)

_MOUNTS = (
    Rule("VOLUME_IN_USE", r"multi-attach", "The pod's volume is still attached to another node.", CROWDED),
    Rule(
        "VOLUME_CLAIM_MISSING",
        r"persistentvolumeclaim \"(?P<name>[^\"]+)\" not found",
        "PersistentVolumeClaim {name} does not exist.",
        CROWDED,
    ),
    Rule("VOLUME_NOT_MOUNTED", "", "A volume of the pod cannot be mounted.", CROWDED),
)


def placed(sight: Sight) -> Signal | None:
    """Why no node takes the pod; None where one did, or nobody has tried yet."""
    message = sight.pod.unschedulable
    if not message or sight.pod.node:
        return None
    found = judged(_UNSCHEDULABLE, message)
    if ordered := sight.events("TriggeredScaleUp"):
        growing = Judged(found.code, f"{found.words} A new node has been ordered for it.", GROWING)
        return sight.signal(growing, evidence=[message, ordered[0].message])
    return sight.signal(found, evidence=[message])


def furnished(sight: Sight) -> Signal | None:
    """What the pod's place lacks: volumes, their ConfigMaps and Secrets, a network. Known from events alone."""
    if not sight.pod.node or any(c.phase != "waiting" for c in sight.pod.containers):
        return None
    if failed := sight.events("FailedMount", "FailedAttachVolume"):
        message, mapped = failed[0].message, lacking(failed[0].message)
        general = mapped.code == CONFIG_RULES[-1].code
        return sight.signal(judged(_MOUNTS, message) if general else mapped, evidence=[message])
    if failed := sight.events("FailedCreatePodSandBox"):
        sandbox = Judged("POD_NETWORK_FAILED", "The node cannot set up the pod's sandbox and network.", CROWDED)
        return sight.signal(sandbox, evidence=[failed[0].message])
    return None
