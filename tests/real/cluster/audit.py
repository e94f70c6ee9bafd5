"""What the API server itself writes down about its requests: a count in which nobody who is counted has a hand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.real.cluster.errors import Unavailable

_POLICY, _LOG = "audit-policy.json", "audit.log"


@dataclass(frozen=True)
class Request:
    """One request: `at` is when it came, `url` has its query, `code` is None for a watch that still goes on."""

    at: datetime
    user: str
    verb: str
    url: str
    resource: str
    code: int | None

    @property
    def is_write(self) -> bool:
        """Whether it changed something; asking what one may do is a POST that changes nothing."""
        asks = self.resource.startswith("selfsubject")
        return self.verb in ("create", "update", "patch", "delete") and "dryRun" not in self.url and not asks

    def __str__(self) -> str:
        return f"{self.verb} {self.url}"


def flags(directory: Path) -> list[str]:
    """What makes the API server write its log into `directory`; writes the policy it needs there."""
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
    policy["omitStages"] = ["RequestReceived"]
    (directory / _POLICY).write_text(json.dumps(policy), encoding="utf-8")
    return ["--audit-policy-file", f"{directory}/{_POLICY}", "--audit-log-path", f"{directory}/{_LOG}"]


def requests(directory: Path, user: str) -> list[Request]:
    """Every request of that user so far, in the order of their arrival. Raises Unavailable where no log is kept."""
    try:
        lines = (directory / _LOG).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise Unavailable("the cluster keeps no audit log; it was not started with one") from None
    seen = {event["auditID"]: event for event in _events(lines) if event["user"]["username"] == user}
    return sorted((_request(event) for event in seen.values()), key=lambda request: request.at)


def _events(lines: list[str]) -> Iterator[dict[str, Any]]:
    # A watch is written twice, when it is answered and when it ends; the later line of an id replaces the earlier.
    for line in lines:
        if line.endswith("}"):
            yield json.loads(line)


def _request(event: dict[str, Any]) -> Request:
    reference = event.get("objectRef") or {}
    done = event["stage"] == "ResponseComplete"
    return Request(
        at=datetime.fromisoformat(event["requestReceivedTimestamp"]),
        user=event["user"]["username"],
        verb=event["verb"],
        url=event["requestURI"],
        resource=reference.get("resource", ""),
        code=event.get("responseStatus", {}).get("code") if done else None,
    )
