"""Users who may do less: what is missing is said, with the Role that would grant it, and nothing is half done."""

from collections.abc import Sequence

from tests.real.cluster.access import Rule
from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.web import Web

LOOK = ["get", "list", "watch"]
SEE: Sequence[Rule] = (
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"], "verbs": LOOK},
    {"apiGroups": [""], "resources": ["pods", "services", "events"], "verbs": LOOK},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": LOOK},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": LOOK},
)
CHANGE: Sequence[Rule] = (*SEE, {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]})
NOTE: Rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": [*LOOK, "create", "update", "delete"]}
HOLD: Rule = {
    "apiGroups": ["coordination.k8s.io"],
    "resources": ["leases"],
    "verbs": ["get", "create", "update"],
}


def _user(shop: Web, product: Product, name: str, *rules: Rule) -> Product:
    return product.with_kubeconfig(shop.cluster.token_for(name, rules, shop.namespace))


async def test_who_may_only_look_sees_the_app_and_is_told_what_an_update_needs(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1, pre_stop=1)
    viewer = _user(shop, product, "viewer", *SEE)
    listed = await viewer.run("list", "-n", shop.namespace)
    seen = await viewer.run("inspect", "web", "-n", shop.namespace)
    said = await viewer.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes")

    assert (listed.code, seen.code, said.code) == (0, 0, 2), f"{listed}{seen}{said}"
    assert "deployment/web" in listed.out
    assert f"You may not patch deployments in namespace {shop.namespace}" in said.err
    assert "Role with the verb patch on deployments" in said.err
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v1")


async def test_who_may_do_nothing_is_told_the_verb_and_a_role_that_grants_it(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    nobody = _user(shop, product, "nobody")
    said = await nobody.run("list", "-n", shop.namespace)
    async with nobody.serving() as session:
        answer = await session.call("inspect_app", app="web", namespace=shop.namespace)

    assert said.code == 2, str(said)
    assert "nobody may not list" in said.err
    assert "kubectl create role" in said.err
    assert answer.content["code"] == "forbidden"
    assert "nobody may not get" in answer.text
    assert "kubectl create role" in answer.text
    assert f"-n {shop.namespace}" in answer.text


async def test_without_the_right_to_write_config_maps_the_record_stays_on_this_machine(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1, pre_stop=1)
    deployer = _user(shop, product, "deployer", *CHANGE)
    said = await deployer.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes", "-o", "json")
    assert said.code == 0, str(said)
    assert said.json["shared"] is False
    assert "lifecycle" not in shop.kubectl("get", "configmaps", "-o", "name")

    history = await deployer.run("history", "web", "-n", shop.namespace, "-o", "json")
    assert [line["operation_id"] for line in history.json["operations"]] == [said.json["operation_id"]]
    undone = await deployer.run("undo", said.json["operation_id"], "-n", shop.namespace, "--yes")
    assert undone.code == 0, str(undone)
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v1")


async def test_the_documented_role_is_enough_for_a_whole_update(web: WebFactory, product: Product) -> None:
    shop = web(replicas=1, pre_stop=1)
    deployer = _user(shop, product, "deployer", *CHANGE, NOTE, HOLD)
    said = await deployer.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes", "-o", "json")

    assert said.code == 0, str(said)
    assert said.json["shared"] is True
    assert f"configmap/lifecycle-{said.json['operation_id']}" in shop.kubectl("get", "configmaps", "-o", "name")
