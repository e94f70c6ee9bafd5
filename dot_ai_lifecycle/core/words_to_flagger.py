"""Words to Flagger, in the fields of its Canary: `suspend` holds it, `skipAnalysis` has it promote without looking.

It has no field for an abort. What comes nearest: the target is given its old pod template first, and then Flagger
promotes that without an analysis, which sends all traffic to its copy at once (flagger 1.4x, pkg/controller/scheduler).
What a word sets is noted on the Canary, and given back by `restore`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dot_ai_lifecycle.core.set_for_a_time import given_back, held
from dot_ai_lifecycle.core.steps import Edit

Manifest = Mapping[str, Any]

_SUSPEND, _SKIP = "/spec/suspend", "/spec/skipAnalysis"
_GATES = {"Waiting": "confirm-rollout", "WaitingPromotion": "confirm-promotion"}


def words(canary: Manifest, word: str) -> tuple[Edit, ...]:
    """What says that word to a Canary as it stands now; nothing where it does so already, or has no such word."""
    match word:
        case "pause":
            return held(canary, {_SUSPEND: True})
        case "promote":
            return held(canary, {_SUSPEND: False})
        case "full" | "abort":
            return held(canary, {_SUSPEND: False, _SKIP: True})
        case "restore":
            return given_back(canary, (_SUSPEND, _SKIP))
        case _:
            return ()


def of_this_update(canary: Manifest) -> Edit:
    """What has to hold still for a word to reach the update it was meant for: the spec that Flagger saw last."""
    seen = (canary.get("status") or {}).get("lastAppliedSpec")
    return Edit(path="/status/lastAppliedSpec", old=seen, new=seen)


def closed_gate(canary: Manifest, word: str) -> tuple[str, str] | None:
    """Why a word would not bring it on, and what would: a webhook that says no is asked again until it says yes."""
    phase = (canary.get("status") or {}).get("phase")
    held_by = {"promote": _GATES, "full": {"Waiting": _GATES["Waiting"]}}.get(word, {})
    if phase not in held_by or (canary.get("spec") or {}).get("suspend"):
        return None
    name = canary["metadata"]["name"]
    urls = [str(hook.get("url", "")) for hook in _hooks(canary) if hook.get("type") == held_by[phase]]
    opened = [url.replace("/gate/check", "/gate/open") for url in urls]
    where = f"POST its name and namespace to {opened[0]}, or let it answer 200" if opened else "Let it answer 200"
    else_full = ", or promote in full (`--full`), which passes it" if phase == "WaitingPromotion" else ""
    text = f"Flagger asks the gate {held_by[phase]} of Canary {name} until that says yes: nothing in the Canary does."
    return text, f"{where}{else_full}."


def _hooks(canary: Manifest) -> Iterator[Manifest]:
    yield from ((canary.get("spec") or {}).get("analysis") or {}).get("webhooks") or ()
