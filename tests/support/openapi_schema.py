"""The compact schema of the built-in kinds, out of the OpenAPI documents an API server publishes.

The embedded cluster carries the result as a file; the contract suite compares that file with a real cluster's word.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]
Schema = dict[str, dict[str, str]]

_WORDS = {"string": "string", "boolean": "boolean", "number": "number", "object": "any"}
_LEAVES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intOrString",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
}


def _reference(schema: Json) -> str:
    for one in (schema, *schema.get("allOf", ())):
        if "$ref" in one:
            return str(one["$ref"]).rpartition("/")[2]
    return ""


def _short(reference: str) -> str:
    parts = reference.split(".")
    return ".".join(parts[-3:]) if len(parts) > 3 else reference


def _type(schema: Json, seen: set[str]) -> str:
    if reference := _reference(schema):
        if reference in _LEAVES:
            return _LEAVES[reference]
        if "JSONSchemaProps" in reference or reference.endswith(".JSON"):
            return "any"
        seen.add(reference)
        return _short(reference)
    kind = schema.get("type", "object")
    if kind == "array":
        return "[" + _type(schema["items"], seen)
    if kind == "integer":
        return str(schema.get("format", "int64"))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return "{" + _type(schema["additionalProperties"], seen)
    return _WORDS[kind]


def _marks(schema: Json) -> Iterable[str]:
    if key := schema.get("x-kubernetes-patch-merge-key"):
        yield f"merge={key}"
    elif "merge" in schema.get("x-kubernetes-patch-strategy", ""):
        yield "merge="
    if "retainKeys" in schema.get("x-kubernetes-patch-strategy", ""):
        yield "retain"
    if keys := schema.get("x-kubernetes-list-map-keys"):
        yield f"keys={','.join(keys)}"
    if schema.get("x-kubernetes-list-type") == "set":
        yield "set"
    if schema.get("x-kubernetes-map-type") == "atomic":
        yield "atomic"


def compacted(documents: Iterable[Json], kinds: Mapping[tuple[str, str, str], str]) -> Schema:
    """The schema of these kinds (group, version, kind → our name for the root) and of everything below them.

    A field is `type;mark;mark`. A type is a word, a definition, `[` before what a list holds or `{` before what a map
    holds. `*` as a field's name holds the marks of the definition itself.
    """
    definitions: dict[str, Json] = {}
    for document in documents:
        definitions |= document["components"]["schemas"]
    roots: dict[str, str] = {}
    for name, definition in definitions.items():
        for one in definition.get("x-kubernetes-group-version-kind", ()):
            found = kinds.get((one["group"], one["version"], one["kind"]))
            if found:
                roots[name] = found
    return _walked(definitions, roots)


def _walked(definitions: Mapping[str, Json], roots: Mapping[str, str]) -> Schema:
    schema: Schema = {}
    waiting, done = set(roots), set()
    while waiting:
        name = waiting.pop()
        done.add(name)
        seen: set[str] = set()
        fields = {
            field: ";".join((_type(one, seen), *_marks(one)))
            for field, one in sorted(definitions[name].get("properties", {}).items())
        }
        if marks := ";".join(_marks(definitions[name])):
            fields["*"] = marks
        schema[roots.get(name, _short(name))] = fields
        waiting |= seen - done
    return dict(sorted(schema.items()))
