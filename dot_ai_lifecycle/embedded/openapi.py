"""OpenAPI v3, as far as kubectl reads it: which kinds exist, and that patches of them take `fieldValidation`.

The schemas are open objects: kubectl then leaves validation to the server, which is where it is done. `kubectl explain`
has nothing to tell.
"""

from typing import Any

from dot_ai_lifecycle.embedded.kinds import Kind, Kinds
from dot_ai_lifecycle.embedded.messages import Response, answer

_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation", "force")
]


def _names(kind: Kind) -> dict[str, str]:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _schema_name(kind: Kind) -> str:
    return f"{kind.group or 'core'}.{kind.version}.{kind.kind}"


def _document(kinds: list[Kind]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind in kinds:
        place = f"{kind.prefix}/namespaces/{{namespace}}" if kind.namespaced else kind.prefix
        reference = {"$ref": f"#/components/schemas/{_schema_name(kind)}"}
        response = {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}}
        patch = {"parameters": _PARAMETERS, "responses": response, "x-kubernetes-action": "patch"}
        paths[f"{place}/{kind.plural}/{{name}}"] = {"patch": patch | {"x-kubernetes-group-version-kind": _names(kind)}}
        schemas[_schema_name(kind)] = {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "x-kubernetes-group-version-kind": [_names(kind)],
        }
    described = {"title": "Kubernetes", "version": "v1.34.2"}
    return {"openapi": "3.0.0", "info": described, "paths": paths, "components": {"schemas": schemas}}


def openapi(path: str, kinds: Kinds) -> Response | None:
    """The answer for a path below `/openapi/v3`, or None when it is another."""
    start = "/openapi/v3"
    if path.rstrip("/") == start:
        prefixes = sorted({kind.prefix.lstrip("/") for kind in kinds})
        return answer({"paths": {one: {"serverRelativeURL": f"{start}/{one}"} for one in prefixes}})
    found = [kind for kind in kinds if path == start + kind.prefix]
    return answer(_document(found)) if found else None
