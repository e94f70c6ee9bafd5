"""A Helm release goes back on a real cluster: its objects, its history, and no request is lost on the way."""

import base64
import gzip
import json
from typing import Any

import yaml

from tests.real.plugin import WebFactory
from tests.real.product import Product
from tests.real.web import Web, WebSpec
from tests.support.releases import marked, secret

KEPT = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web-login"}, "type": "Opaque"}


def _chart(shop: Web, tag: str, mode: str) -> list[dict[str, Any]]:
    """What the chart renders: the app, its login, and from the second version on its settings."""
    spec = WebSpec(replicas=4, pre_stop=3, env={"MODE": mode})
    login = {**KEPT, "stringData": {"password": f"secret-of-{tag}"}}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web-settings"}, "data": {"mode": mode}}
    return [*spec.manifests(shop.cluster.image(tag)), login, *([settings] if tag != "v1" else [])]


def _upgrade(shop: Web, number: int, tag: str, mode: str) -> None:
    """What `helm upgrade` leaves: objects with its marks, and a revision in a Secret."""
    objects = _chart(shop, tag, mode)
    release = {
        "name": "site",
        "namespace": shop.namespace,
        "version": number,
        "info": {"status": "deployed", "first_deployed": "2026-11-01T10:00:00Z", "description": "Upgrade complete"},
        "chart": {"metadata": {"name": "web", "version": f"1.{number}.0", "appVersion": tag}},
        "config": {"tag": tag, "mode": mode},
        "manifest": "---\n".join(yaml.safe_dump(one) for one in objects),
    }
    shop.cluster.apply(*(marked(one, "site", shop.namespace) for one in objects), secret(release))
    if number > 1:
        earlier = _revision(shop, number - 1)
        earlier["info"]["status"] = "superseded"
        shop.cluster.apply(secret(earlier))
    shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")


def _revision(shop: Web, number: int) -> dict[str, Any]:
    found = shop.cluster.read("-n", shop.namespace, "secret", f"sh.helm.release.v1.site.v{number}")
    body = base64.b64decode(base64.b64decode(found["data"]["release"]))
    release: dict[str, Any] = json.loads(gzip.decompress(body))
    assert found["metadata"]["labels"]["status"] == release["info"]["status"]
    return release


def _password(shop: Web) -> str:
    found = shop.cluster.read("-n", shop.namespace, "secret", "web-login")
    return base64.b64decode(found["data"]["password"]).decode()


async def test_a_release_goes_back_and_forth_without_a_lost_request(web: WebFactory, product: Product) -> None:
    shop = web(replicas=4, pre_stop=3, env={"MODE": "light"})
    for number, (tag, mode) in enumerate((("v1", "light"), ("v2", "dark"), ("v3", "dim")), start=1):
        _upgrade(shop, number, tag, mode)
    before, newer = shop.object()["spec"], shop.pod_names()
    on = ("web", "-n", shop.namespace, "-o", "json")

    with shop.traffic() as traffic:
        back = await product.run("rollback", *on, "--to-version", "#1", "--yes")
        shop.wait_until_gone(newer)

    assert back.code == 0, str(back)
    assert traffic.report.failed == [], str(traffic.report)
    assert shop.template()["spec"]["containers"][0]["image"] == shop.cluster.image("v1")
    assert "web-settings" not in shop.kubectl("get", "configmaps")
    assert _password(shop) == "secret-of-v1"
    assert [_revision(shop, number)["info"]["status"] for number in (1, 2, 3, 4)] == ["superseded"] * 3 + ["deployed"]
    assert _revision(shop, 4)["manifest"] == _revision(shop, 1)["manifest"]

    again = await product.run("rollback", *on, "--to-version", "#1", "--plan")
    assert "nothing to do" in again.out, str(again)

    undone = await product.run("undo", back.json["operation_id"], "-n", shop.namespace, "--yes", "-o", "json")
    assert undone.code == 0, str(undone)
    assert shop.object()["spec"] == before
    assert _password(shop) == "secret-of-v3"
    assert _revision(shop, 3)["info"]["status"] == "deployed"
    assert "web-settings" in shop.kubectl("get", "configmaps")
    assert "sh.helm.release.v1.site.v4" not in shop.kubectl("get", "secrets")
    assert "secret-of" not in shop.kubectl("get", "configmaps", "-o", "yaml")
