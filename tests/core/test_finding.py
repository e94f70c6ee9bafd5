"""Which workload a name means: exactly one, or an answer that helps; never a guess."""

import pytest

from dot_ai_lifecycle.core.errors import Ambiguous, NotFound
from dot_ai_lifecycle.core.finding import APP_LABELS, near_names, parsed, spelled, the_one
from dot_ai_lifecycle.core.workload import Workload


def workload(name: str, kind: str = "Deployment", namespace: str = "shop", **labels: str) -> Workload:
    metadata = {"name": name, "namespace": namespace, "labels": {key.replace("__", "/"): labels[key] for key in labels}}
    return Workload({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata})


WEB, DB = workload("web"), workload("db", "StatefulSet")


@pytest.mark.parametrize(
    ("app", "meant"),
    [
        ("web", (None, "web")),
        ("deployment/web", ("Deployment", "web")),
        ("Deployment/web", ("Deployment", "web")),
        ("deploy/web", ("Deployment", "web")),
        ("sts/db", ("StatefulSet", "db")),
        ("statefulsets/db", ("StatefulSet", "db")),
        ("ds/agent", ("DaemonSet", "agent")),
    ],
)
def test_a_name_may_say_its_kind_as_kubectl_does(app: str, meant: tuple[str | None, str]):
    assert parsed(app) == meant


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(NotFound, match="'pod' is not a kind") as caught:
        parsed("pod/web-1")

    assert "statefulset/NAME" in caught.value.hint


def test_the_exact_name_wins_over_labels():
    other = workload("frontend", app="web")

    assert the_one("web", "here", (other, WEB)) is WEB


@pytest.mark.parametrize("label", APP_LABELS)
def test_the_labels_of_apps_name_them_too(label: str):
    labelled = Workload({"kind": "Deployment", "metadata": {"name": "shop-web-7", "labels": {label: "store"}}})

    assert the_one("store", "here", (WEB, labelled)) is labelled


def test_a_more_telling_label_wins_over_a_common_one():
    instance = workload("a", **{"app.kubernetes.io__instance": "store"})
    common = workload("b", app="store")

    assert the_one("store", "here", (common, instance)) is instance


def test_several_of_a_name_are_listed_and_none_is_guessed():
    twin = workload("web", "StatefulSet")

    with pytest.raises(Ambiguous) as caught:
        the_one("web", "in namespace shop", (WEB, twin))

    assert caught.value.details["candidates"] == ["shop/deployment/web", "shop/statefulset/web"]
    assert "deployment/web in shop, statefulset/web in shop" in caught.value.message
    assert the_one("sts/web", "in namespace shop", (WEB, twin)) is twin


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(NotFound, match="no app 'wep' in namespace shop") as caught:
        the_one("wep", "in namespace shop", (WEB, DB))

    assert caught.value.hint == "Did you mean web?"


def test_a_name_like_no_other_is_answered_with_where_to_look():
    with pytest.raises(NotFound) as caught:
        the_one("payments", "in namespace shop", (WEB, DB))

    assert "dot-ai list" in caught.value.hint


def test_near_names_are_few_and_near():
    assert near_names("weeb", ["web", "web2", "webs", "wb", "database"]) == ["web", "webs", "web2"]
    assert near_names("zzz", ["web"]) == []


def test_a_workload_is_spelled_so_that_it_is_found_again():
    assert parsed(spelled(DB)) == (DB.kind, DB.name)
