"""Which kinds the embedded API serves: paths, discovery, scoping and subresources all follow from this one table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_NONE: frozenset[str] = frozenset()
_STATUS = frozenset({"status"})
_SCALED = frozenset({"status", "scale"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of the API: its names, its scope and what hangs below it."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str = ""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: frozenset[str] = _NONE
    categories: tuple[str, ...] = ()
    has_generation: bool = False
    """Whether spec changes move `metadata.generation`."""
    custom: bool = False
    """Whether it came from a CustomResourceDefinition."""

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """`apps/v1.Deployment`: how the schema names it."""
        return f"{self.api_version}.{self.kind}"

    @property
    def resource(self) -> str:
        """`deployments.apps`, or `pods` in the core group: how error messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def prefix(self) -> str:
        """`/apis/apps/v1`, or `/api/v1`."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


def _kind(
    group: str,
    kind: str,
    plural: str,
    *,
    version: str = "v1",
    namespaced: bool = True,
    short: tuple[str, ...] = (),
    sub: frozenset[str] = _NONE,
    all_: bool = False,
    generation: bool = False,
) -> Kind:
    categories = ("all",) if all_ else ()
    return Kind(group, version, kind, plural, kind.lower(), namespaced, short, sub, categories, generation)


_POD_PARTS = frozenset({"status", "log", "eviction", "binding", "resize", "ephemeralcontainers"})

_CORE = (
    _kind("", "Namespace", "namespaces", namespaced=False, short=("ns",), sub=frozenset({"status", "finalize"})),
    _kind("", "Node", "nodes", namespaced=False, short=("no",), sub=_STATUS),
    _kind("", "Pod", "pods", short=("po",), sub=_POD_PARTS, all_=True, generation=True),
    _kind("", "Service", "services", short=("svc",), sub=frozenset({"status", "proxy"}), all_=True),
    _kind("", "ConfigMap", "configmaps", short=("cm",)),
    _kind("", "Secret", "secrets"),
    _kind("", "ServiceAccount", "serviceaccounts", short=("sa",)),
    _kind("", "Event", "events", short=("ev",)),
    _kind("", "Endpoints", "endpoints", short=("ep",)),
    _kind("", "PersistentVolume", "persistentvolumes", namespaced=False, short=("pv",), sub=_STATUS),
    _kind("", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",), sub=_STATUS),
    _kind("", "ResourceQuota", "resourcequotas", short=("quota",), sub=_STATUS),
    _kind("", "LimitRange", "limitranges", short=("limits",)),
    _kind(
        "", "ReplicationController", "replicationcontrollers", short=("rc",), sub=_SCALED, all_=True, generation=True
    ),
    _kind("", "PodTemplate", "podtemplates", generation=True),
)
_APPS = (
    _kind("apps", "Deployment", "deployments", short=("deploy",), sub=_SCALED, all_=True, generation=True),
    _kind("apps", "ReplicaSet", "replicasets", short=("rs",), sub=_SCALED, all_=True, generation=True),
    _kind("apps", "StatefulSet", "statefulsets", short=("sts",), sub=_SCALED, all_=True, generation=True),
    _kind("apps", "DaemonSet", "daemonsets", short=("ds",), sub=_STATUS, all_=True, generation=True),
    _kind("apps", "ControllerRevision", "controllerrevisions"),
    _kind("batch", "Job", "jobs", sub=_STATUS, all_=True, generation=True),
    _kind("batch", "CronJob", "cronjobs", short=("cj",), sub=_STATUS, all_=True, generation=True),
    _kind(
        "autoscaling",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        version="v2",
        short=("hpa",),
        sub=_STATUS,
        all_=True,
    ),
    _kind("policy", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",), sub=_STATUS, generation=True),
)
_OTHERS = (
    _kind("networking.k8s.io", "Ingress", "ingresses", short=("ing",), sub=_STATUS, generation=True),
    _kind("networking.k8s.io", "NetworkPolicy", "networkpolicies", short=("netpol",), generation=True),
    _kind("networking.k8s.io", "IngressClass", "ingressclasses", namespaced=False, generation=True),
    _kind("discovery.k8s.io", "EndpointSlice", "endpointslices", generation=True),
    _kind("coordination.k8s.io", "Lease", "leases"),
    _kind("storage.k8s.io", "StorageClass", "storageclasses", namespaced=False, short=("sc",)),
    _kind("scheduling.k8s.io", "PriorityClass", "priorityclasses", namespaced=False, short=("pc",), generation=True),
    _kind("node.k8s.io", "RuntimeClass", "runtimeclasses", namespaced=False),
    _kind(
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
        generation=True,
    ),
    _kind(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        namespaced=False,
        generation=True,
    ),
    _kind("rbac.authorization.k8s.io", "Role", "roles"),
    _kind("rbac.authorization.k8s.io", "RoleBinding", "rolebindings"),
    _kind("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", namespaced=False),
    _kind("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    _kind(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        short=("crd", "crds"),
        sub=_STATUS,
        generation=True,
    ),
)


class Kinds:
    """The kinds one API server knows; custom kinds come and go with their definitions."""

    def __init__(self, kinds: Iterable[Kind] = _CORE + _APPS + _OTHERS) -> None:
        self._by_plural: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str], Kind] = {}
        self._by_name: dict[str, Kind] = {}
        for kind in kinds:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_plural.values())

    def add(self, kind: Kind) -> None:
        """Serve this kind from now on."""
        self._by_plural[kind.group, kind.version, kind.plural] = kind
        self._by_kind[kind.api_version, kind.kind] = kind
        self._by_name.clear()

    def remove(self, kind: Kind) -> None:
        """Serve this kind no longer."""
        self._by_plural.pop((kind.group, kind.version, kind.plural), None)
        self._by_kind.pop((kind.api_version, kind.kind), None)
        self._by_name.clear()

    def kind_of(self, api_version: str, kind: str) -> Kind | None:
        """The kind that an object's `apiVersion` and `kind` name, if it is served."""
        return self._by_kind.get((api_version, kind))

    def by_plural(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind behind a path, if it is served."""
        return self._by_plural.get((group, version, plural))

    def by_name(self, name: str) -> Kind:
        """The kind called `Pod`, or `Rollout.argoproj.io` when the bare word is ambiguous.

        Raises `KeyError` for a kind that is not served.
        """
        if name not in self._by_name:
            word, dot, group = name.partition(".")
            for kind in self._by_plural.values():
                if kind.kind == word and (not dot or kind.group == group):
                    self._by_name[name] = kind
                    break
        return self._by_name[name]


KINDS = Kinds()
"""The built-in kinds. Every store has a registry of its own, so that custom kinds do not leak between clusters."""
