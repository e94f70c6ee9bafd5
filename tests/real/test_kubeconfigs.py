"""Which cluster, as whom: kubeconfigs that are absent, broken, many, or need a program to log in."""

import json
import stat
from pathlib import Path
from typing import Any

from tests.real.cluster.access import Cluster
from tests.real.plugin import WebFactory
from tests.real.product import Product


def _document(cluster: Cluster) -> dict[str, Any]:
    view = cluster.kubectl("config", "view", "--raw", "--flatten", "-o", "json").stdout
    document: dict[str, Any] = json.loads(view)
    return document


def _written(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


async def test_an_absent_and_a_broken_kubeconfig_are_named(product: Product, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("clusters: [", encoding="utf-8")
    absent = await product.with_kubeconfig(tmp_path / "absent").run("list")
    unreadable = await product.with_kubeconfig(broken).run("list")

    assert (absent.code, unreadable.code) == (2, 2), f"{absent}{unreadable}"
    assert str(tmp_path / "absent") in absent.err
    assert str(broken) in unreadable.err


async def test_an_unknown_context_is_refused_with_those_that_are_there(real_cluster: Cluster, product: Product) -> None:
    said = await product.run("list", "--context", "tset")

    assert said.code == 2
    assert "'tset'" in said.err
    assert "test" in said.err.replace("'tset'", "")


async def test_files_of_a_list_are_merged_and_a_context_chosen(
    real_cluster: Cluster, web: WebFactory, product: Product, tmp_path: Path
) -> None:
    shop, document = web(replicas=1, pre_stop=None), _document(real_cluster)
    (context,) = document["contexts"]
    other = {"name": "shop", "context": {**context["context"], "namespace": shop.namespace}}
    first = _written(tmp_path / "first", {"apiVersion": "v1", "kind": "Config", "contexts": [other]})
    second = _written(tmp_path / "second", document)
    merged = {"KUBECONFIG": f"{first}:{tmp_path / 'absent'}:{second}"}
    said = await product.run("list", "--context", "shop", "-o", "json", env=merged)

    assert said.code == 0, str(said)
    assert said.json["cluster"] == "shop"
    assert [app["namespace"] for app in said.json["apps"]] == [shop.namespace]


async def test_a_login_plugin_is_asked_for_credentials_and_a_missing_one_is_named(
    real_cluster: Cluster, web: WebFactory, product: Product, tmp_path: Path
) -> None:
    shop, document = web(replicas=1, pre_stop=None), _document(real_cluster)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": document["users"][0]["user"]["token"]},
    }
    plugin = tmp_path / "login"
    plugin.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(credential)}\nEND\n", encoding="utf-8")
    plugin.chmod(stat.S_IRWXU)

    def through(command: str) -> Product:
        asks = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "interactiveMode": "Never"}
        document["users"][0]["user"] = {"exec": {**asks, "installHint": "Install it from the intranet."}}
        return product.with_kubeconfig(_written(tmp_path / "plugged", document))

    said = await through(str(plugin)).run("list", "-n", shop.namespace)
    missing = await through("our-login").run("list", "-n", shop.namespace)

    assert (said.code, missing.code) == (0, 2), f"{said}{missing}"
    assert "deployment/web" in said.out
    assert "our-login" in missing.err
    assert "Install it from the intranet." in missing.err


async def test_credentials_that_the_cluster_does_not_know_are_said_to_be_so_and_never_shown(
    real_cluster: Cluster, product: Product, tmp_path: Path
) -> None:
    document = _document(real_cluster)
    document["users"][0]["user"] = {"token": "s3cr3t-and-old"}
    said = await product.with_kubeconfig(_written(tmp_path / "old", document)).run("list")

    assert said.code == 2, str(said)
    assert "s3cr3t" not in said.out + said.err
    assert "credentials" in said.err


async def test_a_cluster_that_nobody_serves_is_told_where_it_was_looked_for(
    real_cluster: Cluster, product: Product, tmp_path: Path
) -> None:
    document = _document(real_cluster)
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    said = await product.with_kubeconfig(_written(tmp_path / "nowhere", document)).run("list")

    assert said.code == 2, str(said)
    assert "127.0.0.1:9" in said.err
    assert said.seconds < 20
