"""Copies of ConfigMaps: immutable, named after what they hold, so that each revision keeps the values it ran with."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dot_ai_lifecycle.core.configuration import Held, decoded, held
from dot_ai_lifecycle.core.edited import with_edits
from dot_ai_lifecycle.core.refs import CONFIG_MAP, Ref, ref_to
from dot_ai_lifecycle.core.steps import Create, Edit
from dot_ai_lifecycle.core.workload import Manifest

COPY_OF = "lifecycle.dot-ai/copy-of"
"""The annotation that says what a copy is of."""

_LETTERS = str.maketrans("013ae", "ghkmt")
"""Kustomize's: hashes spell no words and look like no numbers."""

_LONGEST = 253


def copy_name(base: str, content: Mapping[str, Held]) -> str:
    """`BASE-HASH`: ten characters of the SHA-256 of what is held, so that equal copies are one."""
    told = {key: value.text if value.sort == "text" else [value.mark] for key, value in content.items()}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return f"{base[: _LONGEST - 11]}-{digest[:10].translate(_LETTERS)}"


def base_of(name: str, metadata: Manifest) -> str:
    """What a ConfigMap is a copy of; itself where it is none."""
    return str((metadata.get("annotations") or {}).get(COPY_OF) or name)


def copy_of(base: str, name: str, app: Ref, *, like: Ref | None, edits: tuple[Edit, ...], why: str) -> Create:
    """The step that makes a copy of `like` with those edits of its `data`, or a first one; it goes with the app.

    What the original holds is read when the copy is made, and stands in no plan.
    """
    owned = {"apiVersion": app.api_version, "kind": app.kind, "name": app.name, "uid": app.uid}
    manifest: dict[str, Any] = {
        "apiVersion": CONFIG_MAP.api_version,
        "kind": CONFIG_MAP.name,
        "metadata": {
            "name": name,
            "namespace": app.namespace,
            "labels": {"app.kubernetes.io/managed-by": "dot-ai-lifecycle"},
            "annotations": {COPY_OF: base},
            "ownerReferences": [owned],
        },
        "immutable": True,
    }
    if like is None:
        manifest["data"] = {edit.path.rpartition("/")[2]: edit.new for edit in edits}
    ref = ref_to(CONFIG_MAP, name, app.namespace)
    return Create(ref=ref, manifest=manifest, like=like, edits=edits if like else (), lasts=True, why=why)


def copied(step: Create, original: Manifest) -> dict[str, Any]:
    """The whole copy, of the original as it was read; it has the name its content asks for only where that is known.

    Raises ValueError where the original holds something else than when the copy was named.
    """
    data = with_edits({"data": original.get("data") or {}}, step.edits)["data"]
    binary = original.get("binaryData") or {}
    content = {key: held(text) for key, text in data.items()}
    content |= {key: held(decoded(value)) for key, value in binary.items()}
    if copy_name(str(step.manifest["metadata"]["annotations"][COPY_OF]), content) != step.ref.name:
        raise ValueError(f"{step.like} holds something else than when this was planned.")
    return {**step.manifest, "data": data, **({"binaryData": binary} if binary else {})}
