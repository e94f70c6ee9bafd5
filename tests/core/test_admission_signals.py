"""Pods the cluster refuses to create: told by a ReplicaSet's condition, or by events of the other kinds."""

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions.signals import signals
from dot_ai_lifecycle.core.scene import Scene
from tests.support.scenes import ago, event, pod, revision, scene, workload

QUOTA = 'pods "web-v2-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4'
FIXED = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}


def refused(message: str) -> Scene:
    failing = revision(failure=message)
    return scene(workload(spec=FIXED), pod("web-v1-0", "v1"), revisions=(revision("shop/web:v1", 1), failing))


@pytest.mark.parametrize(
    ("message", "code", "words", "patience"),
    [
        pytest.param(QUOTA, "QUOTA_EXCEEDED", "Quota small", 0, id="quota used up"),
        pytest.param(
            'pods "x" is forbidden: failed quota: small: must specify limits.cpu for: web; limits.memory for: web',
            "QUOTA_NEEDS_LIMITS",
            "limits.cpu",
            0,
            id="quota wants limits",
        ),
        pytest.param(
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged',
            "POD_SECURITY_DENIED",
            "restricted:latest",
            0,
            id="pod security",
        ),
        pytest.param(
            'admission webhook "policy.corp" denied the request: no latest tag',
            "ADMISSION_DENIED",
            "policy.corp",
            0,
            id="webhook says no",
        ),
        pytest.param(
            "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'all' denied request: no",
            "ADMISSION_DENIED",
            "tags",
            0,
            id="policy says no",
        ),
        pytest.param(
            'Internal error occurred: failed calling webhook "mesh.io": connection refused',
            "WEBHOOK_UNAVAILABLE",
            "mesh.io",
            120,
            id="webhook does not answer",
        ),
        pytest.param(
            'pods "x" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
            "LIMIT_RANGE_VIOLATED",
            "maximum cpu usage per Container",
            0,
            id="LimitRange",
        ),
        pytest.param(
            'error looking up service account shop/web: serviceaccount "web" not found',
            "SERVICE_ACCOUNT_MISSING",
            "ServiceAccount web",
            4,
            id="ServiceAccount",
        ),
        pytest.param(
            "no PriorityClass with name urgent was found", "PRIORITY_CLASS_MISSING", "urgent", 4, id="PriorityClass"
        ),
        pytest.param(
            "unable to create new content in namespace shop because it is being terminated",
            "NAMESPACE_TERMINATING",
            "namespace",
            0,
            id="namespace is going",
        ),
        pytest.param('Pod "x" is invalid: spec.containers: Required', "POD_INVALID", "invalid", 0, id="invalid"),
        pytest.param("the moon is full", "POD_NOT_CREATED", "refuses", 30, id="unknown to us"),
    ],
)
def test_what_a_replica_set_was_refused(message: str, code: str, words: str, patience: float) -> None:
    (found,) = signals(refused(message))
    assert (found.code, found.subject, found.patience) == (code, "web-v2", patience)
    assert words in found.words
    assert found.evidence == (message,)


def test_a_quota_that_ending_pods_will_free_is_waited_for() -> None:
    seen = refused(QUOTA)
    leaving = replace(seen, pods=(pod("web-v1-0", "v1", deleting_since=ago(2)),))
    assert signals(leaving)[0].patience == 30


@pytest.mark.parametrize(("allowed", "patience"), [("50%", 30), ("10%", 0), (1, 30), (0, 0)])
def test_a_quota_is_waited_for_where_old_pods_may_go_first(allowed: str | int, patience: float) -> None:
    spec = {"strategy": {"rollingUpdate": {"maxUnavailable": allowed}}}
    assert signals(replace(refused(QUOTA), workload=workload(spec=spec)))[0].patience == patience


def test_the_refusal_of_an_old_revision_does_not_count() -> None:
    failing = revision("shop/web:v1", 1, failure=QUOTA)
    assert signals(scene(workload(), pod("web-v2-0"), revisions=(failing, revision()))) == ()


def of_set(age: float = 5, changed: float | None = 20, pods: int = 2, uid: str = "uid-StatefulSet") -> Scene:
    fields = [] if changed is None else [{"manager": "kubectl", "time": ago(changed).isoformat()}]
    status = {"manager": "controller", "subresource": "status", "time": ago(0).isoformat()}
    owner = workload("StatefulSet", status={"updateRevision": "v2"}, managedFields=[*fields, status], uid=uid)
    said = event(workload("StatefulSet"), "FailedCreate", f"create Pod web-2 failed error: {QUOTA}", age)
    return scene(owner, *(pod(f"web-{number}") for number in range(pods)), events=(said,))


def test_a_stateful_sets_refusal_is_read_from_its_events() -> None:
    (found,) = signals(of_set())
    assert (found.code, found.subject) == ("QUOTA_EXCEEDED", "web")


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(of_set(age=30), id="it is older than the last change"),
        pytest.param(of_set(age=20), id="it is of the same second as the last change"),
        pytest.param(of_set(age=400, changed=None), id="it is minutes ago"),
        pytest.param(of_set(pods=3), id="no pod is missing"),
        pytest.param(of_set(uid="another"), id="it is about another object"),
    ],
)
def test_an_event_does_not_count_where(seen: Scene) -> None:
    assert signals(seen) == ()


def test_an_undated_spec_lets_recent_events_count() -> None:
    assert signals(of_set(changed=None))[0].code == "QUOTA_EXCEEDED"
