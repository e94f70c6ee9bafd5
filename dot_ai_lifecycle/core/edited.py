"""What an object looks like once edits are made, and what has to be there for them."""

import json
from collections.abc import Mapping
from typing import Any

from dot_ai_lifecycle.core.pointers import unescaped, value_at
from dot_ai_lifecycle.core.steps import Edit, Patch


def with_edits(manifest: Mapping[str, Any], edits: tuple[Edit, ...]) -> dict[str, Any]:
    """A copy of the manifest with those edits made; late values are left as they are written."""
    changed: dict[str, Any] = json.loads(json.dumps(manifest))
    for edit in edits:
        parent_path, _, last = edit.path.rpartition("/")
        parent, key = value_at(changed, parent_path), unescaped(last)
        place: Any = int(key) if isinstance(parent, list) else key
        if edit.new is None:
            del parent[place]
        else:
            parent[place] = edit.new
    return changed


def grounded(patch: Patch, manifest: Mapping[str, Any]) -> Patch:
    """The patch with a scaffold before every field whose parent the object lacks: the API server drops empty maps."""
    edits: list[Edit] = []
    for edit in patch.edits:
        parent = edit.path.rpartition("/")[0]
        absent = parent and edit.new is not None and value_at(manifest, parent) is None
        if absent and parent not in {known.path for known in edits}:
            edits.append(Edit(path=parent, new={}, scaffold=True))
        edits.append(edit)
    return patch.model_copy(update={"edits": tuple(edits)})
