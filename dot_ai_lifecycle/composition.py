"""The composition root: settings, adapters, engine, and exactly one face.

Each command loads only what it needs: an MCP server must answer before anything of a cluster is imported, and a command
line must not pay for the MCP library. That is why faces and the embedded cluster are imported where they are chosen.
"""

import asyncio
import gc
import sys
from collections.abc import Sequence
from functools import partial

from dot_ai_lifecycle.adapters.local_files import LocalFiles
from dot_ai_lifecycle.adapters.registry import ImageRegistries
from dot_ai_lifecycle.core.errors import BadInput, LifecycleError
from dot_ai_lifecycle.core.metrics import Metrics
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.registry import Registry
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.settings import Settings, from_environment


def engine_on(cluster: Cluster, settings: Settings, registry: Registry | None = None) -> Engine:
    """An engine on that cluster, as this installation is set; without a registry no image is looked for."""
    return Engine(
        cluster,
        LocalFiles(settings.state_dir),
        settings.policy,
        actor=settings.actor,
        registry=registry,
        metrics=metrics_for(settings),
    )


def engine_for(settings: Settings) -> Engine:
    """An engine on the cluster the settings name; nothing is contacted before it is first used."""
    from dot_ai_lifecycle.adapters.kubernetes import LazyCluster, connect

    connecting = partial(connect, settings.context, settings.kubeconfig)
    return engine_on(LazyCluster(connecting), settings, ImageRegistries() if settings.registry_check else None)


def metrics_for(settings: Settings) -> Metrics | None:
    """The metrics provider the settings name, None where they name none; nothing is contacted."""
    from dot_ai_lifecycle.adapters.prometheus import Prometheus

    return Prometheus(settings.prometheus_url, settings.prometheus_token) if settings.prometheus_url else None


class Composition:
    """What the command line may ask for."""

    def settings(self, **overrides: str | None) -> Settings:
        """The environment's settings, for the cluster the command line names."""
        return from_environment().with_cluster(overrides.get("context"), overrides.get("kubeconfig"))

    def engine(self, settings: Settings) -> Engine:
        """An engine on the cluster the settings name."""
        _wake_the_collector()
        return engine_for(settings)

    def serve(self, settings: Settings, *, http: str | None, embedded: bool) -> int:
        """Serve MCP until told to stop, on stdio or on HOST:PORT. Returns the exit code."""
        from dot_ai_lifecycle.faces.mcp import serve_http, serve_stdio

        if embedded:
            return asyncio.run(_serve_embedded(settings, http))
        build = partial(engine_for, settings)
        if http is None:
            asyncio.run(serve_stdio(build, settings))
        else:
            asyncio.run(serve_http(build, settings, *_address(http)))
        return 0

    def cluster(self, settings: Settings, *, port: int, kubeconfig: str | None) -> int:
        """Run the embedded cluster, for kubectl, until told to stop. Returns the exit code."""
        from dot_ai_lifecycle.playground import keep_cluster

        _wake_the_collector()
        return asyncio.run(keep_cluster(settings.state_dir, port, kubeconfig))

    def demo(self, *, keep: bool) -> int:
        """Show an update, a bad version taken back, scaling and history, under traffic. Returns the exit code."""
        from dot_ai_lifecycle.demo import show

        _wake_the_collector()
        return asyncio.run(show(from_environment(), keep=keep))


def _wake_the_collector() -> None:
    """Let it look at what is made from now on: what was loaded stays as long as the process."""
    gc.freeze()
    gc.enable()


def served(argv: Sequence[str], composition: Composition) -> int | None:
    """Serve, if that is what the command line asks for; returns the exit code, or None where it asks for another.

    Most hosts say `serve` and nothing else, which needs no reading, and no wait for its reader.
    """
    if argv[:1] != ["serve"]:
        return None
    try:
        if len(argv) == 1:
            return composition.serve(composition.settings(), http=None, embedded=False)
        from dot_ai_lifecycle.faces.cli.serving import serving

        asked = serving(argv)
        if asked is None:
            return None
        settings = composition.settings(context=asked.where.context, kubeconfig=asked.where.kubeconfig)
        return composition.serve(settings, http=asked.http, embedded=asked.embedded)
    except LifecycleError as error:
        sys.stderr.write(f"dot-ai: {error}\n")
        return 2


async def _serve_embedded(settings: Settings, http: str | None) -> int:
    from dot_ai_lifecycle.faces.mcp import serve_http, serve_stdio
    from dot_ai_lifecycle.playground import playground

    async with playground() as box:
        build = partial(engine_on, box.client(), settings)
        if http is None:
            await serve_stdio(build, settings)
        else:
            await serve_http(build, settings, *_address(http))
    return 0


def _address(text: str) -> tuple[str, int]:
    """HOST:PORT. Raises BadInput."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise BadInput(f"{text!r} is not an address.", hint="Use HOST:PORT, for example 127.0.0.1:8765.")
    return host.strip("[]") or "127.0.0.1", int(port)
