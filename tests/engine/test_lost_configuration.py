"""Going back to pods that want configuration which is gone is refused before anything is changed."""

from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.support.house import House, house

CONFIGURED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings-1, namespace: shop}
data: {MODE: dark}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: shop}
stringData: {password: hunter22}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - name: api
        image: box.local/api:v1
        envFrom: [{configMapRef: {name: settings-1}}, {secretRef: {name: nowhere, optional: true}}]
        env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: login, key: password}}
"""


def without_settings(workload: dict[str, Any]) -> None:
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "box.local/api:v2"
    del container["envFrom"]
    del container["env"]


async def moved_on(home: House) -> None:
    home.edit(without_settings, "api")
    await home.box.settled()


async def test_a_revision_whose_configuration_is_there_is_gone_back_to(tmp_path: Path):
    async with house(tmp_path, CONFIGURED) as home:
        await moved_on(home)

        assert (await home.run(RollbackApp(app="api"))).state == "done"


async def test_a_config_map_that_is_gone_is_named_and_nothing_is_begun(tmp_path: Path):
    async with house(tmp_path, CONFIGURED) as home:
        await moved_on(home)
        home.box.store.delete("ConfigMap", "settings-1", "shop")

        with pytest.raises(Refused, match=r"not start without ConfigMap settings-1 \(envFrom\), which does not exist"):
            await home.engine.propose(RollbackApp(app="api"))


async def test_a_key_that_is_gone_is_named_without_what_the_secret_holds(tmp_path: Path):
    def renamed(secret: dict[str, Any]) -> None:
        secret["data"] = {"another": secret["data"]["password"]}

    async with house(tmp_path, CONFIGURED) as home:
        await moved_on(home)
        home.box.store.edit("Secret", "login", "shop", renamed, field_manager="a-stranger")

        with pytest.raises(Refused, match=r"Secret login, key password \(env\)") as caught:
            await home.engine.propose(RollbackApp(app="api"))

        assert "hunter22" not in str(caught.value)


async def test_what_we_may_not_look_at_stands_in_nobodys_way(tmp_path: Path):
    async with house(tmp_path, CONFIGURED) as home:
        await moved_on(home)
        home.box.store.delete("Secret", "login", "shop")
        home.box.faults.forbid("get", "secrets")

        assert (await home.engine.propose(RollbackApp(app="api"))).plan.steps


async def test_an_app_that_names_nothing_costs_no_reads_of_configuration(tmp_path: Path):
    async with house(tmp_path) as home:
        await home.run(UpdateApp(app="web", version="v2"))
        asked: list[str] = []
        home.box.faults.after = lambda request, _: asked.append(request.path)

        await home.engine.propose(RollbackApp(app="web"))

        assert not [path for path in asked if "/secrets/" in path or "/configmaps/" in path]
