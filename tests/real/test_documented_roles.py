"""The roles in docs/rbac.yaml: enough for everything the documentation promises, and nothing beside."""

from pathlib import Path
from typing import Any

import yaml

from tests.real.plugin import WebFactory
from tests.real.product import Product

ROLES = Path(__file__).parents[2] / "docs" / "rbac.yaml"


def rules(*names: str) -> list[dict[str, Any]]:
    """The rules of the documented roles of those names."""
    roles = {role["metadata"]["name"]: role["rules"] for role in yaml.safe_load_all(ROLES.read_text())}
    return [rule for name in names for rule in roles[name]]


async def test_with_the_documented_roles_a_user_changes_records_and_undoes(web: WebFactory, product: Product) -> None:
    shop = web(replicas=2)
    both = rules("dot-ai-lifecycle-view", "dot-ai-lifecycle-change")
    user = product.with_kubeconfig(shop.cluster.token_for("changer", both, shop.namespace))

    updated = await user.run("update", "web", "-n", shop.namespace, "--version", "v2", "--yes", "-o", "json")
    undone = await user.run("undo", updated.json["operation_id"], "-n", shop.namespace, "--yes", "-o", "json")
    history = await user.run("history", "web", "-n", shop.namespace, "-o", "json")

    assert (updated.code, updated.json["status"], updated.json["shared"]) == (0, "done", True), str(updated)
    assert (undone.code, undone.json["status"]) == (0, "done"), str(undone)
    assert len(history.json["operations"]) == 2
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v1")


async def test_with_the_role_for_viewing_everything_can_be_seen_and_nothing_changed(
    web: WebFactory, product: Product
) -> None:
    shop = web(replicas=1)
    view = rules("dot-ai-lifecycle-view")
    user = product.with_kubeconfig(shop.cluster.token_for("looker", view, shop.namespace))

    seen = await user.run("inspect", "web", "-n", shop.namespace, "-o", "json")
    refused = await user.run("restart", "web", "-n", shop.namespace, "--yes")

    assert (seen.code, seen.json["health"]) == (0, "healthy"), str(seen)
    assert seen.json["unread"] == []
    assert (refused.code, "patch deployments" in refused.err) == (2, True), str(refused)
