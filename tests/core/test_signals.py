"""What speaks against a new version: each cause by name, with its evidence, after the patience it deserves."""

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions.probes import budget
from dot_ai_lifecycle.core.conditions.signals import signals
from dot_ai_lifecycle.core.pods import Container, Ended
from dot_ai_lifecycle.core.scene import Scene
from tests.support.scenes import (
    ago,
    broken,
    container,
    crashed,
    event,
    pod,
    revision,
    scene,
    served,
    template,
    unplaced,
    waiting,
    workload,
)

PULL = "rpc error: code = NotFound desc = failed to pull and unpack image"


def of_container(one: Container) -> Scene:
    return scene(workload(), broken("web-v2-0", one))


@pytest.mark.parametrize(
    ("reason", "message", "code", "patience"),
    [
        pytest.param("ErrImagePull", f'{PULL} "shop/web:v2": not found', "IMAGE_NOT_FOUND", 0, id="no such tag"),
        pytest.param("ImagePullBackOff", "manifest unknown", "IMAGE_NOT_FOUND", 0, id="no such manifest"),
        pytest.param("ErrImagePull", "401 Unauthorized", "IMAGE_UNAUTHORIZED", 0, id="no credentials"),
        pytest.param(
            "ErrImagePull",
            "pull access denied, repository does not exist or may require authorization",
            "IMAGE_UNAUTHORIZED",
            0,
            id="private or absent, which registries do not tell apart",
        ),
        pytest.param(
            "ErrImagePull", "no match for platform in manifest", "IMAGE_WRONG_PLATFORM", 0, id="another platform"
        ),
        pytest.param("InvalidImageName", "couldn't parse", "IMAGE_NAME_INVALID", 0, id="not a reference"),
        pytest.param("ErrImageNeverPull", "", "IMAGE_NEVER_PULLED", 0, id="may not be pulled"),
        pytest.param("SignatureValidationFailed", "", "IMAGE_SIGNATURE_INVALID", 0, id="signature refused"),
        pytest.param(
            "ErrImagePull", "dial tcp: lookup reg.invalid: no such host", "REGISTRY_UNKNOWN_HOST", 4, id="no such host"
        ),
        pytest.param(
            "ErrImagePull",
            "lookup box.local: Temporary failure in name resolution",
            "REGISTRY_UNRESOLVED",
            4,
            id="DNS",
        ),
        pytest.param("ErrImagePull", "net/http: TLS handshake timeout", "REGISTRY_UNAVAILABLE", 120, id="timeout"),
        pytest.param("ErrImagePull", "429 Too Many Requests", "REGISTRY_THROTTLED", 120, id="rate limit"),
        pytest.param("ErrImagePull", "503 Service Unavailable", "REGISTRY_UNAVAILABLE", 120, id="registry down"),
        pytest.param("ErrImagePull", "x509: signed by unknown authority", "REGISTRY_UNTRUSTED", 15, id="certificate"),
        pytest.param("ErrImagePull", "no space left on device", "NODE_DISK_FULL", 120, id="disk of the node"),
        pytest.param(
            "ImagePullBackOff", 'Back-off pulling image "shop/web:v2"', "IMAGE_PULL_FAILED", 30, id="nobody says why"
        ),
    ],
)
def test_an_image_that_does_not_come(reason: str, message: str, code: str, patience: float) -> None:
    (found,) = signals(of_container(waiting(reason, message)))
    assert (found.code, found.patience, found.subject, found.container) == (code, patience, "web-v2-0", "web")
    assert "shop/web:v2" in found.words or code == "IMAGE_NAME_INVALID"
    assert found.evidence == ((message,) if message else ())


def test_the_images_own_name_is_no_evidence() -> None:
    bad = waiting("ErrImagePull", "pulling acme/not-found:denied: 503", image="acme/not-found:denied")
    assert signals(of_container(bad))[0].code == "REGISTRY_UNAVAILABLE"


def test_events_tell_why_an_image_does_not_come_where_the_kubelet_only_says_back_off() -> None:
    seen = of_container(waiting("ImagePullBackOff", 'Back-off pulling image "shop/web:v2"'))
    said = event(seen.pods[0], "Failed", 'Failed to pull image "shop/web:v2": not found')
    assert signals(replace(seen, events=(said,)))[0].code == "IMAGE_NOT_FOUND"


