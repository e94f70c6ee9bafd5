"""Whether the nodes could pull an image, seen as they would see it: with the pod's logins, for their platforms."""

import asyncio
from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from dot_ai_lifecycle.core.errors import Forbidden, NotFound
from dot_ai_lifecycle.core.image_reference import Reference, reference_of
from dot_ai_lifecycle.core.nodes import Nodes
from dot_ai_lifecycle.core.objects import Machine
from dot_ai_lifecycle.core.ports import Reader
from dot_ai_lifecycle.core.pull_secrets import credentials_of, matching
from dot_ai_lifecycle.core.refs import SECRET, SERVICE_ACCOUNT, ref_to
from dot_ai_lifecycle.core.registry import Credential, ImageSight, Registry
from dot_ai_lifecycle.core.workload import Manifest, Workload

REMEMBERED = 60.0
"""Seconds for which a look that stops nothing is believed: a proposal and its execution ask once."""

REMEMBERED_REFUSAL = 5.0
"""Seconds for which a look that stops an update is believed: whoever pushes the missing image tries again at once."""

KEPT = 256
"""So many answers are kept, of a few hundred bytes each."""


OF_THE_CLOUD = (
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.azurecr.io",
    "gcr.io",
    "*.gcr.io",
    "*.pkg.dev",
)
"""Registries that nodes log in to by their own identity (the kubelet's credential providers of the three clouds)."""


class Logins(Struct, frozen=True):
    """The logins a pod would bring; `unread` says that there may be more, which we may not look at."""

    credentials: tuple[Credential, ...] = ()
    unread: bool = False


class Pulling:
    """Looks at images for workloads. Answers are remembered for a while, secrets never."""

    def __init__(self, reader: Reader, registry: Registry | None, nodes: Nodes | None = None) -> None:
        self._reader = reader
        self._registry = registry
        self._nodes = nodes or Nodes(reader)
        self._answers: dict[object, tuple[float, ImageSight]] = {}

    async def look(self, image: str, workload: Workload) -> ImageSight:
        """What is known of an image before pods of this workload want it.

        Reads the nodes, the ServiceAccount and its pull secrets, or those the template names. Raises what a cluster
        that cannot be reached raises; rights that are missing only make the answer vaguer.
        """
        if self._registry is None:
            return ImageSight(image, "unknown", "Registry checks are off, so nobody was asked about the image.")
        reference = reference_of(image)
        if reference is None:
            return ImageSight(image, "unknown", "This is not a reference that a registry could be asked about.")
        listed, logins = await asyncio.gather(self._nodes.listed(), self._logins(workload))
        fitting = tuple(node for node in listed.nodes if fits(node, workload))
        platforms = frozenset(node.platform for node in fitting if node.platform)
        sight = await self._asked(self._registry, image, matching(reference, logins.credentials), platforms)
        return weighed(sight, reference, workload, fitting, logins)

    async def _asked(
        self, registry: Registry, image: str, credentials: tuple[Credential, ...], platforms: frozenset[str]
    ) -> ImageSight:
        key, now = (image, credentials, platforms), asyncio.get_running_loop().time()
        until, known = self._answers.get(key, (0.0, None))
        if known is not None and now < until:
            return known
        sight = await registry.look(image, credentials, platforms=platforms)
        harmless = sight.found in ("found", "unknown")
        self._answers.pop(key, None)
        self._answers[key] = (now + (REMEMBERED if harmless else REMEMBERED_REFUSAL), sight)
        while len(self._answers) > KEPT:
            del self._answers[next(iter(self._answers))]
        return sight

    async def _logins(self, workload: Workload) -> Logins:
        """The template's pull secrets; where it names none, those of its ServiceAccount, as admission fills them in."""
        spec = workload.template.get("spec", {})
        named = _names(spec)
        if not named:
            account = ref_to(SERVICE_ACCOUNT, spec.get("serviceAccountName") or "default", workload.namespace)
            try:
                named = _names(await self._reader.read(account))
            except NotFound:
                return Logins()
            except Forbidden:
                return Logins(unread=True)
        secrets = await asyncio.gather(*(self._secret(name, workload.namespace) for name in named))
        read = [secret for secret in secrets if secret is not None]
        return Logins(tuple(one for secret in read for one in credentials_of(secret)), len(read) < len(secrets))

    async def _secret(self, name: str, namespace: str) -> Manifest | None:
        """A pull secret; empty where it does not exist (the kubelet goes on without), None where we may not read it."""
        try:
            return await self._reader.read(ref_to(SECRET, name, namespace))
        except NotFound:
            return {}
        except Forbidden:
            return None


