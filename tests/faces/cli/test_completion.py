"""What the shell offers: names from the cluster while there is time, nothing where there is trouble, in a real bash."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from dot_ai_lifecycle.adapters.kubernetes.client import KubernetesCluster
from dot_ai_lifecycle.adapters.local_files import LocalFiles
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.faces.cli.completion import SEARCHES, found_in_time
from dot_ai_lifecycle.operations.update_app import UpdateApp
from tests.faces.cli.calling import Knobs, OnHouse
from tests.faces.cli.console import Console, console
from tests.support.house import AGENT, DATABASE, House, house
from tests.support.mortal import MortalTransport

TWIN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: twin}}
  template:
    metadata: {labels: {app: twin}}
    spec: {containers: [{name: db, image: "box.local/twin:v1"}]}
"""


class Line(dict[str, str]):
    """A command line so far."""

    def __missing__(self, name: str) -> None:
        return None


async def offered(home: House, field: str, **typed: str) -> Mapping[str, str]:
    return await found_in_time(OnHouse(home, Policy()), SEARCHES[field], Line(typed))


async def test_apps_are_offered_with_their_kind_where_a_name_means_several(tmp_path: Path):
    async with house(tmp_path, DATABASE, AGENT, TWIN) as home:
        assert set(await offered(home, "app", namespace="shop")) == {"web", "agent", "deployment/db", "statefulset/db"}
        assert "4/4 ready" in (await offered(home, "app"))["web"]
        assert await offered(home, "app", namespace="empty") == {}


async def test_namespaces_operations_and_versions_are_offered(tmp_path: Path):
    async with house(tmp_path) as home:
        record = await home.run(UpdateApp(app="web", version="v2"))
        assert await offered(home, "namespace") == {"shop": "1 app"}
        assert list(await offered(home, "operation_id")) == [record.id]
        assert list(await offered(home, "version", app="web")) == ["v2", "v1"]
        assert await offered(home, "to_version") == {}
        assert await offered(home, "to_version", app="no-such-app") == {}


async def test_a_cluster_that_does_not_answer_offers_nothing_in_time(tmp_path: Path):
    async with house(tmp_path) as home:
        dead = MortalTransport(home.box.transport, writes=0)
        dead.dead.set()

        class OnNobody(OnHouse):
            def engine(self, settings: Knobs) -> Engine:
                cluster = KubernetesCluster(dead, "embedded", "shop", clock=home.box.now)
                return Engine(cluster, LocalFiles(settings.state_dir), Policy(), actor=settings.actor)

        began = asyncio.get_running_loop().time()
        assert await found_in_time(OnNobody(home, Policy()), SEARCHES["app"], Line()) == {}
        assert asyncio.get_running_loop().time() - began <= 0.7


BASH = """
source "$1"
complete -p dot-ai >&2
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_dot_ai
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.slow
@pytest.mark.realtime
@pytest.mark.timeout(60)
async def test_bash_completes_commands_options_choices_and_names(tmp_path: Path):
    async with console(tmp_path) as desk:
        code, out, err = await desk.run("--install-completion", "--shell", "bash")
        assert code == 0, out + err
        script = tmp_path / ".local/share/bash-completion/completions/dot-ai"
        assert await _tab(desk, script, "upd") == ["update"]
        assert "--strategy" in await _tab(desk, script, "update", "web", "--str")
        assert set(await _tab(desk, script, "update", "web", "--on-failure", "")) == {"rollback", "hold"}
        assert await _tab(desk, script, "update", "-n", "shop", "w") == ["web"]
        assert await _tab(desk, script, "update", "web", "-n", "") == ["shop"]
        assert await _tab(desk, script, "update", "web", "-n", "shop", "--version", "") == ["v1"]
        assert await _tab(desk, script, "update", "--context", "nope", "") == [""]


async def _tab(desk: Console, script: Path, *words: str) -> list[str]:
    """What bash offers at the TAB key after these words."""
    process = await asyncio.create_subprocess_exec(
        "bash", "--norc", "-c", BASH, "bash", str(script), "dot-ai", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**desk.environment, "LIFECYCLE_COMPLETION_SECONDS": "30"},  # a machine under tests is slower than others
    )  # fmt: skip
    out, err = await process.communicate()
    assert err.decode() == "complete -F _dot_ai dot-ai\n"
    return out.decode().rstrip("\n").split("\n")
