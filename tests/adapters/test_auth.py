"""Credentials: plugins are real programs, run as kubectl runs them, and what they get wrong is said in words."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dot_ai_lifecycle.adapters.kubernetes.auth import Borrowed, Fixed, Plugin, TokenFile, credentials_of
from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.core.errors import NoCluster

API = "client.authentication.k8s.io/v1"
pytestmark = pytest.mark.realtime


def program(path: Path, body: str, interpreter: str = f"{sys.executable} -I") -> str:
    """An executable Python script."""
    path.write_text(f"#!{interpreter}\nimport json, os, sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def counting(tmp_path: Path, **status: Any) -> str:
    """A plugin whose token counts its runs."""
    body = f"""
count = {str(tmp_path / "runs")!r}
with open(count, "a") as runs: runs.write(".")
status = {{**{status!r}, "token": "token-" + str(os.path.getsize(count))}}
print(json.dumps({{"apiVersion": "{API}", "kind": "ExecCredential", "status": status}}))
"""
    return program(tmp_path / "plugin", body)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(told.stdout.strip()) and not told.stdout.startswith("Z")


def access(command: str, cluster: dict[str, Any] | None = None, **settings: Any) -> Access:
    plugin = {"apiVersion": API, "command": command, "interactiveMode": "Never", **settings}
    return Access("prod", "shop", "https://prod.test", "me", "/home/me/.kube/config", cluster or {}, {"exec": plugin})


def credentials(command: str, *, patience: float = 5, **settings: Any) -> Plugin:
    return Plugin(access(command, **settings), dict(os.environ), patience=patience)


async def test_a_token_without_expiry_is_asked_for_once(tmp_path: Path) -> None:
    mine = credentials(counting(tmp_path))
    assert [await mine.authorization() for _ in range(3)] == ["Bearer token-1"] * 3


async def test_many_requests_at_once_run_it_once(tmp_path: Path) -> None:
    mine = credentials(counting(tmp_path))
    assert set(await asyncio.gather(*(mine.authorization() for _ in range(10)))) == {"Bearer token-1"}


async def test_a_rejected_token_is_renewed_once_and_not_again_at_once(tmp_path: Path) -> None:
    mine = credentials(counting(tmp_path))
    first = await mine.authorization()
    assert await mine.renewed(first)
    assert await mine.authorization() == "Bearer token-2"
    assert await mine.renewed(first), "somebody else renewed it meanwhile"
    assert not await mine.renewed("Bearer token-2")


async def test_a_token_is_renewed_shortly_before_it_expires(tmp_path: Path) -> None:
    now = [datetime.now(UTC)]
    command = counting(tmp_path, expirationTimestamp=(now[0] + timedelta(seconds=600)).isoformat())
    mine = Plugin(access(command), dict(os.environ), minimum=0, clock=lambda: now[0])
    assert await mine.authorization() == "Bearer token-1"
    now[0] += timedelta(seconds=530)
    assert await mine.authorization() == "Bearer token-1"
    now[0] += timedelta(seconds=15)
    assert await mine.authorization() == "Bearer token-2"


async def test_a_token_that_has_expired_on_arrival_does_not_run_the_plugin_on_every_request(tmp_path: Path) -> None:
    command = counting(tmp_path, expirationTimestamp="2020-01-01T00:00:00Z")
    mine = credentials(command)
    assert [await mine.authorization() for _ in range(3)] == ["Bearer token-1"] * 3


async def test_a_plugin_gets_its_arguments_its_variables_the_cluster_and_no_stdin(tmp_path: Path) -> None:
    body = f"""
seen = {{"args": sys.argv[1:], "env": os.environ["MY"], "stdin": sys.stdin.read(),
        "info": json.loads(os.environ["KUBERNETES_EXEC_INFO"])}}
print(json.dumps({{"apiVersion": "{API}", "kind": "ExecCredential", "status": {{"token": json.dumps(seen)}}}}))
"""
    cluster = {"server": "https://prod.test", "certificate-authority-data": "Q0E="}
    settings = {"args": ["get-token", "a b"], "env": [{"name": "MY", "value": "x"}], "provideClusterInfo": True}
    given = access(program(tmp_path / "plugin", body), cluster, **settings)
    mine = Plugin(given, dict(os.environ))
    seen = json.loads((await mine.authorization()).removeprefix("Bearer "))
    assert (seen["args"], seen["env"], seen["stdin"]) == (["get-token", "a b"], "x", "")
    assert seen["info"]["spec"] == {"interactive": False, "cluster": cluster}


async def test_a_plugin_that_is_not_there_is_named_with_its_install_hint_and_the_short_path_of_desktop_hosts() -> None:
    with pytest.raises(NoCluster, match="'no-such-login-plugin' of context 'prod' was not found in PATH") as error:
        await credentials("no-such-login-plugin", installHint="Install it\nwith gcloud.").authorization()
    assert "Desktop hosts start servers with a short PATH" in error.value.hint
    assert "Install it with gcloud." in error.value.hint


async def test_a_plugin_that_cannot_be_started_is_not_taken_for_a_cluster_that_is_silent(tmp_path: Path) -> None:
    plugin = program(tmp_path / "plugin", "", "/no/such/interpreter")

    with pytest.raises(NoCluster, match=r"credential plugin .* of context 'prod' cannot be started: No such file"):
        await credentials(plugin).authorization()


async def test_a_plugins_variable_without_a_value_is_empty(tmp_path: Path) -> None:
    plugin = program(
        tmp_path / "plugin",
        f"""status = {{"token": "token" + os.environ["EMPTY"]}}
