"""Credential plugins (`exec` in a kubeconfig): run as kubectl runs them, but never on our stdin, and never for long."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.words import one_line
from dot_ai_lifecycle.core.errors import NoCluster

PATIENCE = 15.0  # seconds; a plugin that asks for a login in a browser never answers a server


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate with its key, both PEM."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a plugin answered."""

    token: str = field(default="", repr=False)
    expires: datetime | None = None
    certificate: Certificate | None = None


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    expiration_timestamp: datetime | None = None
    client_certificate_data: str = ""
    client_key_data: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    status: _Status
    api_version: str = ""
    kind: str = ""


async def run(access: Access, environment: Mapping[str, str], patience: float = PATIENCE) -> Credential:
    """Ask the context's plugin for a credential. Raises NoCluster, naming the plugin and the last thing it said."""
    settings = access.user["exec"]
    program = _program(settings, access, environment)
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *(str(argument) for argument in settings.get("args") or ()),
            env=_environment(settings, access, environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:  # another machine's program, or a script whose interpreter is not there
        raise NoCluster(
            f"{_named(access)} cannot be started: {error.strerror or error}.",
            hint=f"Run {program} in a terminal, and install it anew where that fails too.",
        ) from error
    try:
        async with asyncio.timeout(patience):
            out, err = await process.communicate()
    except TimeoutError:
        raise NoCluster(
            f"{_named(access)} did not answer within {patience:g} s.",
            hint="It may wait for a login: run `kubectl get --raw /version` in a terminal, then try again.",
        ) from None
    finally:
        await _ended(process)
    if process.returncode:
        raise NoCluster(
            f"{_named(access)} failed with exit code {process.returncode}: {_last_line(err)}",
            hint="Log in as its tool wants it, check with `kubectl get --raw /version`, then try again.",
        )
    return _credential(out, settings, access)


def _named(access: Access) -> str:
    return f"The credential plugin {access.user['exec'].get('command')!r} of context {access.context!r}"


def _program(settings: Mapping[str, Any], access: Access, environment: Mapping[str, str]) -> str:
    command = str(settings.get("command") or "")
    if settings.get("interactiveMode") == "Always":
        raise NoCluster(
            f"{_named(access)} wants a terminal (interactiveMode: Always).",
            hint="A server has none: use a context whose credentials need no dialogue.",
        )
    program = shutil.which(command, path=environment.get("PATH", os.defpath)) if command else None
    if program is None:
        told = one_line(str(settings.get("installHint") or ""), 500)
        raise NoCluster(
            f"{_named(access)} was not found in PATH.",
            hint="Desktop hosts start servers with a short PATH: give the full path in the kubeconfig, or set PATH in "
            f"the server's configuration. {told}".rstrip(),
            details={"plugin": command},
        )
    return program


def _environment(settings: Mapping[str, Any], access: Access, environment: Mapping[str, str]) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": False}
    if settings.get("provideClusterInfo"):
        spec["cluster"] = _cluster(access)
    asked = {"apiVersion": settings.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
    own = {str(entry["name"]): str(entry.get("value") or "") for entry in settings.get("env") or ()}
    return {**environment, **own, "KUBERNETES_EXEC_INFO": json.dumps(asked)}


def _cluster(access: Access) -> dict[str, Any]:
    words = {
        "tls-server-name": "tls-server-name",
        "insecure-skip-tls-verify": "insecure-skip-tls-verify",
        "certificate-authority-data": "certificate-authority-data",
        "proxy-url": "proxy-url",
    }
    cluster = {"server": access.server} | {
        word: access.cluster[word] for word in words if access.cluster.get(word) is not None
    }
    for extension in access.cluster.get("extensions") or ():
        if extension.get("name") == "client.authentication.k8s.io/exec":
            cluster["config"] = extension.get("extension")
    return cluster


async def _ended(process: asyncio.subprocess.Process) -> None:
    """No plugin, and nothing it started, outlives the asking."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        await process.wait()


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return one_line(lines[-1], 300) if lines else "it said nothing."


def _credential(out: bytes, settings: Mapping[str, Any], access: Access) -> Credential:
    try:
        answer = msgspec.json.decode(out, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NoCluster(
            f"{_named(access)} answered something that is no ExecCredential.", hint="Update the plugin."
        ) from None
    wanted = settings.get("apiVersion")
    if answer.api_version != wanted:
        raise NoCluster(
            f"{_named(access)} speaks {answer.api_version}, the kubeconfig asks for {wanted}.",
            hint="Update the kubeconfig with the cloud provider's tool.",
        )
    status = answer.status
    certificate = None
    if status.client_certificate_data and status.client_key_data:
        certificate = Certificate(status.client_certificate_data, status.client_key_data)
    if not status.token and certificate is None:
        raise NoCluster(f"{_named(access)} answered without a token or a certificate.", hint="Log in again.")
    return Credential(status.token, status.expiration_timestamp, certificate)