@pytest.mark.parametrize(
    ("message", "code", "named", "patience"),
    [
        pytest.param('configmap "settings" not found', "CONFIG_MAP_MISSING", "ConfigMap settings", 4, id="ConfigMap"),
        pytest.param('secret "db" not found', "SECRET_MISSING", "Secret db", 4, id="Secret"),
        pytest.param(
            "couldn't find key port in ConfigMap shop/settings",
            "CONFIG_KEY_MISSING",
            "Key port is missing in ConfigMap settings",
            4,
            id="key of a ConfigMap",
        ),
        pytest.param(
            "couldn't find key password in Secret shop/db",
            "SECRET_KEY_MISSING",
            "Key password is missing in Secret db",
            4,
            id="key of a Secret",
        ),
        pytest.param(
            "failed to sync configmap cache: timed out waiting for the condition",
            "CONFIG_NOT_SYNCED",
            "not received",
            60,
            id="a cache that lags",
        ),
        pytest.param(
            "container has runAsNonRoot and image will run as root",
            "RUNS_AS_ROOT",
            "must not run as root",
            0,
            id="root",
        ),
        pytest.param("something new", "CONTAINER_CONFIG_INVALID", "cannot be put together", 10, id="unknown to us"),
    ],
)
def test_missing_configuration_is_named(message: str, code: str, named: str, patience: float) -> None:
    (found,) = signals(of_container(waiting("CreateContainerConfigError", message)))
    assert (found.code, found.patience) == (code, patience)
    assert named in found.words
    assert found.evidence == (message,)


@pytest.mark.parametrize(
    ("one", "code", "patience"),
    [
        pytest.param(
            waiting("RunContainerError", 'exec: "serve": executable file not found in $PATH'),
            "COMMAND_NOT_FOUND",
            4,
            id="no such command",
        ),
        pytest.param(waiting("RunContainerError", "permission denied"), "COMMAND_NOT_EXECUTABLE", 4, id="not allowed"),
        pytest.param(waiting("CreateContainerError", "context deadline exceeded"), "RUNTIME_BUSY", 60, id="slow node"),
        pytest.param(waiting("CreateContainerError", "unexpected"), "CONTAINER_NOT_STARTED", 15, id="unknown to us"),
        pytest.param(
            crashed(3, exit_code=128, reason="StartError"), "CONTAINER_NOT_STARTED", 15, id="start error in back-off"
        ),
    ],
)
def test_a_container_that_cannot_be_started(one: Container, code: str, patience: float) -> None:
    (found,) = signals(of_container(one))
    assert (found.code, found.patience) == (code, patience)


@pytest.mark.parametrize(
    ("one", "code", "words"),
    [
        pytest.param(crashed(2, exit_code=3), "CRASH_LOOP", "exit code 3, 2 restarts", id="crash loop"),
        pytest.param(crashed(1), "CRASH_LOOP", "exit code 1, 1 restart.", id="back-off after the first restart"),
        pytest.param(
            container(restarts=2, ready=False, since=ago(1), last=Ended(139, "Error")),
            "CRASH_LOOP",
            "segmentation fault",
            id="running between two crashes",
        ),
        pytest.param(crashed(2, exit_code=137, reason="OOMKilled"), "OUT_OF_MEMORY", "memory", id="out of memory"),
        pytest.param(crashed(2, exit_code=0, reason="Completed"), "EXITS_AT_ONCE", "exit code 0", id="ends by itself"),
    ],
)
def test_a_crash_is_called_at_the_second_time_with_its_exit_code(one: Container, code: str, words: str) -> None:
    (found,) = signals(of_container(one))
    assert (found.code, found.patience, found.wants_logs, found.previous) == (code, 0, True, True)
    assert words in found.words


def test_logs_of_a_container_that_lies_dead_are_its_present_ones() -> None:
    dead = container(phase="terminated", ready=False, restarts=2, ended=Ended(1, "Error"), last=Ended(1, "Error"))
    assert signals(of_container(dead))[0].previous is False


def test_one_crash_is_no_verdict() -> None:
    assert signals(of_container(container(restarts=1, ready=False, since=ago(1), last=Ended(1))))[0].code == "NOT_READY"


def test_a_pod_that_recovered_is_left_alone() -> None:
    recovered = pod("web-v2-0", containers=(container(restarts=5),), ready_since=ago(31))
    assert signals(scene(workload(), recovered)) == ()


def test_a_crash_gets_patience_where_another_pod_of_the_version_serves() -> None:
    (found,) = signals(scene(workload(), broken("web-v2-0", crashed()), pod("web-v2-1")))
    assert found.patience == 30


