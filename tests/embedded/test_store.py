"""The store: what every call promises, whoever calls."""

import pytest

from dot_ai_lifecycle.embedded.rejected import Rejected
from dot_ai_lifecycle.embedded.store import Change, Store
from tests.embedded.clients import config_map, now, pod


@pytest.fixture
def store() -> Store:
    return Store(now)


def test_a_new_cluster_has_the_namespaces_every_cluster_has(store: Store) -> None:
    names = [one["metadata"]["name"] for one in store.list("Namespace")]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]


def test_equal_seeds_give_equal_uids_and_others_others() -> None:
    def uid(seed: int) -> str:
        return str(Store(now, seed=seed).get("Namespace", "kube-system")["metadata"]["uid"])

    assert uid(1) == uid(1)
    assert uid(1) != uid(2)


def test_what_was_read_never_changes(store: Store) -> None:
    store.create(config_map("a", x="1"))
    before = store.get("ConfigMap", "a")
    store.edit("ConfigMap", "a", "default", lambda one: one["data"].update(x="2"))
    assert before["data"] == {"x": "1"}


def test_what_is_written_is_a_copy(store: Store) -> None:
    mine = config_map("a", x="1")
    store.create(mine)
    mine["data"]["x"] = "2"
    assert store.get("ConfigMap", "a")["data"] == {"x": "1"}


def test_an_edit_of_nothing_bumps_and_tells_nothing(store: Store) -> None:
    store.create(config_map("a"))
    seen: list[Change] = []
    store.subscribe(seen.append)
    revision = store.revision
    store.edit("ConfigMap", "a", "default", lambda one: None)
    assert (store.revision, seen) == (revision, [])


def test_changes_are_told_in_order_also_when_a_callback_writes(store: Store) -> None:
    seen: list[tuple[str, str]] = []

    def answer(change: Change) -> None:
        if change.object["metadata"]["name"] == "first" and change.type == "ADDED":
            store.create(config_map("second"))

    store.subscribe(answer)
    stop = store.subscribe(lambda change: seen.append((change.type, change.object["metadata"]["name"])))
    store.create(config_map("first"))
    stop()
    store.create(config_map("third"))
    assert seen == [("ADDED", "first"), ("ADDED", "second")]


def test_a_pod_on_a_node_is_given_its_grace(store: Store) -> None:
    store.create(pod("a", node="n1"))
    marked = store.delete("Pod", "a", "default")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    assert store.find("Pod", "a", "default") is not None
    store.finish_delete("Pod", "a", "default", uid="another")
    assert store.find("Pod", "a", "default") is not None
    store.finish_delete("Pod", "a", "default")
    assert store.find("Pod", "a", "default") is None


def test_a_shorter_grace_wins_and_none_removes_at_once(store: Store) -> None:
    store.create(pod("a", node="n1"))
    store.delete("Pod", "a", "default")
    assert store.delete("Pod", "a", "default", grace_seconds=5)["metadata"]["deletionGracePeriodSeconds"] == 5
    assert store.delete("Pod", "a", "default", grace_seconds=60)["metadata"]["deletionGracePeriodSeconds"] == 5
    store.delete("Pod", "a", "default", grace_seconds=0)
    assert store.find("Pod", "a", "default") is None


def test_a_pod_that_no_node_runs_is_gone_at_once(store: Store) -> None:
    store.create(pod("a"))
    store.delete("Pod", "a", "default")
    assert store.find("Pod", "a", "default") is None


def test_what_is_born_without_its_owner_does_not_live(store: Store) -> None:
    orphan = config_map("a")
    orphan["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "none"}]
    store.create(orphan)
    assert store.find("ConfigMap", "a") is None


def test_alike_pods_share_what_is_alike(store: Store) -> None:
    one, two = store.create(pod("a", node="n")), store.create(pod("b", node="n"))
    assert one["spec"]["containers"] is two["spec"]["containers"]
    store.edit("Pod", "a", "default", lambda each: each["spec"]["containers"][0].update(image="example.org/app:2"))
    assert store.get("Pod", "b")["spec"]["containers"][0]["image"] == "example.org/app:1"


def test_an_unknown_kind_is_refused(store: Store) -> None:
    with pytest.raises(Rejected, match='no kind "Gadget" is registered for version "v1"') as caught:
        store.create({"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "a"}})
    assert caught.value.status()["code"] == 400


def test_quotas_count_what_comes_and_goes(store: Store) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}
    store.create(quota)
    store.create(pod("a"))
    assert store.get("ResourceQuota", "q")["status"] == {"hard": {"pods": "1"}, "used": {"pods": "1"}}
    with pytest.raises(Rejected, match="requested: pods=1, used: pods=1, limited: pods=1"):
        store.create(pod("b"))
    store.delete("Pod", "a", "default")
    assert store.get("ResourceQuota", "q")["status"]["used"] == {"pods": "0"}


def test_an_object_is_encoded_once_per_version(store: Store) -> None:
    kind = store.kinds.by_name("ConfigMap")
    made = store.create(config_map("a", x="1"))
    assert store.encoded_item(kind, made) is store.encoded_item(kind, made)
    changed = store.edit("ConfigMap", "a", "default", lambda one: one["data"].update(x="2"))
    assert b'"x":"2"' in store.encoded_item(kind, changed)
    assert b'"x":"1"' in store.encoded_item(kind, made)
