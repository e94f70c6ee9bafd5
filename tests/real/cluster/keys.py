"""The cluster's certificates and tokens. Elliptic keys, because they are made in milliseconds."""

import secrets
import subprocess
from pathlib import Path

NODE_ADDRESS = "172.30.0.1"
_NAMES = f"subjectAltName=IP:127.0.0.1,IP:{NODE_ADDRESS},IP:10.96.0.1,DNS:kubernetes.default.svc,DNS:localhost"

# user -> (Kubernetes user name, groups): one static token each
_USERS = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "node": ("system:node:node1", "system:nodes"),
    "proxy": ("system:kube-proxy", ""),
}


def make_certificates(pki: Path) -> None:
    """Write ca, api, client (certificate and key) and the service account key pair into `pki`; valid for 30 days."""
    _certificate(pki, "ca", "/CN=test-cluster-ca")
    signed = ("-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"))
    _certificate(pki, "api", "/CN=kube-apiserver", *signed, "-addext", _NAMES)
    _certificate(pki, "client", "/O=system:masters/CN=kube-apiserver-kubelet-client", *signed)
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(pki / "sa.key"))
    _openssl("ec", "-in", str(pki / "sa.key"), "-pubout", "-out", str(pki / "sa.pub"))


def make_tokens(pki: Path) -> dict[str, str]:
    """Write the API server's token file into `pki` and return the token of every user."""
    tokens = {user: secrets.token_hex(16) for user in _USERS}
    lines = [f'{tokens[user]},{name},{user},"{groups}"' for user, (name, groups) in _USERS.items()]
    (pki / "tokens.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tokens


def _certificate(pki: Path, name: str, subject: str, *more: str) -> None:
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"),
        *("-keyout", str(pki / f"{name}.key"), "-out", str(pki / f"{name}.crt"), "-subj", subject, *more),
    )


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