def test_a_pod_between_two_crashes_proves_nothing() -> None:
    between = pod("web-v2-1", containers=(container(restarts=2, last=Ended(1)),), ready_since=ago(2))
    assert {found.patience for found in signals(scene(workload(), broken("web-v2-0", crashed()), between))} == {0}


@pytest.mark.parametrize(
    ("one", "code"),
    [
        pytest.param(waiting("ErrImagePull", "not found", init=True), "INIT_IMAGE_NOT_FOUND", id="image"),
        pytest.param(crashed(2, init=True, name="migrate"), "INIT_CRASH_LOOP", id="crash"),
        pytest.param(
            waiting("CreateContainerConfigError", 'secret "db" not found', init=True),
            "INIT_SECRET_MISSING",
            id="config",
        ),
    ],
)
def test_init_containers_are_judged_alike_and_named_so(one: Container, code: str) -> None:
    (found,) = signals(of_container(one))
    assert found.code == code
    assert found.words.startswith(f"Init container {one.name}")
    assert found.words.count("ontainer") == 1


def test_an_init_container_that_did_its_work_after_retries_is_no_signal() -> None:
    done = container(init=True, phase="terminated", ready=True, restarts=4, ended=Ended(0, "Completed"))
    assert signals(scene(workload(), pod("web-v2-0", containers=(done, container())))) == ()


def test_a_container_that_never_gets_ready_is_called_after_what_its_probes_allow() -> None:
    slow = template()
    slow["spec"]["containers"][0] |= {
        "startupProbe": {"httpGet": {"path": "/up", "port": 8080}, "failureThreshold": 30, "periodSeconds": 9},
        "readinessProbe": {"tcpSocket": {"port": 8080}},
    }
    seen = scene(
        workload(wants=slow),
        broken("web-v2-0", container(ready=False, started=False, since=ago(100))),
        revisions=(revision(template=slow),),
    )
    said = event(seen.pods[0], "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 503")
    (found,) = signals(replace(seen, events=(said,)))
    assert (found.code, found.patience, found.wants_logs) == ("NOT_READY", 30 * 10 + 3 * 11, True)
    assert "startup probe (GET /up on port 8080) never succeeds" in found.words
    assert found.evidence == (said.message,)
    assert not found.counts(seen.now)


def test_probes_without_numbers_have_the_defaults_of_the_api() -> None:
    assert budget({}) == 60
    assert budget({"readinessProbe": {"initialDelaySeconds": 90}}) == 90 + 3 * 11
    assert budget({"readinessProbe": {"failureThreshold": 1000}}) == 60


def test_an_app_that_always_starts_slowly_is_given_three_times_its_usual_start() -> None:
    slow = [
        pod(f"web-v1-{n}", "v1", created=ago(1000), ready_since=ago(1000 - took)) for n, took in enumerate((90, 80, 85))
    ]
    (found,) = signals(scene(workload(), *slow, broken("web-v2-0", container(ready=False))))
    assert (found.code, found.patience) == ("NOT_READY", 3 * 85)


def test_a_pod_whose_containers_are_ready_may_still_be_held_back() -> None:
    (found,) = signals(of_container(container()))
    assert (found.code, found.patience) == ("POD_HELD_BACK", 120)


@pytest.mark.parametrize(
    ("message", "code", "patience"),
    [
        pytest.param("0/3 nodes are available: 3 Insufficient cpu.", "INSUFFICIENT_RESOURCES", 60, id="cpu"),
        pytest.param("0/3 nodes are available: 3 Too many pods.", "TOO_MANY_PODS", 60, id="nodes are full"),
        pytest.param("didn't match Pod's node affinity/selector", "NODE_SELECTOR_UNMET", 15, id="selector"),
        pytest.param("3 node(s) had untolerated taint {gpu: yes}", "TAINTS_NOT_TOLERATED", 15, id="taint"),
        pytest.param("didn't match pod anti-affinity rules", "ANTI_AFFINITY", 15, id="anti-affinity"),
        pytest.param("didn't have free ports for the requested pod ports", "HOST_PORT_TAKEN", 15, id="host port"),
        pytest.param('persistentvolumeclaim "data" not found', "VOLUME_CLAIM_MISSING", 60, id="no claim"),
        pytest.param("pod has unbound immediate PersistentVolumeClaims", "VOLUME_UNBOUND", 60, id="unbound claim"),
        pytest.param("had volume node affinity conflict", "VOLUME_ELSEWHERE", 60, id="volume in another zone"),
        pytest.param("blocked due to non-empty scheduling gates", "SCHEDULING_GATED", 60, id="scheduling gates"),
    ],
)
def test_a_pod_without_a_place(message: str, code: str, patience: float) -> None:
    (found,) = signals(scene(workload(), unplaced("web-v2-0", message)))
    assert (found.code, found.patience, found.evidence) == (code, patience, (message,))


