"""Every knob, with its reason. The only reader of the environment."""

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.policy import Policy

_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Settings:
    """How this installation behaves; read once, passed as values.

    `context`, `kubeconfig`: which cluster; None means as kubectl would choose. `auto_approve`: "low" lets low-risk
    plans run without a second call; "none", the default, wants the plan's id for every change.
    `protected_namespaces`: patterns in which every change needs a person. `state_dir`: proposals, approvals and
    records that no cluster takes. `http_token`: what callers of the HTTP face must present; needed for any address but
    loopback. `allowed_hosts`: names by which the HTTP face may be called besides its own address. `registry_check`:
    whether registries are asked for an image before pods want it; to be turned off where this machine may not reach
    them, or must not tell them what is planned. `prometheus_url`: the
    metrics provider, below which /api/v1/query answers; None leaves the judging to the pods' own signals.
    `prometheus_token`: the bearer token it wants. `completion_seconds`: how long the TAB key waits for the cluster.
    """

    context: str | None
    kubeconfig: str | None
    auto_approve: Literal["none", "low"]
    protected_namespaces: tuple[str, ...]
    state_dir: Path
    http_token: str | None
    allowed_hosts: tuple[str, ...]
    registry_check: bool
    log_level: str
    actor: str
    prometheus_url: str | None = field(default=None, repr=False)
    prometheus_token: str | None = field(default=None, repr=False)
    completion_seconds: float = 0.6

    @property
    def policy(self) -> Policy:
        """The rules for approval."""
        return Policy(auto_approve=self.auto_approve, protected_namespaces=self.protected_namespaces)

    def with_cluster(self, context: str | None, kubeconfig: str | None) -> "Settings":
        """The same, for the cluster the command line names; None keeps what is set."""
        return replace(self, context=context or self.context, kubeconfig=kubeconfig or self.kubeconfig)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment; all names begin with LIFECYCLE_. Raises BadInput for one that cannot be meant."""
    auto_approve = environment.get("LIFECYCLE_AUTO_APPROVE", "none")
    if auto_approve not in ("none", "low"):
        raise BadInput(f"LIFECYCLE_AUTO_APPROVE is {auto_approve!r}.", hint="Set it to none or low.")
    level = environment.get("LIFECYCLE_LOG_LEVEL", "warning").lower()
    if level not in _LEVELS:
        raise BadInput(f"LIFECYCLE_LOG_LEVEL is {level!r}.", hint=f"Set it to one of {', '.join(_LEVELS)}.")
    seconds = environment.get("LIFECYCLE_COMPLETION_SECONDS", "0.6")
    if not re.fullmatch(r"\d{1,2}(\.\d{1,3})?", seconds):
        raise BadInput(f"LIFECYCLE_COMPLETION_SECONDS is {seconds!r}.", hint="Set it to seconds below 100, like 1.5.")
    check = environment.get("LIFECYCLE_REGISTRY_CHECK", "on").lower()
    if check not in ("on", "off"):
        raise BadInput(f"LIFECYCLE_REGISTRY_CHECK is {check!r}.", hint="Set it to on or off.")
    return Settings(
        context=environment.get("LIFECYCLE_CONTEXT") or None,
        kubeconfig=environment.get("LIFECYCLE_KUBECONFIG") or None,
        auto_approve="low" if auto_approve == "low" else "none",
        protected_namespaces=_listed(environment.get("LIFECYCLE_PROTECTED_NAMESPACES", "kube-*")),
        state_dir=_state_dir(environment),
        http_token=environment.get("LIFECYCLE_HTTP_TOKEN") or None,
        allowed_hosts=_listed(environment.get("LIFECYCLE_ALLOWED_HOSTS", "")),
        registry_check=check == "on",
        log_level=level,
        actor=environment.get("LIFECYCLE_ACTOR") or f"cli:{_user()}",
        prometheus_url=_prometheus_url(environment),
        completion_seconds=float(seconds),
        prometheus_token=environment.get("LIFECYCLE_PROMETHEUS_TOKEN", "").strip() or None,
    )


def _prometheus_url(environment: Mapping[str, str]) -> str | None:
    """The provider's address; whatever is wrong with it is said without it, for it may hold a password."""
    url = environment.get("LIFECYCLE_PROMETHEUS_URL", "").strip()
    if not url:
        return None
    hint = "Set it to http://HOST:PORT or https://HOST, with a path where there is one."
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        known = parts.username is not None
        _ = parts.port  # a ValueError where it is no port
    except ValueError:
        usable, known = None, False
    if not usable:
        raise BadInput("LIFECYCLE_PROMETHEUS_URL is not an address of a metrics provider.", hint=hint)
    if known and environment.get("LIFECYCLE_PROMETHEUS_TOKEN"):
        raise BadInput(
            "LIFECYCLE_PROMETHEUS_URL holds a user, and LIFECYCLE_PROMETHEUS_TOKEN is set as well.",
            hint="Keep one of the two.",
        )
    return url


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _state_dir(environment: Mapping[str, str]) -> Path:
    own = environment.get("LIFECYCLE_STATE_DIR")
    if own:
        return Path(own).expanduser()
    base = environment.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "dot-ai-lifecycle"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no passwd entry: containers with a bare user id
        return f"uid {os.getuid()}"
