"""Container images made here: one static program, one layer, any number of names with an environment each.

Written as a docker archive, which containerd imports in a fraction of a second; no registry is needed.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """A name under which the program can be run, with its arguments and environment."""

    ref: str
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def write_archive(target: Path, program: Path, images: Iterable[Image]) -> None:
    """Write `images` of `program` into one archive; they share their only layer."""
    layer = _layer(program.read_bytes())
    digest = hashlib.sha256(layer).hexdigest()
    files = {f"{digest}/layer.tar": layer}
    manifest = []
    for image in images:
        config = _config(image, digest)
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        files[name] = config
        manifest.append({"Config": name, "RepoTags": [image.ref], "Layers": [f"{digest}/layer.tar"]})
    files["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(target, "w") as archive:
        for name, content in files.items():
            _add(archive, name, content)


def _layer(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        _add(archive, "app", program, mode=0o755)
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(temporary)
    return buffer.getvalue()


def _config(image: Image, digest: str) -> bytes:
    machine = platform.machine()
    document = {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Entrypoint": ["/app", *image.arguments], "Env": [f"{k}={v}" for k, v in image.env.items()]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created_by": "dot-ai-lifecycle tests"}],
    }
    return json.dumps(document).encode()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
