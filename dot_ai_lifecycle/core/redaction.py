"""What must not be shown: values that look like secrets, wherever a manifest, a log line or a plan carries them."""

import re
from collections.abc import Mapping
from typing import Any

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|encryption[-_]?key"
    r"|signing[-_]?key|\bauth\b|_auth$|\bdsn\b|connection[-_]?string|\bpwd\b|_pwd$|cookie|session[-_]?key",
    re.IGNORECASE,
)
_SECRET_VALUES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",  # user:password of a URL
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # JSON Web Token
        r"\b(AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS access key id
        r"\bgh[pousr]_[A-Za-z0-9]{20,}\b|\bgithub_pat_[A-Za-z0-9_]{20,}\b",  # GitHub
        r"\bglpat-[A-Za-z0-9_-]{16,}\b",  # GitLab
        r"\bxox[abposr]-[A-Za-z0-9-]{10,}",  # Slack
        r"\bsk-[A-Za-z0-9_-]{16,}",  # API keys of model providers and payment services
        r"\b[sr]k_(live|test)_[A-Za-z0-9]{10,}",
        r"\bAIza[A-Za-z0-9_-]{30,}",  # Google
        r"(?s:-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$))",  # over several lines
        r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}",
        r"(?i)(?<=basic )[A-Za-z0-9+/=]{12,}",
    )
)
_ASSIGNED = re.compile(
    # Looked at once from the start of each word: a search from every letter takes seconds on a long line of one word.
    r"(?<![\w.-])"
    r"(?=[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key))"
    r"(?P<name>[\w.-]++)"
    r"(?P<sign>[\"']?\s*[=:]\s*)(?P<quote>[\"']?)(?P<value>[^\s\"',;&]{3,})",
    re.IGNORECASE,
)


def hidden(value: str) -> str:
    """What stands for a secret: that one is there, and how long it is."""
    return f"‹hidden, {len(value)} characters›"


def looks_secret(name: str) -> bool:
    """Whether a variable or key of that name usually holds a secret."""
    return bool(_SECRET_NAME.search(name))


def redact(text: str) -> str:
    """The text with everything that looks like a credential hidden; for log lines, events and error messages."""
    for pattern in _SECRET_VALUES:
        text = pattern.sub(lambda match: hidden(match.group()), text)
    return _ASSIGNED.sub(lambda m: f"{m['name']}{m['sign']}{m['quote']}{hidden(m['value'])}", text)


def redacted(value: Any, name: str = "") -> Any:
    """A copy of a JSON value with secrets hidden: by the variable's or key's name, and by the look of the value."""
    if isinstance(value, Mapping):
        called = value.get("name")
        if isinstance(called, str) and isinstance(value.get("value"), str):
            return {**value, "value": redacted(value["value"], called)}
        return {key: redacted(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        before = (name, *value)
        return [redacted(inner, _option(before[place]) or name) for place, inner in enumerate(value)]
    if isinstance(value, str):
        return hidden(value) if value and looks_secret(name) and not _is_reference(name) else redact(value)
    return value


def _option(word: Any) -> str:
    """The option that takes the next word of a command line as its value; empty where the word is none."""
    return word if isinstance(word, str) and word.startswith("-") and "=" not in word else ""


def _is_reference(name: str) -> bool:
    """Fields of the pod spec that name a Secret without holding one."""
    return name in (
        "secretName",
        "secretRef",
        "secretKeyRef",
        "imagePullSecrets",
        "serviceAccountToken",
    ) or name.endswith("Name")
