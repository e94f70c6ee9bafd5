"""Three versions that cannot work, each on an app whose old version goes on serving: what detection is measured on."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.site import Real
from tests.real.registry import registry
from tests.real.web import Web, WebSpec, deploy

STRATEGY = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@dataclass(frozen=True)
class Case:
    """An app, and the image that fails on it. `copy` deploys the same app again, with a short deadline."""

    name: str
    app: Web
    image: str
    code: str
    copy: Callable[[], Web]


Prepared = Callable[[Real], AbstractAsyncContextManager[Case]]


@asynccontextmanager
async def missing_image(real: Real) -> AsyncIterator[Case]:
    """The registry answers, and has no such image."""
    async with registry() as name:
        good = f"{name}/web:v1"
        real.cluster.load_image(good, {"VERSION": "v1"})
        yield _case(real, "image that its registry does not have", f"{name}/web:v9", "IMAGE_NOT_FOUND", image=good)


@asynccontextmanager
async def crash_loop(real: Real) -> AsyncIterator[Case]:
    """The process ends at once with exit code 1."""
    bad = real.cluster.image("crash")
    real.cluster.load_image(bad, {"VERSION": "crash", "CRASH": "cannot open database"})
    yield _case(real, "version that ends at once", bad, "CRASH_LOOP")


@asynccontextmanager
async def missing_config_map(real: Real) -> AsyncIterator[Case]:
    """Somebody deleted the ConfigMap after the running pods had read it."""
    sources = {"envFrom": [{"configMapRef": {"name": "settings"}}]}
    yield _case(real, "ConfigMap that is gone", real.cluster.image("v2"), "CONFIG_MAP_MISSING", **sources)


ALL: tuple[Prepared, ...] = (missing_image, crash_loop, missing_config_map)


def _case(real: Real, name: str, bad: str, code: str, **container: Any) -> Case:
    app = _deployed(real, container, {})
    return Case(name, app, bad, code, lambda: _deployed(real, container, {"progressDeadlineSeconds": 60}))


def _deployed(real: Real, container: Mapping[str, Any], workload: Mapping[str, Any]) -> Web:
    namespace = real.namespace()
    needs = "envFrom" in container
    if needs:
        real.cluster.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=COLOUR=blue")
    spec = WebSpec(strategy=STRATEGY, container=container, workload=workload)
    app = deploy(real.cluster, namespace, spec)
    if needs:
        real.cluster.kubectl("delete", "configmap", "settings", "-n", namespace)
    return app
