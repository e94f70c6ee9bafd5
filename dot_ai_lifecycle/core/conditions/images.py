"""The image does not come: because it cannot (at once), or because its registry is in trouble (wait a while).

Texts as containerd, CRI-O and Docker write them. Hard causes do not mend by waiting; soft ones get two minutes, which
covers a registry's restart and the kubelet's pull back-off up to 80 s.
"""

from dot_ai_lifecycle.core.conditions.reading import Signal
from dot_ai_lifecycle.core.conditions.rules import Rule, judged
from dot_ai_lifecycle.core.conditions.sight import Sight
from dot_ai_lifecycle.core.pods import Container

REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
SOFT = 120.0

_BY_REASON = {
    "InvalidImageName": Rule("IMAGE_NAME_INVALID", "", "{image!r} is not a valid image reference.", 0),
    "ErrImageNeverPull": Rule(
        "IMAGE_NEVER_PULLED",
        "",
        "{image} is not on the node, and its imagePullPolicy Never forbids pulling it.",
        0,
    ),
    "SignatureValidationFailed": Rule(
        "IMAGE_SIGNATURE_INVALID", "", "The signature of {image} was not accepted by the node's policy.", 0
    ),
    "RegistryUnavailable": Rule("REGISTRY_UNAVAILABLE", "", "The registry of {image} is not available.", SOFT),
}

_BY_TEXT = (
    Rule(
        "REGISTRY_THROTTLED",
        r"too ?many ?requests|rate limit|\b429\b",
        "The registry refuses to hand out {image} for now: too many requests.",
        SOFT,
    ),
    # A name that does not resolve is a typing error far more often than a hiccup of DNS; 4 s tell them apart.
    Rule(
        "REGISTRY_UNKNOWN_HOST",
        r"no such host|name or service not known",
        "The registry of {image} does not exist: its host name cannot be resolved.",
        4,
    ),
    # The node's DNS is at fault, or the name. The resolver itself has tried for 5 s and more when it says so.
    Rule(
        "REGISTRY_UNRESOLVED",
        r"temporary failure in name resolution|server misbehaving",
        "The node cannot resolve the host name of the registry of {image}.",
        4,
    ),
    Rule(
        "REGISTRY_UNAVAILABLE",
        r"time(d )?out|deadline exceeded|connection (refused|reset)|no route to host|\bEOF\b"
        r"|\b50[0234]\b|(service )?unavailable|network is unreachable",
        "The registry of {image} does not answer properly.",
        SOFT,
    ),
    Rule(
        "REGISTRY_UNTRUSTED",
        r"x509|certificate|server gave HTTP response to HTTPS client",
        "The node does not trust the registry of {image}: its certificate or protocol is not accepted.",
        15,
    ),
    Rule(
        "IMAGE_WRONG_PLATFORM",
        r"no match(ing manifest)? for (platform|\S+/)|no matching manifest|exec format",
        "{image} was not built for the node's platform.",
        0,
    ),
    # Registries answer "denied" for private and for absent repositories alike, on purpose.
    Rule(
        "IMAGE_UNAUTHORIZED",
        r"unauthorized|authentication required|denied|insufficient_scope|\b40[13]\b|forbidden|no basic auth",
        "The registry does not hand out {image}: it is private and the pull secret is missing or wrong, "
        "or the repository does not exist.",
        0,
    ),
    Rule(
        "IMAGE_NOT_FOUND",
        r"not found|manifest unknown|name unknown|does not exist|\b404\b|no such image|unknown blob",
        "The image {image} does not exist in its registry.",
        0,
    ),
    Rule(
        "IMAGE_NAME_INVALID", r"invalid reference|could not parse|parsing image", "{image!r} is not a valid image.", 0
    ),
    Rule("NODE_DISK_FULL", r"no space left", "The node has no space left to unpack {image}.", SOFT),
    # Older kubelets say only "Back-off pulling image" where no event tells more.
    Rule("IMAGE_PULL_FAILED", "", "The image {image} cannot be pulled.", 30),
)


def pulled(sight: Sight, container: Container) -> Signal | None:
    """What keeps the container's image from coming; None where nothing does."""
    if container.phase != "waiting" or container.reason not in REASONS:
        return None
    rule = _BY_REASON.get(container.reason)
    rules = (rule,) if rule else _BY_TEXT
    told = [container.message]
    found = judged(rules, _nameless(container.message, container), image=container.image)
    if found.code == _BY_TEXT[-1].code:
        events = sight.events("Failed", "InspectFailed", "BackOff")
        told += [event.message for event in events if "image" in event.message.lower()]
        found = judged(rules, _nameless(" ".join(told), container), image=container.image)
    return sight.signal(found, container, evidence=told)


def _nameless(text: str, container: Container) -> str:
    """The text without the image's own name, which may contain any of the words we look for."""
    return text.replace(container.image, "…") if container.image else text