def _names(holder: Manifest) -> tuple[str, ...]:
    return tuple(one["name"] for one in holder.get("imagePullSecrets") or () if one.get("name"))


def fits(node: Machine, workload: Workload) -> bool:
    """Whether the template's nodeSelector lets its pods onto the node; finer rules only narrow this further."""
    wanted = workload.template.get("spec", {}).get("nodeSelector") or {}
    return all(node.labels.get(key) == value for key, value in wanted.items())


def weighed(
    sight: ImageSight, reference: Reference, workload: Workload, nodes: Sequence[Machine], logins: Logins
) -> ImageSight:
    """The registry's answer in the light of what the nodes hold and who asked; only what is certain stays a refusal."""
    if sight.found == "found":
        return sight
    holding = [node for node in nodes if str(reference) in node.images]
    if holding and not _always_pulled(reference, workload):
        if len(holding) == len(nodes):
            return replace(sight, found="found", words=f"Every node that may run it holds {reference} already.")
        words = f"{len(holding)} of {len(nodes)} nodes hold {reference} already; for the others: {sight.words}"
        return replace(sight, words=words) if sight.found == "unknown" else replace(sight, found="unknown", words=words)
    doubt = _doubt(sight, reference, workload, logins)
    return replace(sight, found="unknown", words=f"{sight.words} {doubt}") if doubt else sight


def _doubt(sight: ImageSight, reference: Reference, workload: Workload, logins: Logins) -> str:
    """Why a refusal of the registry need not be one for the nodes; empty where it is."""
    if sight.found == "unknown":
        return ""
    if reference.local:
        return f"That was {reference.host} of this machine; each node would ask its own."
    if sight.found != "denied":
        return ""
    if logins.unread:
        return "The app's pull secrets were not ours to read, so this was asked without a login."
    return "" if matching(reference, logins.credentials) else _doubt_without_login(reference, workload)


def _doubt_without_login(reference: Reference, workload: Workload) -> str:
    if _runs_another_of(reference, workload):
        return "But the app runs another version of it without a pull secret: the nodes have a login of their own."
    if any(fnmatchcase(reference.host, pattern) for pattern in OF_THE_CLOUD):
        return "But the nodes of that cloud may log in there by themselves."
    return ""


def _runs_another_of(reference: Reference, workload: Workload) -> bool:
    """Whether ready pods run an image of the same repository."""
    ready = workload.status.get("readyReplicas") or workload.status.get("numberReady") or 0
    return bool(ready) and any(name == reference.name for name, _ in _runs(workload))


def _always_pulled(reference: Reference, workload: Workload) -> bool:
    """Whether the containers that may get the image pull it even where a node holds it."""
    runs = _runs(workload)
    alike = [policy for name, policy in runs if name == reference.name]
    return "Always" in (alike or [policy for _, policy in runs])


def _runs(workload: Workload) -> list[tuple[str, str]]:
    """Repository and pull policy of each container; the API server has written the default policy in."""
    seen = [(reference_of(c.get("image", "")), c) for c in (*workload.containers, *workload.init_containers)]
    return [(known.name, c.get("imagePullPolicy", "")) for known, c in seen if known is not None]
