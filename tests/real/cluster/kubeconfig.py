"""Kubeconfig files that stand alone: the certificate authority is inside, so they can be copied anywhere."""

import base64
import json
from pathlib import Path

SERVER = "https://127.0.0.1:6443"


def write(path: Path, *, authority: bytes, user: str, token: str, server: str = SERVER) -> Path:
    """Write a kubeconfig with one context, for `user` with a bearer token, readable by its owner only."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")  # JSON is YAML
    return path
