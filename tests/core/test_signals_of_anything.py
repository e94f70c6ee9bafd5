"""Whatever a cluster says, signals are found without failing, bounded, and in one form."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dot_ai_lifecycle.core.conditions.containers import CONFIG_REASONS, START_REASONS
from dot_ai_lifecycle.core.conditions.images import REASONS
from dot_ai_lifecycle.core.conditions.rollout import rolled_out
from dot_ai_lifecycle.core.conditions.signals import signals
from dot_ai_lifecycle.core.pods import Container, Ended, Pod
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.domain.health import LONGEST, HealthWord, health
from tests.support.scenes import ago, event, pod, revision, scene, workload

REASON = st.sampled_from(
    ["", "Error", "OOMKilled", "CrashLoopBackOff", "Unheard-Of", *sorted(REASONS | CONFIG_REASONS | START_REASONS)]
)
MESSAGE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["{image}", "{0} {", "Insufficient {cpu}", "not found\x1b[2J", 'secret "" not found', "x" * 5000]),
)
MOMENT = st.one_of(st.none(), st.integers(0, 500).map(ago))
ENDED = st.one_of(st.none(), st.builds(Ended, st.integers(-1, 255), REASON, MESSAGE, st.integers(0, 15), MOMENT))

CONTAINERS = st.builds(
    Container,
    name=st.sampled_from(["web", "proxy"]),
    image=st.one_of(st.just("shop/web:v2"), st.text(min_size=1, max_size=20)),
    ready=st.booleans(),
    restarts=st.integers(0, 9),
    phase=st.sampled_from(["waiting", "running", "terminated"]),
    reason=REASON,
    message=MESSAGE,
    ended=ENDED,
    last=ENDED,
    since=MOMENT,
    init=st.booleans(),
)


@st.composite
def pods(draw: st.DrawFn) -> Pod:
    name = f"web-{draw(st.integers(0, 99))}"
    return replace(
        pod(name, draw(st.sampled_from(["v1", "v2"]))),
        phase=draw(st.sampled_from(["Pending", "Running", "Failed", "Succeeded", "Unknown"])),
        ready=draw(st.booleans()),
        ready_since=draw(MOMENT),
        created=draw(MOMENT),
        deleting_since=draw(MOMENT),
        unschedulable=draw(st.one_of(st.just(""), MESSAGE)),
        node=draw(st.sampled_from(["", "node-1"])),
        containers=tuple(draw(st.lists(CONTAINERS, max_size=3))),
    )


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    kind = draw(st.sampled_from(["Deployment", "StatefulSet", "DaemonSet"]))
    owner = workload(kind, replicas=draw(st.integers(0, 5)), status={"updateRevision": "v2"})
    seen = tuple(draw(st.lists(pods(), max_size=4)))
    why = ["FailedMount", "Failed", "Unhealthy", "TriggeredScaleUp", "FailedCreatePodSandBox", "FailedCreate"]
    about = st.sampled_from([owner, *seen])
    said = draw(st.lists(st.builds(event, about, st.sampled_from(why), MESSAGE), max_size=4))
    revisions = (revision("shop/web:v1", 1), revision(failure=draw(st.one_of(st.just(""), MESSAGE))))
    return scene(owner, *seen, revisions=draw(st.sampled_from([revisions, ()])), events=tuple(said))


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_signals_have_a_code_a_sentence_and_bounded_evidence(seen: Scene) -> None:
    for signal in signals(seen):
        assert re.fullmatch(r"[A-Z][A-Z_]+", signal.code)
        assert signal.words.endswith(".")
        assert signal.subject
        assert signal.patience >= 0
        assert len(signal.evidence) <= 3
        assert all(line and len(line) <= 300 and "\n" not in line for line in signal.evidence)


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_signals_come_in_the_same_order_every_time(seen: Scene) -> None:
    assert signals(seen) == signals(seen)
    assert [s.patience for s in signals(seen)] == sorted(s.patience for s in signals(seen))


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_every_app_gets_a_health_word_with_a_reason(seen: Scene) -> None:
    found = health(seen)
    assert found.word in HealthWord.__args__
    assert 0 < len(found.reason) <= LONGEST
    assert rolled_out(seen).words
