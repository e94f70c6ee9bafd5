"""What a person types and reads: lists, portraits, stories, and mistakes that are answered with the way to go."""

import json

from tests.real.plugin import WebFactory
from tests.real.product import Product


async def test_the_list_says_how_each_app_does_and_why(web: WebFactory, product: Product) -> None:
    good = web(name="shop", replicas=2, pre_stop=1)
    bad = web(name="till", replicas=1, pre_stop=1)
    bad.kubectl("set", "image", "deployment/till", "web=127.0.0.1:9/web:v2")
    bad.kubectl("wait", "--for=jsonpath={.status.unavailableReplicas}=1", "deployment/till", "--timeout=20s")
    words = await product.run("list", "-n", good.namespace)
    said = await product.run("list", "-n", good.namespace, "-o", "json")
    only = await product.run("list", "-n", good.namespace, "--health", "healthy", "-o", "json")
    shop, till = said.json["apps"]

    assert (words.code, said.code) == (0, 0), f"{words}{said}"
    assert (shop["app"], shop["health"], shop["ready"], shop["wanted"]) == ("deployment/shop", "healthy", 2, 2)
    assert shop["version"].startswith("v1")
    assert till["app"] == "deployment/till"
    assert till["health"] != "healthy"
    assert till["reason"]
    assert [app["app"] for app in only.json["apps"]] == ["deployment/shop"]
    assert "deployment/shop" in words.out


async def test_a_portrait_and_a_story_hold_what_a_person_looks_for(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2, pre_stop=1)
    on = ("web", "-n", shop.namespace)
    updated = await product.run("update", *on, "--version", "v2", "--yes", "-o", "json")
    seen = await product.run("inspect", *on, "-o", "json")
    history = await product.run("history", *on)
    story = await product.run("operation", updated.json["operation_id"], "-n", shop.namespace, "--wait", "5")
    portrait = seen.json

    assert updated.code == 0, str(updated)
    assert (portrait["health"], portrait["ready"], portrait["version"][:2]) == ("healthy", 2, "v2")
    assert [pod["state"] for pod in portrait["pods"] if "v2" in pod["version"]] == ["Ready", "Ready"]
    assert portrait["services"][0]["ready"] == 2
    assert [revision["revision"] for revision in portrait["revisions"]] == ["#2", "#1"]
    assert portrait["operations"][0]["operation_id"] == updated.json["operation_id"]
    for word in (updated.json["operation_id"], "cli:tester", "web:v1 → v2", "done"):
        assert word in history.out
    assert story.code == 0
    assert "all 2 pods of v2 serve" in story.out


async def test_names_that_are_nearly_right_are_offered(web: WebFactory, product: Product) -> None:
    shop = web(name="checkout", replicas=1, pre_stop=1)
    on = ("-n", shop.namespace)
    near = await product.run("update", "chekout", *on, "--version", "v2", "--yes")
    far = await product.run("inspect", "zzz", *on)
    nowhere = await product.run("list", "-n", "no-such-place")
    option = await product.run("update", "checkout", *on, "--verison", "v2", "--yes")
    kind = await product.run("inspect", "job/checkout", *on)

    assert {near.code, far.code, nowhere.code, option.code, kind.code} == {2}, f"{near}{far}{nowhere}{option}{kind}"
    assert "Did you mean checkout?" in near.err
    assert "dot-ai list" in far.err
    assert "no namespace 'no-such-place'" in nowhere.err
    assert "--version" in option.err
    assert "deployment/NAME" in kind.err


async def test_of_two_apps_of_one_name_none_is_guessed(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    web(kind="DaemonSet", pre_stop=1, probe=None)
    on = ("-n", shop.namespace, "--version", "v2", "--yes", "-o", "json")
    said = await product.run("update", "web", *on)
    named = await product.run("update", "deployment/web", *on)

    assert (said.code, named.code) == (2, 0), f"{said}{named}"
    assert said.json["code"] == "ambiguous"
    assert all(name in said.json["message"] for name in ("deployment/web", "daemonset/web"))


async def test_a_namespace_that_is_being_deleted_takes_no_update(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    keeper = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "keeper", "finalizers": ["test/kept"]}}
    shop.cluster.apply(json.dumps(keeper), namespace=shop.namespace)
    generation = shop.object()["metadata"]["generation"]
    shop.cluster.kubectl(
        "patch", "deployment/web", "-n", shop.namespace, "-p", '{"metadata":{"finalizers":["test/kept"]}}'
    )
    shop.cluster.kubectl("delete", "namespace", shop.namespace, "--wait=false")
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")
    after = shop.object()["metadata"]["generation"] if shop.kubectl("get", "deploy", "-o", "name") else generation
    for kind, name in (("configmap", "keeper"), ("deployment", "web")):
        shop.kubectl("patch", kind, name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')

    assert said.code == 2, str(said)
    assert "deleted" in said.err or "terminat" in said.err
    assert after - generation <= 1  # marking it as being deleted counts one up


async def test_a_plan_is_shown_and_nothing_done_where_nobody_can_be_asked(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    said = await product.run("update", "web", "-n", shop.namespace, "--version", "v2")

    assert said.code == 2, str(said)
    assert "+ box.local/web:v2" in said.out or "/web:v2" in said.out
    assert "nobody is here to be asked" in said.out + said.err
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v1")
