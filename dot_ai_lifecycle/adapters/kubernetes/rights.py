"""HTTP 403 means two things: a right is missing (here is the Role that grants it), or admission said no."""

import json
import re
from collections.abc import Sequence

from dot_ai_lifecycle.adapters.kubernetes.calls import Call, Place
from dot_ai_lifecycle.adapters.kubernetes.words import sentence
from dot_ai_lifecycle.core.errors import Forbidden, Invalid

_RIGHT = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_ADMISSION = (
    ("exceeded quota", "quota", "Free some of the quota, ask for less, or have it raised."),
    ("must specify", "quota", "The namespace's quota wants requests and limits on every container."),
    ("being terminated", "terminating", "The namespace is being deleted: nothing new can be put into it."),
    ("violates PodSecurity", "pod_security", "Change the named securityContext fields, or the namespace's level."),
    ("denied the request", "webhook", "An admission policy of the cluster refused it; its words say why."),
    ("ValidatingAdmissionPolicy", "policy", "An admission policy of the cluster refused it; its words say why."),
)


def denied_by_admission(words: str, causes: Sequence[str], call: Call) -> Invalid | None:
    """The error where a 403 is no matter of rights: quota, a namespace going away, pod security, a webhook."""
    if call.verb in ("get", "list", "watch") or not words:
        return None
    found = next(((kind, hint) for mark, kind, hint in _ADMISSION if mark in words), None)
    if found is None and "NamespaceTerminating" in causes:
        found = _ADMISSION[2][1:]
    if found is None and (_RIGHT.search(words) or " cannot " in words):
        return None
    kind, hint = found or ("admission", "Admission in the cluster refused it; its words say why.")
    said = sentence(f"The cluster refused {call.verb} of {call.target}: {words}")
    return Invalid(said, hint=hint, details={"refused_by": kind, "said": words})


def missing_right(message: str, call: Call, place: Place) -> Forbidden:
    """The error for a missing right, with a manifest in `details["role"]` that would grant exactly it."""
    said = _RIGHT.search(message)
    if said is None and call.kind is None:
        return Forbidden(
            f"We may not {call.verb} {call.path} ({place}).",
            hint="The ClusterRole system:public-info-viewer, bound to system:authenticated, usually grants it.",
            details={"verb": call.verb, "path": call.path},
        )
    user = said["user"] if said else ""
    verb = said["verb"] if said else call.verb
    resource = said["resource"] if said else call.resource
    group = said["group"] if said else call.group
    namespace = (said["namespace"] if said else call.namespace) or ""
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    who = user or "We"
    return Forbidden(
        f"{who} may not {verb} {resource}{f'.{group}' if group else ''} {where} ({place}).",
        hint=f"Somebody with the rights can grant it: kubectl create {'role' if namespace else 'clusterrole'} "
        f"{role_name(verb, resource)} --verb={verb} --resource={_kubectl_resource(resource, group)}"
        f"{f' -n {namespace}' if namespace else ''}, and bind it to {_subject(user)[1] if user else 'our user'}.",
        details={
            "verb": verb,
            "resource": resource,
            "group": group,
            "namespace": namespace,
            "role": role(verb, resource, group, namespace, user),
        },
    )


def role_name(verb: str, resource: str) -> str:
    """A name for each right, so that one grant does not take the place of another."""
    return f"dot-ai-lifecycle-{verb}-{resource.replace('/', '-')}"


def role(verb: str, resource: str, group: str, namespace: str, user: str) -> str:
    """YAML of the smallest Role (ClusterRole without a namespace) with its binding; ready for `kubectl apply`."""
    scope = "" if namespace else "Cluster"
    place = f"\n  namespace: {namespace}" if namespace else ""
    title = role_name(verb, resource)
    kind, name, home = _subject(user)
    subject = f"- kind: {kind}\n  name: {json.dumps(name)}" + (
        f"\n  namespace: {home}" if home else "\n  apiGroup: rbac.authorization.k8s.io"
    )
    return f"""apiVersion: rbac.authorization.k8s.io/v1
kind: {scope}Role
metadata:
  name: {title}{place}
rules:
- apiGroups: ["{group}"]
  resources: ["{resource}"]
  verbs: ["{verb}"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {scope}RoleBinding
metadata:
  name: {title}{place}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {scope}Role
  name: {title}
subjects:
{subject}
"""


def _kubectl_resource(resource: str, group: str) -> str:
    plural, slash, sub = resource.partition("/")
    return (f"{plural}.{group}" if group else plural) + slash + sub


def _subject(user: str) -> tuple[str, str, str]:
    prefix = "system:serviceaccount:"
    if user.startswith(prefix):
        namespace, _, name = user.removeprefix(prefix).partition(":")
        return "ServiceAccount", name, namespace
    return "User", user or "REPLACE-WITH-USER", ""
