"""An image is looked at as the nodes would look at it, and only what is certain for them stays a refusal."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.core.image_reference import reference_of
from dot_ai_lifecycle.core.objects import Machine
from dot_ai_lifecycle.core.pulling import KEPT, REMEMBERED, REMEMBERED_REFUSAL, Logins, fits, weighed
from dot_ai_lifecycle.core.registry import Credential, Found, ImageSight
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.embedded.faults import Fault
from tests.support.house import House, house

JANE = Credential("box.local", "jane", "s3cr3t")


@dataclass
class Answering:
    """Registries that say the same of every image, and remember whom they said it to."""

    found: Found = "found"
    asked: list[tuple[str, tuple[Credential, ...], frozenset[str]]] = field(default_factory=list)

    async def look(
        self, image: str, credentials: Sequence[Credential] = (), *, platforms: frozenset[str] = frozenset()
    ) -> ImageSight:
        self.asked.append((image, tuple(credentials), platforms))
        return ImageSight(image, self.found, f"The registry says: {self.found}.")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as home:
        yield home


def world_of(home: House, registry: Answering | None) -> World:
    return World(home.client(), home.engine.world.story, home.engine.world.marks, registry)


def pull_secret(name: str, credential: Credential = JANE) -> dict[str, Any]:
    auth = base64.b64encode(f"{credential.username}:{credential.password}".encode()).decode()
    content = json.dumps({"auths": {credential.host: {"auth": auth}}})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(content.encode()).decode()},
    }


def naming(*secrets: str) -> Any:
    def change(template_owner: dict[str, Any]) -> None:
        spec = template_owner["spec"]["template"]["spec"]
        spec["imagePullSecrets"] = [{"name": name} for name in secrets]

    return change


async def look(home: House, world: World, image: str = "box.local/web:v2") -> ImageSight:
    return await world.image(image, await world.workload("web", "shop"))


async def test_without_registries_nobody_is_asked(home: House):
    app = await home.engine.world.workload("web", "shop")
    home.box.faults.add(Fault(drop="before", times=0))
    sight = await world_of(home, None).image("box.local/web:v2", app)

    assert (sight.found, "Registry checks are off" in sight.words) == ("unknown", True)


async def test_what_is_no_reference_is_not_asked_for(home: House):
    registry = Answering()

    assert (await look(home, world_of(home, registry), "UPPER case")).found == "unknown"
    assert registry.asked == []


async def test_a_registry_is_asked_for_the_platforms_of_the_nodes(home: House):
    registry = Answering()
    sight = await look(home, world_of(home, registry))

    assert sight.found == "found"
    assert registry.asked == [("box.local/web:v2", (), frozenset({"linux/amd64"}))]


async def test_the_templates_pull_secrets_are_the_login(home: House):
    registry = Answering()
    home.box.store.create(pull_secret("mine"))
    home.box.store.create(pull_secret("other", Credential("other.example", "eve", "x")))
    home.edit(naming("mine", "other", "gone"))
    await look(home, world_of(home, registry))

    assert [logins for _, logins, _ in registry.asked] == [(JANE,)]


async def test_without_any_of_its_own_the_service_accounts_are(home: House):
    registry = Answering()
    home.box.store.create(pull_secret("of-the-account"))

    def change(account: dict[str, Any]) -> None:
        account["imagePullSecrets"] = [{"name": "of-the-account"}, {}]

    home.box.store.edit("ServiceAccount", "default", "shop", change, field_manager="a-stranger")
    await look(home, world_of(home, registry))

    assert [logins for _, logins, _ in registry.asked] == [(JANE,)]


async def test_a_service_account_that_is_not_there_brings_no_login(home: House):
    registry = Answering("denied")

    def change(workload: dict[str, Any]) -> None:
        workload["spec"]["template"]["spec"]["serviceAccountName"] = "gone"

    home.edit(change)

    assert (await look(home, world_of(home, registry), "box.local/other:v1")).found == "denied"


@pytest.mark.parametrize("path", ["/secrets/mine", "/serviceaccounts/default"])
async def test_logins_that_may_not_be_read_make_a_refusal_uncertain(home: House, path: str):
    registry = Answering("denied")
    home.box.faults.add(Fault(path=path, status=403, times=0))
    if path.startswith("/secrets"):
        home.edit(naming("mine"))
    sight = await look(home, world_of(home, registry), "box.local/other:v1")

    assert sight.found == "unknown"
    assert sight.words.startswith("The registry says: denied. The app's pull secrets were not ours to read")


async def test_who_may_not_list_nodes_judges_no_platform(home: House):
    registry = Answering()
    home.box.faults.add(Fault(path="/nodes", status=403, times=0))

    assert (await look(home, world_of(home, registry))).found == "found"
    assert registry.asked[0][2] == frozenset()


async def test_of_a_cluster_too_large_to_list_no_platform_is_judged(home: House):
    registry = Answering()
    home.box.add_nodes(500)
    await look(home, world_of(home, registry))

    assert registry.asked[0][2] == frozenset()


async def test_what_every_node_holds_needs_no_registry(home: House):
    def change(node: dict[str, Any]) -> None:
        node["status"]["images"] = [{"names": ["box.local/web:v2"], "sizeBytes": 1}, {}]

    for node in [one["metadata"]["name"] for one in home.box.store.list("Node")]:
        home.box.store.edit("Node", node, None, change, subresource="status", field_manager="kubelet")
    sight = await look(home, world_of(home, Answering("unknown")))

    assert (sight.found, sight.words) == ("found", "Every node that may run it holds box.local/web:v2 already.")


@pytest.mark.parametrize(("found", "seconds"), [("found", REMEMBERED), ("missing", REMEMBERED_REFUSAL)])
async def test_an_answer_is_remembered_for_a_while_and_a_refusal_only_briefly(
    home: House, found: Found, seconds: float
):
    registry = Answering(found)
    world = world_of(home, registry)
    first = await look(home, world)
    await asyncio.sleep(seconds - 1)
    again = await look(home, world)
    assert (len(registry.asked), first) == (1, again)
    await asyncio.sleep(2)
    await look(home, world)

    assert len(registry.asked) == 2


async def test_another_login_is_another_question(home: House):
    registry = Answering()
    world = world_of(home, registry)
    home.box.store.create(pull_secret("mine"))
    await look(home, world)
    home.edit(naming("mine"))
    await look(home, world)

    assert [logins for _, logins, _ in registry.asked] == [(), (JANE,)]


async def test_only_so_many_answers_are_kept(home: House):
    registry = Answering()
    world = world_of(home, registry)
    for number in (*range(KEPT + 1), KEPT, 0):
        await look(home, world, f"box.local/web:v{number}")

    assert len(registry.asked) == KEPT + 2


def workload(image: str = "box.local/web:v1", *, policy: str = "IfNotPresent", ready: int = 2, **spec: Any) -> Workload:
    container = {"name": "web", "image": image, "imagePullPolicy": policy}
    template = {"spec": {"containers": [container, {"name": "odd", "image": "NO such"}], **spec}}
    return Workload({"kind": "Deployment", "spec": {"template": template}, "status": {"readyReplicas": ready}})


def weigh(
    found: Found,
    *,
    image: str = "box.local/web:v2",
    app: Workload | None = None,
    holding: int = 0,
    nodes: int = 2,
    logins: Logins | None = None,
) -> ImageSight:
    reference = reference_of(image)
    assert reference is not None
    node = Machine("n", "u", "linux/amd64")
    machines = [replace(node, images=frozenset({str(reference)} if n < holding else ())) for n in range(nodes)]
    seen = ImageSight(image, found, f"It is {found}.")
    return weighed(seen, reference, app or workload(), machines, logins or Logins((JANE,)))


@pytest.mark.parametrize("found", ["found", "missing", "denied", "wrong-platform", "unknown"])
def test_what_nothing_speaks_against_is_believed(found: Found):
    assert weigh(found) == ImageSight("box.local/web:v2", found, f"It is {found}.")


@pytest.mark.parametrize("found", ["missing", "denied", "wrong-platform", "unknown"])
def test_an_image_on_every_node_is_found_and_on_some_uncertain(found: Found):
    assert weigh(found, holding=2).found == "found"
    some = weigh(found, holding=1)
    assert some.found == "unknown"
    assert some.words == f"1 of 2 nodes hold box.local/web:v2 already; for the others: It is {found}."


def test_what_is_always_pulled_is_not_helped_by_what_nodes_hold():
    assert weigh("missing", app=workload(policy="Always"), holding=2).found == "missing"


def test_the_pull_policy_is_that_of_the_container_that_runs_another_version():
    other = workload("box.local/other:v1", policy="Always")

    assert weigh("missing", app=other, holding=2).found == "missing"
    assert weigh("missing", app=workload(policy="Always"), image="box.local/x:v1", holding=2).found == "missing"


@pytest.mark.parametrize("found", ["missing", "denied", "wrong-platform"])
def test_localhost_of_this_machine_refuses_nothing_for_the_nodes(found: Found):
    sight = weigh(found, image="localhost:5000/web:v2")

    assert sight.found == "unknown"
    assert sight.words.endswith("That was localhost:5000 of this machine; each node would ask its own.")


def test_who_runs_another_version_without_a_login_has_one_on_the_nodes():
    assert weigh("denied", logins=Logins()).found == "unknown"
    assert weigh("denied", logins=Logins(), app=workload(ready=0)).found == "denied"
    assert weigh("denied", logins=Logins(), app=workload("box.local/other:v1")).found == "denied"
    assert weigh("missing", logins=Logins(unread=True)).found == "missing"


@pytest.mark.parametrize(
    "host", ["1234.dkr.ecr.eu-west-1.amazonaws.com", "shop.azurecr.io", "eu.gcr.io", "a-docker.pkg.dev"]
)
def test_a_clouds_nodes_may_log_in_to_its_registry_by_themselves(host: str):
    image = f"{host}/shop/web:v2"

    assert weigh("denied", image=image, logins=Logins()).found == "unknown"
    assert weigh("denied", image=image, logins=Logins((Credential(host, "jane", "s3cr3t"),))).found == "denied"
    assert weigh("missing", image=image, logins=Logins()).found == "missing"


def test_a_node_fits_by_the_templates_node_selector():
    arm = Machine("n", "u", "linux/arm64", labels=Machine("", "", "").labels)

    assert fits(arm, workload())
    assert not fits(arm, workload(nodeSelector={"kubernetes.io/arch": "amd64"}))
