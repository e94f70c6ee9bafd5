"""ConfigMaps and Secrets with what they hold, and the batch kinds that read them, on the wire and in our words."""

from datetime import datetime
from typing import Any

from dot_ai_lifecycle.adapters.kubernetes.wire import AnnotatedMetadata, Metadata, Wire
from dot_ai_lifecycle.core.configuration import Stored, Templated, decoded
from dot_ai_lifecycle.core.workload import Manifest


class ManagedFields(Wire):
    manager: str = ""
    operation: str = ""
    time: datetime | None = None
    subresource: str = ""
    fields_v1: dict[str, Any] | None = None


class StoredMetadata(AnnotatedMetadata):
    managed_fields: list[ManagedFields] | None = None


class StoredConfigMap(Wire):
    metadata: StoredMetadata
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None
    immutable: bool = False


class StoredSecret(Wire):
    metadata: StoredMetadata
    data: dict[str, str] | None = None
    immutable: bool = False


class PodTemplate(Wire):
    spec: dict[str, Any]


class BatchJobSpec(Wire):
    template: PodTemplate


class BatchJob(Wire):
    metadata: Metadata
    spec: BatchJobSpec


class JobTemplate(Wire):
    spec: BatchJobSpec


class BatchCronJobSpec(Wire):
    job_template: JobTemplate


class BatchCronJob(Wire):
    metadata: Metadata
    spec: BatchCronJobSpec


def config_map(seen: StoredConfigMap) -> Stored:
    """A ConfigMap; what is not text is bytes."""
    binary = {key: decoded(text) for key, text in (seen.binary_data or {}).items()}
    return _stored("ConfigMap", seen.metadata, {**(seen.data or {}), **binary}, immutable=seen.immutable)


def secret(seen: StoredSecret) -> Stored:
    """A Secret, decoded."""
    values = {key: decoded(text) for key, text in (seen.data or {}).items()}
    return _stored("Secret", seen.metadata, values, immutable=seen.immutable)


def _stored(kind: str, metadata: StoredMetadata, values: dict[str, Any], *, immutable: bool) -> Stored:
    last = _last_writer(metadata)
    return Stored(
        kind,
        metadata.name,
        metadata.namespace,
        metadata.uid,
        _manifest(metadata),
        values,
        immutable,
        metadata.creation_timestamp,
        last.time if last else None,
        last.manager if last else "",
    )


def _last_writer(metadata: StoredMetadata) -> ManagedFields | None:
    """Who wrote the content last, of those whose fields are part of it."""
    writers = [
        entry
        for entry in metadata.managed_fields or ()
        if entry.time and {"f:data", "f:binaryData"} & set(entry.fields_v1 or ())
    ]
    return max(writers, key=lambda entry: entry.time or datetime.min) if writers else None


def _manifest(metadata: StoredMetadata) -> Manifest:
    """What tells whose the object is."""
    return {
        "name": metadata.name,
        "namespace": metadata.namespace,
        "labels": metadata.labels or {},
        "annotations": metadata.annotations or {},
        "ownerReferences": [
            {"kind": one.kind, "name": one.name, "uid": one.uid, "controller": one.controller}
            for one in metadata.owner_references or ()
        ],
        "managedFields": [
            {"manager": one.manager, "subresource": one.subresource} for one in metadata.managed_fields or ()
        ],
    }


def job(seen: BatchJob) -> Templated:
    parents = [one for one in seen.metadata.owner_references or () if one.controller]
    parent = f"{parents[0].kind} {parents[0].name}" if parents else ""
    return _templated("Job", seen.metadata, seen.spec, parent)


def cron_job(seen: BatchCronJob) -> Templated:
    return _templated("CronJob", seen.metadata, seen.spec.job_template.spec)


def _templated(kind: str, metadata: Metadata, spec: BatchJobSpec, parent: str = "") -> Templated:
    template = {"spec": spec.template.spec}
    return Templated(kind, metadata.name, metadata.namespace, metadata.uid, template, parent)
