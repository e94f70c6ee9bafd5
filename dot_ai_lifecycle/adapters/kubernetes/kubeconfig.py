"""Which cluster, as whom: the kubeconfig read the way kubectl reads it.

Files of a `KUBECONFIG` list are merged: the first file to name a thing wins, the first `current-context` too. Missing
files of such a list are passed over. Relative paths are relative to the file that holds them. Without any file a pod's
own service account is used.
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from dot_ai_lifecycle.core.errors import NoCluster

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
IN_CLUSTER = "in-cluster"
_PATHS = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
    "contexts": (),
}
_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster as one user. `cluster` and `user` are the kubeconfig's own sections, with absolute paths."""

    context: str
    namespace: str
    server: str
    user_name: str
    origin: str
    cluster: Mapping[str, Any] = field(repr=False)
    user: Mapping[str, Any] = field(repr=False)

    @property
    def login(self) -> str:
        """Where the credentials come from, for the words of an error; never the credentials."""
        if plugin := self.user.get("exec"):
            return f"the credential plugin {plugin.get('command')} of user {self.user_name!r}"
        return f"user {self.user_name!r} of {self.origin}" if self.user_name else self.origin


class ContextName(Struct, frozen=True):
    """One context a person could choose."""

    name: str
    cluster: str
    namespace: str
    current: bool


@dataclass(frozen=True, slots=True)
class _Merged:
    files: tuple[Path, ...]
    current: str
    sections: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(repr=False)

    def __str__(self) -> str:
        return ", ".join(str(path) for path in self.files)


def resolve(
    context: str | None,
    kubeconfig: str | None,
    environment: Mapping[str, str],
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """The cluster and user of the context: the one named, else the current one, else a pod's own.

    `kubeconfig` names one file and sets `KUBECONFIG` aside. Raises NoCluster, saying what is missing and where.
    """
    paths = _paths(kubeconfig, environment)
    present = [path for path in paths if path.exists()]
    merged = _merged(present)
    inside = _inside(environment, service_account) if not kubeconfig else None
    if inside and (context == IN_CLUSTER or not merged.sections["contexts"]):
        return inside
    if not present:
        raise NoCluster(
            f"There is no kubeconfig: {', '.join(str(path) for path in paths)} does not exist.",
            hint="Set KUBECONFIG or name a file; a desktop host starts servers without your shell's environment, "
            "so KUBECONFIG belongs into the server's own configuration there.",
        )
    name = context or merged.current
    if not name:
        raise NoCluster(f"No current context is set in {merged}.", hint=f"Name one: {_names(merged)}.")
    return _access(name, merged)


def contexts(kubeconfig: str | None, environment: Mapping[str, str]) -> tuple[ContextName, ...]:
    """The contexts there are, in the files' order; none without a kubeconfig. Raises NoCluster for broken files."""
    merged = _merged([path for path in _paths(kubeconfig, environment) if path.exists()])
    return tuple(
        ContextName(
            name, str(stanza.get("cluster", "")), str(stanza.get("namespace") or "default"), name == merged.current
        )
        for name, stanza in merged.sections["contexts"].items()
    )


def _paths(kubeconfig: str | None, environment: Mapping[str, str]) -> list[Path]:
    if kubeconfig:
        return [Path(kubeconfig).expanduser()]
    listed = [part for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return [Path(part).expanduser() for part in dict.fromkeys(listed)]
    return [Path(environment.get("HOME") or Path.home()) / ".kube" / "config"]


def _merged(paths: Iterable[Path]) -> _Merged:
    sections: dict[str, dict[str, Mapping[str, Any]]] = {section: {} for section in _SECTIONS}
    current, files = "", []
    for path in paths:
        document = _document(path)
        files.append(path)
        current = current or str(document.get("current-context") or "")
        for section, key in _SECTIONS.items():
            for name, stanza in _stanzas(document, section, key, path):
                sections[section].setdefault(name, _absolute(stanza, section, path))
    return _Merged(tuple(files), current, sections)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoCluster(
            f"The kubeconfig {path} cannot be read: {error.strerror}.", hint="Check its permissions."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise NoCluster(
            f"The kubeconfig {path} is broken: not YAML{_where(error)}.",
            hint=f"Look at it with `kubectl --kubeconfig {path} config view`.",
        ) from None  # the parser's own words quote the file, secrets included
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise NoCluster(f"The kubeconfig {path} is broken: not a mapping of clusters, users and contexts.")
    return document


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _stanzas(
    document: Mapping[str, Any], section: str, key: str, path: Path
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    listed = document.get(section) or []
    if not isinstance(listed, list):
        raise NoCluster(f"The kubeconfig {path} is broken: {section} is not a list.")
    for entry in listed:
        stanza = entry.get(key) if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not entry.get("name") or not isinstance(stanza or {}, Mapping):
            raise NoCluster(f"The kubeconfig {path} is broken: an entry of {section} has no name or no {key}.")
        yield str(entry["name"]), stanza or {}


def _absolute(stanza: Mapping[str, Any], section: str, path: Path) -> Mapping[str, Any]:
    home = path.absolute().parent
    changed: dict[str, Any] = {key: str(home / str(stanza[key])) for key in _PATHS[section] if stanza.get(key)}
    plugin = stanza.get("exec")
    if isinstance(plugin, Mapping) and os.sep in str(plugin.get("command", "")):
        changed["exec"] = {**plugin, "command": str(home / str(plugin["command"]))}
    return {**stanza, **changed}


def _access(name: str, merged: _Merged) -> Access:
    chosen = merged.sections["contexts"].get(name)
    if chosen is None:
        near = difflib.get_close_matches(name, merged.sections["contexts"], n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {_names(merged)}."
        raise NoCluster(f"There is no context {name!r} in {merged}.", hint=hint)
    cluster = _part(merged, "clusters", name, str(chosen.get("cluster") or ""))
    server = str(cluster.get("server") or "").rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise NoCluster(
            f"The cluster of context {name!r} in {merged} has no usable server address.",
            hint="Set it: kubectl config set-cluster NAME --server=https://HOST:PORT.",
        )
    user_name = str(chosen.get("user") or "")
    anonymous = not user_name and server.startswith("http://")
    user = {} if anonymous else _part(merged, "users", name, user_name)
    return Access(name, str(chosen.get("namespace") or "default"), server, user_name, str(merged), cluster, user)


def _part(merged: _Merged, section: str, context: str, name: str) -> Mapping[str, Any]:
    what = _SECTIONS[section]
    if not name:
        raise NoCluster(
            f"Context {context!r} in {merged} names no {what}.",
            hint=f"Set it: kubectl config set-context {context} --{what}=NAME.",
        )
    if name not in merged.sections[section]:
        raise NoCluster(
            f"Context {context!r} names the {what} {name!r}, which is not in {merged}.",
            hint=f"Known {section}: {', '.join(merged.sections[section]) or 'none'}.",
        )
    return merged.sections[section][name]


def _names(merged: _Merged) -> str:
    return ", ".join(list(merged.sections["contexts"])[:20]) or "none"


def _inside(environment: Mapping[str, str], service_account: Path) -> Access | None:
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    token = service_account / "token"
    if not host or not port or not token.exists():
        return None
    home = service_account / "namespace"
    return Access(
        IN_CLUSTER,
        home.read_text().strip() if home.exists() else "default",
        f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        "the pod's service account",
        "the pod",
        {"certificate-authority": str(service_account / "ca.crt")},
        {"tokenFile": str(token)},
    )
