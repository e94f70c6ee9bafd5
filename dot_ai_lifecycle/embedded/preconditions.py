"""What a client may demand of the stored object before its write takes effect: that very object, that very version."""

from dot_ai_lifecycle.embedded.kinds import Kind
from dot_ai_lifecycle.embedded.objects import Object, name_of, namespace_of, uid_of
from dot_ai_lifecycle.embedded.rejected import MODIFIED, Rejected, conflict


def to_write(kind: Kind, old: Object, uid: str | None, resource_version: str | None) -> None:
    """Raise 409 when the stored object is another one, or another version, than the writer knows."""
    if uid and uid != uid_of(old):
        place = "/".join(part for part in (kind.plural, namespace_of(old), name_of(old)) if part)
        why = f"StorageError: invalid object, Code: 4, Key: /registry/{place}, ResourceVersion: 0, AdditionalErrorMsg: "
        why += f"Precondition failed: UID in precondition: {uid}, UID in object meta: {uid_of(old)}"
        raise conflict(kind, name_of(old), why)
    if resource_version and resource_version != old["metadata"]["resourceVersion"]:
        raise conflict(kind, name_of(old), MODIFIED)


def to_delete(kind: Kind, old: Object, uid: str | None, resource_version: str | None) -> None:
    """Raise 409 when the stored object is not the one to be deleted; a deletion has other words than an update."""
    found = {"UID": uid_of(old), "ResourceVersion": old["metadata"]["resourceVersion"]}
    fates = {"UID": "deleted and then recreated", "ResourceVersion": "modified"}
    for word, wanted in (("UID", uid), ("ResourceVersion", resource_version)):
        if wanted and wanted != found[word]:
            why = f"the {word} in the precondition ({wanted}) does not match the {word} in record ({found[word]}). "
            why += f"The object might have been {fates[word]}"
            qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
            details = {"name": name_of(old), "group": kind.group, "kind": kind.kind}
            kept = {key: value for key, value in details.items() if value}
            said = f'Operation cannot be fulfilled on {qualified} "{name_of(old)}": {why}'
            raise Rejected(409, "Conflict", said, kept)
