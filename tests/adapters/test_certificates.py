"""Whom we believe and who we are, as a kubeconfig says it: inline or in files, and never left lying about."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import Access
from dot_ai_lifecycle.adapters.kubernetes.sessions import open_session
from dot_ai_lifecycle.core.errors import NoCluster
from tests.adapters.server import Authority, answering_nothing, serving

pytestmark = pytest.mark.realtime


def inline(path: Path) -> str:
    """A file as kubeconfigs hold it, broken into lines as some tools write it."""
    return base64.encodebytes(path.read_bytes()).decode()


def access(server: str, user: dict[str, Any], **cluster: Any) -> Access:
    return Access("here", "shop", server, "jane", "the file", cluster, user)


async def test_what_stands_inline_is_believed_and_shown_and_no_key_stays_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    authority = Authority.made(tmp_path)
    certificate, key = authority.issue("jane")
    user = {"client-certificate-data": inline(certificate), "client-key-data": inline(key)}
    shown: list[Any] = []

    async with serving(answering_nothing(shown), authority) as server:
        session = await open_session(access(server, user, **{"certificate-authority-data": inline(authority.ca)}), None)
        assert list(scratch.iterdir()) == []
        async with session.http as http, http.get(server) as answer:
            assert answer.status == 200
    assert shown == ["jane"]


async def test_what_stands_inline_beats_the_file(tmp_path: Path):
    authority = Authority.made(tmp_path)
    cluster = {"certificate-authority": "gone.pem", "certificate-authority-data": inline(authority.ca)}

    async with serving(answering_nothing([]), authority) as server:
        session = await open_session(access(server, {}, **cluster), None)
        async with session.http as http, http.get(server) as answer:
            assert answer.status == 200


async def test_a_key_with_a_password_is_refused_and_nobody_is_asked(tmp_path: Path):
    certificate, key = Authority.made(tmp_path).issue("jane")
    key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"s3cret"),
        )
    )

    with pytest.raises(NoCluster, match="certificates of context 'here' in the file cannot be used"):
        await open_session(
            access("https://c.test", {"client-certificate": str(certificate), "client-key": str(key)}), None
        )


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"certificate-authority": "/nowhere/ca.pem"}, "/nowhere/ca.pem: No such file or directory"),
        ({"certificate-authority-data": "%%%"}, "certificate-authority-data is not base64"),
        ({"certificate-authority-data": "bm8gcGVt"}, "cannot be used"),
    ],
)
async def test_an_authority_that_cannot_be_read_is_told(cluster: dict[str, str], words: str):
    with pytest.raises(NoCluster, match=words):
        await open_session(access("https://c.test", {}, **cluster), None)
