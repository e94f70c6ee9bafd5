"""What new pods need: Z18 (images), Z19 (references) and Z20 (admission)."""

from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.capacity import LimitRange
from dot_ai_lifecycle.core.nearby import Hook, Space
from dot_ai_lifecycle.core.needs import Need
from dot_ai_lifecycle.core.registry import Found, ImageSight
from dot_ai_lifecycle.core.surroundings import Fate, Sought
from dot_ai_lifecycle.core.trial import Trial
from dot_ai_lifecycle.domain.preflight.admission import z20
from dot_ai_lifecycle.domain.preflight.limits import against_limits
from dot_ai_lifecycle.domain.preflight.needed import z18, z19
from tests.support.prospects import app, case, container, standing, template

NEW = template(container(image="shop/web:v2"))


def sight(found: Found, image: str = "shop/web:v2") -> dict[str, ImageSight]:
    return {image: ImageSight(image, found, f"The registry says {found}.")}


@pytest.mark.parametrize(
    ("given", "level", "harm", "words"),
    [
        pytest.param(case(wants=NEW, images=sight("found")), "ok", "none", "Every image can be pulled", id="found"),
        pytest.param(case(), "ok", "none", "run these images already", id="the same image"),
        pytest.param(case(wants=NEW, images=sight("missing")), "block", "fails", "says missing", id="missing"),
        pytest.param(case(wants=NEW, images=sight("denied")), "block", "fails", "says denied", id="denied"),
        pytest.param(
            case(wants=NEW, images=sight("wrong-platform")), "block", "fails", "wrong-platform", id="platform"
        ),
        pytest.param(case(wants=NEW, images=sight("unknown")), "unknown", "none", "says unknown", id="unknown"),
        pytest.param(case(wants=NEW), "unknown", "none", "No registry was asked", id="nobody asked"),
        pytest.param(
            case(images=sight("missing", "shop/web:v1")), "block", "fails", "says missing", id="it vanished meanwhile"
        ),
        pytest.param(case(images=sight("unknown", "shop/web:v1")), "ok", "none", "already", id="unknown, but it runs"),
        pytest.param(case(replace(standing(app()), pods=())), "unknown", "none", "No registry", id="nothing runs"),
        pytest.param(
            case(wants=template(initContainers=[{"name": "first", "image": "i:1"}])),
            "unknown",
            "none",
            "i:1 can be pulled",
            id="an init container's",
        ),
    ],
)
def test_images_can_be_pulled(given: Any, level: str, harm: str, words: str):
    found = z18(given)

    assert (found.level, found.harm, words in found.words) == (level, harm, True)


def sought(fate: Fate, kind: str = "ConfigMap", name: str = "settings", **more: Any) -> Sought:
    return Sought(Need(kind, name, "env", **more), fate, "You may not get it." if fate == "unknown" else "")


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        pytest.param((), "ok", "names no other object", id="nothing named"),
        pytest.param((sought("there"),), "ok", "is there", id="there"),
        pytest.param((sought("missing"),), "block", "ConfigMap settings does not exist (env)", id="missing"),
        pytest.param((sought("no key", key="MODE"),), "block", "has no key MODE", id="no key"),
        pytest.param((sought("missing", optional=True),), "ok", "is there", id="optional"),
        pytest.param((sought("unknown"),), "unknown", "You may not get it.", id="not seen"),
        pytest.param((sought("unknown", optional=True),), "ok", "is there", id="not seen and optional"),
        pytest.param(
            (sought("unknown"), sought("missing", "Secret", "keys")), "block", "Secret keys", id="missing rules"
        ),
    ],
)
def test_what_the_template_names_is_there(found: Any, level: str, words: str):
    told = z19(case(sought=found))

    assert (told.level, words in told.words) == (level, True)


PODS = {"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}
HOOK = Hook("check.example.org", fails_closed=True, dry_run=False, rules=(PODS,), service=("guards", "check"))
DEAF: dict[str, Any] = {"trial": Trial(), "deaf": frozenset({("guards", "check")})}


@pytest.mark.parametrize(
    ("more", "level", "words"),
    [
        pytest.param({}, "ok", "would take a pod", id="admitted"),
        pytest.param(
            {"trial": Trial("refused", "violates PodSecurity", "pod_security")}, "block", "PodSecurity", id="no"
        ),
        pytest.param({"trial": Trial("refused", "x", "quota")}, "unknown", "before all policies", id="another's no"),
        pytest.param(
            {"trial": Trial("unknown", "It does not support dry run.", "webhook")}, "unknown", "dry run", id="?"
        ),
        pytest.param({**DEAF, "hooks": (HOOK,)}, "block", "Service guards/check is ready", id="nobody answers"),
        pytest.param({**DEAF, "hooks": None}, "unknown", "is not known", id="hooks not seen"),
        pytest.param(
            {**DEAF, "hooks": (replace(HOOK, objects={"matchLabels": {"app": "db"}}),)}, "unknown", "not", id="others"
        ),
        pytest.param(
            {**DEAF, "hooks": (replace(HOOK, namespaces={"matchLabels": {"guard": "on"}}),)},
            "unknown",
            "",
            id="elsewhere",
        ),
        pytest.param(
            {
                **DEAF,
                "hooks": (replace(HOOK, namespaces={"matchLabels": {"guard": "on"}}),),
                "space": Space("shop", "u", labels={"guard": "on"}),
            },
            "block",
            "must answer",
            id="here",
        ),
        pytest.param({**DEAF, "hooks": (replace(HOOK, rules=()),)}, "unknown", "not known", id="not for pods"),
        pytest.param(
            {
                "trial": Trial(),
                "limit_ranges": (LimitRange("l", "shop", "u", ({"type": "Pod", "max": {"memory": "1Mi"}},)),),
            },
            "block",
            "LimitRange l allows at most 1Mi of memory for the pod",
            id="limits",
        ),
    ],
)
def test_admission_takes_the_new_pods(more: dict[str, Any], level: str, words: str):
    found = z20(case(**more))

    assert (found.level, words in found.words) == (level, True)


@pytest.mark.parametrize(
    ("rule", "resources", "words"),
    [
        ({"type": "Container", "max": {"memory": "1Gi"}}, {"limits": {"memory": "512Mi"}}, []),
        ({"type": "Container", "max": {"memory": "1Gi"}}, {"limits": {"memory": "2Gi"}}, ["at most 1Gi of memory"]),
        ({"type": "Container", "max": {"memory": "1Gi"}}, {}, ["at most 1Gi of memory"]),
        ({"type": "Container", "max": {"memory": "1Gi"}, "default": {"memory": "1Gi"}}, {}, []),
        ({"type": "Container", "min": {"cpu": "100m"}}, {"requests": {"cpu": "50m"}}, ["at least 100m of cpu"]),
        ({"type": "Container", "min": {"cpu": "100m"}, "defaultRequest": {"cpu": "100m"}}, {}, []),
        ({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}, {}, []),
    ],
)
def test_limits_of_a_namespace_are_held_against_containers(rule: Any, resources: Any, words: list[str]):
    spec = template(container(resources=resources))["spec"]
    found = against_limits(spec, [LimitRange("limits", "shop", "u", (rule,))])

    assert len(found) == len(words)
    assert all(part in one for part, one in zip(words, found, strict=True))
