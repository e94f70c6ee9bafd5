"""Which object: kinds and references, in Kubernetes' own words."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class Kind(NamedTuple):
    """A kind the project reads or writes: enough to build its URL."""

    api_version: str
    name: str
    plural: str
    namespaced: bool = True


DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets")
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
POD = Kind("v1", "Pod", "pods")
SERVICE = Kind("v1", "Service", "services")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
EVENT = Kind("v1", "Event", "events")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
NODE = Kind("v1", "Node", "nodes", namespaced=False)
SECRET = Kind("v1", "Secret", "secrets")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
PERSISTENT_VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
RESOURCE_QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
LIMIT_RANGE = Kind("v1", "LimitRange", "limitranges")
PRIORITY_CLASS = Kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", namespaced=False)
RUNTIME_CLASS = Kind("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", namespaced=False)
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects")
VERTICAL_AUTOSCALER = Kind("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers")
VALIDATING_WEBHOOKS = Kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    namespaced=False,
)
MUTATING_WEBHOOKS = Kind(
    "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", namespaced=False
)
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")

ROLLOUT = Kind("argoproj.io/v1alpha1", "Rollout", "rollouts")

CANARY = Kind("flagger.app/v1beta1", "Canary", "canaries")
KRUISE_ROLLOUT = Kind("rollouts.kruise.io/v1beta1", "Rollout", "rollouts")

JOB = Kind("batch/v1", "Job", "jobs")
CRON_JOB = Kind("batch/v1", "CronJob", "cronjobs")

OF_CHARTS = (
    JOB,
    CRON_JOB,
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False),
    Kind("rbac.authorization.k8s.io/v1", "Role", "roles"),
    Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Kind("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways"),
    Kind("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors"),
    Kind("monitoring.coreos.com/v1", "PodMonitor", "podmonitors"),
    Kind("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules"),
    Kind("cert-manager.io/v1", "Certificate", "certificates"),
    Kind("external-secrets.io/v1", "ExternalSecret", "externalsecrets"),
)
"""What charts bring along besides; written only where a Helm release goes back."""

WORKLOAD_KINDS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, ROLLOUT)
"""What runs apps; a Rollout only where Argo Rollouts is installed."""

KINDS = {
    (kind.api_version, kind.name): kind
    for kind in (
        *WORKLOAD_KINDS,
        CANARY,
        KRUISE_ROLLOUT,
        REPLICA_SET,
        CONTROLLER_REVISION,
        POD,
        SERVICE,
        ENDPOINT_SLICE,
        EVENT,
        CONFIG_MAP,
        NAMESPACE,
        NODE,
        SECRET,
        SERVICE_ACCOUNT,
        PERSISTENT_VOLUME_CLAIM,
        RESOURCE_QUOTA,
        LIMIT_RANGE,
        PRIORITY_CLASS,
        RUNTIME_CLASS,
        INGRESS,
        HTTP_ROUTE,
        SCALED_OBJECT,
        VERTICAL_AUTOSCALER,
        VALIDATING_WEBHOOKS,
        MUTATING_WEBHOOKS,
        LEASE,
        AUTOSCALER,
        DISRUPTION_BUDGET,
        *OF_CHARTS,
    )
}


class Ref(BaseModel):
    """One object of the cluster. With a `uid` it means that very object, not a later one of the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_version: str
    kind: str
    name: str
    namespace: str | None = None
    uid: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"

    @property
    def of_kind(self) -> Kind:
        """The kind with its plural; KeyError for a kind the project does not handle."""
        return KINDS[(self.api_version, self.kind)]


def ref_to(kind: Kind, name: str, namespace: str | None = None, uid: str = "") -> Ref:
    """A reference to the object of that kind and name."""
    return Ref(api_version=kind.api_version, kind=kind.name, name=name, namespace=namespace, uid=uid)