print(json.dumps({{"apiVersion": "{API}", "kind": "ExecCredential", "status": status}}))""",
    )

    assert await credentials(plugin, env=[{"name": "EMPTY"}]).authorization() == "Bearer token"


async def test_a_plugin_that_fails_is_quoted_with_its_last_line_and_without_secrets(tmp_path: Path) -> None:
    body = "print('trace', file=sys.stderr); sys.exit('session expired, token=abcdef123456, log in again')"
    with pytest.raises(NoCluster, match="failed with exit code 1: session expired") as error:
        await credentials(program(tmp_path / "plugin", body)).authorization()
    assert "trace" not in str(error.value)
    assert "abcdef123456" not in str(error.value)


async def test_a_plugin_that_hangs_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    body = f"""
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    began = time.monotonic()
    with pytest.raises(NoCluster, match=r"did not answer within 1 s"):
        await credentials(program(tmp_path / "plugin", body), patience=1).authorization()
    assert time.monotonic() - began < 3
    assert not alive(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("not json", "no ExecCredential"),
        (json.dumps({"apiVersion": "client.authentication.k8s.io/v1beta1", "status": {"token": "t"}}), "v1beta1"),
        (json.dumps({"apiVersion": API, "kind": "ExecCredential", "status": {}}), "without a token or a certificate"),
        (json.dumps({"apiVersion": API, "kind": "ExecCredential"}), "no ExecCredential"),
    ],
)
async def test_an_answer_that_is_none_says_what_is_wrong_with_it(tmp_path: Path, answer: str, words: str) -> None:
    with pytest.raises(NoCluster, match=words):
        await credentials(program(tmp_path / "plugin", f"print({answer!r})")).authorization()


async def test_a_plugin_that_wants_a_terminal_is_not_started() -> None:
    with pytest.raises(NoCluster, match="wants a terminal"):
        await credentials("true", interactiveMode="Always").authorization()


async def test_a_plugins_certificate_is_taken(tmp_path: Path) -> None:
    status = {"clientCertificateData": "CERT", "clientKeyData": "KEY"}
    answer = json.dumps({"apiVersion": API, "kind": "ExecCredential", "status": status})
    mine = credentials(program(tmp_path / "plugin", f"print({answer!r})"))
    assert await mine.authorization() == ""
    assert mine.certificate is not None
    assert (mine.certificate.certificate, mine.certificate.key) == ("CERT", "KEY")
    assert "KEY" not in repr(mine.certificate)


async def test_a_token_file_is_stripped_and_read_again_after_a_rejection(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    mine = TokenFile(path)
    assert await mine.authorization() == "Bearer first"
    path.write_text("second\n")
    assert await mine.authorization() == "Bearer first"
    assert await mine.renewed("Bearer first")
    assert await mine.authorization() == "Bearer second"
    assert not await mine.renewed("Bearer second")


async def test_a_token_file_is_read_again_when_its_time_is_up(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first")
    mine = TokenFile(path, period=0)
    assert await mine.authorization() == "Bearer first"
    path.write_text("second")
    assert await mine.authorization() == "Bearer second"


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), (" \n", "is empty")])
async def test_a_token_file_without_a_token_says_so(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NoCluster, match=words):
        await TokenFile(path).authorization()


async def test_a_borrowed_token_is_asked_for_again_when_rejected() -> None:
    tokens = iter(["Bearer a", "Bearer b", "Bearer b"])

    async def load() -> str:
        return next(tokens)

    mine = Borrowed(load)
    assert [await mine.authorization(), await mine.authorization()] == ["Bearer a", "Bearer a"]
    assert await mine.renewed("Bearer a")
    assert not await mine.renewed("Bearer b")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"token": " t\n", "exec": {"command": "x"}}, "Bearer t"),
        ({"username": "me", "password": "pw"}, "Basic bWU6cHc="),
        ({"client-certificate": "/c", "client-key": "/k"}, ""),
        ({}, ""),
    ],
)
async def test_what_never_changes_is_used_as_it_is(user: dict[str, Any], expected: str) -> None:
    given = Access("c", "n", "https://c.test", "me", "f", {}, user)
    mine = credentials_of(given, {}, _nothing, 1)
    assert isinstance(mine, Fixed)
    assert await mine.authorization() == expected
    assert not await mine.renewed(expected)


async def _nothing() -> str:
    return ""


@pytest.mark.parametrize(
    ("user", "kind"),
    [({"tokenFile": "/t", "token": "x"}, TokenFile), ({"exec": {"command": "x"}}, Plugin),
     ({"auth-provider": {"name": "oidc"}}, Borrowed)],
)  # fmt: skip
async def test_every_way_to_be_somebody_has_its_credentials(user: dict[str, Any], kind: type) -> None:
    assert isinstance(credentials_of(Access("c", "n", "https://c.test", "me", "f", {}, user), {}, _nothing, 1), kind)


async def test_a_removed_auth_provider_is_refused_with_what_to_do() -> None:
    given = Access("c", "n", "https://c.test", "me", "f", {}, {"auth-provider": {"name": "gcp"}})
    with pytest.raises(NoCluster, match="'gcp', which Kubernetes has removed"):
        credentials_of(given, {}, _nothing, 1)