def test_what_lacks_is_named_and_a_node_on_order_is_waited_for() -> None:
    seen = scene(workload(), unplaced("web-v2-0", "0/2 nodes are available: 2 Insufficient memory."))
    ordered = event(seen.pods[0], "TriggeredScaleUp", "pod triggered scale-up: [{group 2->3}]", kind="Normal")
    (found,) = signals(replace(seen, events=(ordered,)))
    assert found.patience == 300
    assert "enough free memory" in found.words
    assert "ordered" in found.words


@pytest.mark.parametrize(
    ("reason", "message", "code", "patience"),
    [
        pytest.param(
            "FailedMount",
            'MountVolume.SetUp failed for volume "c" : configmap "settings" not found',
            "CONFIG_MAP_MISSING",
            4,
            id="its ConfigMap is missing",
        ),
        pytest.param("FailedAttachVolume", 'Multi-Attach error for volume "pvc"', "VOLUME_IN_USE", 60, id="in use"),
        pytest.param("FailedMount", "Unable to attach or mount volumes", "VOLUME_NOT_MOUNTED", 60, id="not mounted"),
        pytest.param("FailedCreatePodSandBox", "plugin type=cni failed", "POD_NETWORK_FAILED", 60, id="network"),
    ],
)
def test_a_place_that_lacks_something(reason: str, message: str, code: str, patience: float) -> None:
    seen = of_container(waiting("ContainerCreating"))
    (found,) = signals(replace(seen, events=(event(seen.pods[0], reason, message),)))
    assert (found.code, found.patience) == (code, patience)


def test_only_pods_of_the_new_version_are_heard() -> None:
    old = broken("web-v1-0", crashed(9), of="v1")
    assert signals(scene(workload(), old, pod("web-v2-0"))) == ()


def test_pods_that_are_ending_are_not_heard() -> None:
    assert signals(scene(workload(), broken("web-v2-0", crashed(9), deleting_since=ago(1)))) == ()


def test_a_healthy_rollout_is_silent() -> None:
    assert signals(served()) == ()


def test_the_least_patient_signal_comes_first() -> None:
    seen = scene(
        workload(),
        unplaced("web-v2-0", "0/1 nodes are available: 1 Insufficient cpu."),
        broken("web-v2-1", waiting("ErrImagePull", "not found")),
    )
    assert [found.code for found in signals(seen)] == ["IMAGE_NOT_FOUND", "INSUFFICIENT_RESOURCES"]


def test_an_evicted_pod_speaks_only_where_none_serves() -> None:
    evicted = pod("web-v2-0", phase="Failed", ready=False, reason="Evicted", message="low on resource: memory")
    assert [found.code for found in signals(scene(workload(), evicted))] == ["POD_FAILED"]
    assert signals(scene(workload(), evicted, pod("web-v2-1"))) == ()


def test_the_deployments_own_deadline_speaks_where_nothing_else_does() -> None:
    late = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}
    assert [found.code for found in signals(scene(workload(status=late)))] == ["PROGRESS_DEADLINE_EXCEEDED"]
    loud = scene(workload(status=late), broken("web-v2-0", crashed()))
    assert [found.code for found in signals(loud)] == ["CRASH_LOOP"]
    assert signals(scene(workload(status=late, generation=3))) == ()


def test_long_evidence_keeps_its_beginning_and_its_end() -> None:
    (found,) = signals(of_container(waiting("ErrImagePull", "begin " + "x" * 900 + " not found")))
    assert len(found.evidence[0]) <= 300
    assert found.evidence[0].startswith("begin")
    assert found.evidence[0].endswith("not found")


def test_evidence_does_not_repeat_what_the_container_itself_says() -> None:
    seen = of_container(waiting("ErrImagePull", "manifest unknown"))
    said = event(seen.pods[0], "Failed", "Failed to pull image: manifest unknown")
    assert signals(replace(seen, events=(said,)))[0].evidence == ("manifest unknown",)
