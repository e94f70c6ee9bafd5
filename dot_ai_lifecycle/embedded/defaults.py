"""What the API server fills in, so that an object read back looks like one from a real cluster.

The values are those of Kubernetes 1.34 (pkg/apis/*/defaults.go); what an API server would only know from other objects
(cluster addresses, quotas) is admission's.
"""

import base64
from collections.abc import Callable
from typing import Any

from dot_ai_lifecycle.embedded.objects import Object, name_of, uid_of
from dot_ai_lifecycle.embedded.pod_defaults import fill_pod, fill_pod_spec, missing

_Fill = Callable[[Object], None]


def _template(owner: dict[str, Any]) -> None:
    template = owner.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        template.setdefault("metadata", {})
        fill_pod_spec(template["spec"])


def _spec(object_: Object) -> dict[str, Any]:
    spec: dict[str, Any] = object_.setdefault("spec", {})
    return spec


def _deployment(object_: Object) -> None:
    spec = _spec(object_)
    _template(spec)
    missing(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "strategy": {}})
    missing(spec["strategy"], {"type": "RollingUpdate"})
    if spec["strategy"]["type"] == "RollingUpdate":
        missing(spec["strategy"], {"rollingUpdate": {}})
        missing(spec["strategy"]["rollingUpdate"], {"maxUnavailable": "25%", "maxSurge": "25%"})
    missing(object_, {"status": {}})


def _replica_set(object_: Object) -> None:
    spec = _spec(object_)
    _template(spec)
    missing(spec, {"replicas": 1})
    missing(object_, {"status": {"replicas": 0}})


def _stateful_set(object_: Object) -> None:
    spec = _spec(object_)
    _template(spec)
    missing(spec, {"replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10})
    missing(spec, {"updateStrategy": {"type": "RollingUpdate"}})
    missing(spec["updateStrategy"], {"type": "RollingUpdate"})
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        missing(spec["updateStrategy"], {"rollingUpdate": {}})
        missing(spec["updateStrategy"]["rollingUpdate"], {"partition": 0})
    missing(spec, {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}})
    for claim in spec.get("volumeClaimTemplates") or ():
        claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        _claim(claim)
    missing(object_, {"status": {"replicas": 0, "availableReplicas": 0}})


def _daemon_set(object_: Object) -> None:
    spec = _spec(object_)
    _template(spec)
    missing(spec, {"revisionHistoryLimit": 10, "updateStrategy": {}})
    missing(spec["updateStrategy"], {"type": "RollingUpdate"})
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        missing(spec["updateStrategy"], {"rollingUpdate": {}})
        missing(spec["updateStrategy"]["rollingUpdate"], {"maxUnavailable": 1, "maxSurge": 0})
    counts = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    missing(object_, {"status": dict.fromkeys(counts, 0)})


def _job_spec(spec: dict[str, Any]) -> None:
    _template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    missing(
        spec,
        {
            "parallelism": 1,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "suspend": False,
            "podReplacementPolicy": "TerminatingOrFailed",
        },
    )


def _job(object_: Object) -> None:
    spec = _spec(object_)
    _job_spec(spec)
    missing(spec, {"manualSelector": False})
    uid = uid_of(object_)
    if not spec["manualSelector"] and uid and "selector" not in spec and isinstance(spec.get("template"), dict):
        identity = {"controller-uid": uid, "job-name": name_of(object_)}
        labels = {f"batch.kubernetes.io/{key}": value for key, value in identity.items()} | identity
        missing(spec["template"].setdefault("metadata", {}), {"labels": {}})
        spec["template"]["metadata"]["labels"] |= labels
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    missing(object_, {"status": {}})


def _cron_job(object_: Object) -> None:
    spec = _spec(object_)
    missing(spec, {"concurrencyPolicy": "Allow", "suspend": False})
    missing(spec, {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1})
    job = (spec.get("jobTemplate") or {}).get("spec")
    if isinstance(job, dict):
        _template(job)
    missing(object_, {"status": {}})


def _service(object_: Object) -> None:
    spec = _spec(object_)
    missing(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    for port in spec.get("ports") or ():
        missing(port, {"protocol": "TCP", "targetPort": port.get("port")})
    if spec["type"] != "ExternalName":
        missing(spec, {"internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        missing(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        missing(spec, {"allocateLoadBalancerNodePorts": True})
    missing(object_, {"status": {"loadBalancer": {}}})


def _autoscaler(object_: Object) -> None:
    spec = _spec(object_)
    target = {"type": "Utilization", "averageUtilization": 80}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    missing(spec, {"minReplicas": 1, "metrics": [cpu]})
    missing(object_, {"status": {"currentMetrics": None, "desiredReplicas": 0}})


def _budget(object_: Object) -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    missing(object_, {"status": dict.fromkeys(counts, 0)})


def _namespace(object_: Object) -> None:
    missing(object_["metadata"], {"labels": {}})
    object_["metadata"]["labels"]["kubernetes.io/metadata.name"] = name_of(object_)
    missing(_spec(object_), {"finalizers": ["kubernetes"]})
    missing(object_, {"status": {"phase": "Active"}})


def _claim(object_: Object) -> None:
    missing(_spec(object_), {"volumeMode": "Filesystem"})
    missing(object_, {"status": {"phase": "Pending"}})


def _volume(object_: Object) -> None:
    missing(_spec(object_), {"volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Retain"})
    missing(object_, {"status": {"phase": "Pending"}})


def _secret(object_: Object) -> None:
    missing(object_, {"type": "Opaque"})
    if plain := object_.pop("stringData", None):
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        object_["data"] = (object_.get("data") or {}) | encoded


def _policy(object_: Object) -> None:
    spec = _spec(object_)
    missing(spec, {"policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]})


def _quota(object_: Object) -> None:
    missing(object_, {"status": {}})


def _pod_template(object_: Object) -> None:
    _template(object_)


def _limit_range(object_: Object) -> None:
    """Defaults that are not given follow from the most that is allowed, requests from them, or from the least."""
    for rule in _spec(object_).get("limits") or ():
        if rule.get("type") == "Container":
            default = {**(rule.get("max") or {}), **(rule.get("default") or {})}
            request = {**(rule.get("min") or {}), **default, **(rule.get("defaultRequest") or {})}
            rule.update({name: value for name, value in (("default", default), ("defaultRequest", request)) if value})


def _webhooks(object_: Object) -> None:
    for hook in object_.get("webhooks") or ():
        selectors: dict[str, Any] = {"namespaceSelector": {}, "objectSelector": {}}
        missing(hook, {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "timeoutSeconds": 10, **selectors})
        for rule in hook.get("rules") or ():
            missing(rule, {"scope": "*"})
        if service := (hook.get("clientConfig") or {}).get("service"):
            missing(service, {"port": 443})


def _mutating(object_: Object) -> None:
    _webhooks(object_)
    for hook in object_.get("webhooks") or ():
        missing(hook, {"reinvocationPolicy": "Never"})


def _priority(object_: Object) -> None:
    missing(object_, {"preemptionPolicy": "PreemptLowerPriority"})


_BY_KIND: dict[tuple[str, str], _Fill] = {
    ("v1", "Pod"): fill_pod,
    ("v1", "Service"): _service,
    ("v1", "Namespace"): _namespace,
    ("v1", "Secret"): _secret,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("v1", "PersistentVolume"): _volume,
    ("v1", "ReplicationController"): _replica_set,
    ("v1", "ResourceQuota"): _quota,
    ("v1", "PodTemplate"): _pod_template,
    ("v1", "LimitRange"): _limit_range,
    ("scheduling.k8s.io/v1", "PriorityClass"): _priority,
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"): _webhooks,
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"): _mutating,
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "ReplicaSet"): _replica_set,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("batch/v1", "CronJob"): _cron_job,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): _autoscaler,
    ("policy/v1", "PodDisruptionBudget"): _budget,
    ("networking.k8s.io/v1", "NetworkPolicy"): _policy,
}


def fill(object_: Object) -> None:
    """Set the defaults of the object's kind in place; kinds without defaults are left alone."""
    if fill_kind := _BY_KIND.get((object_["apiVersion"], object_["kind"])):
        fill_kind(object_)
