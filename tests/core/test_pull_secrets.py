"""Pull secrets are read, and chosen among, as the kubelet does it."""

import base64
import json
from typing import Any

import pytest

from dot_ai_lifecycle.core.image_reference import reference_of
from dot_ai_lifecycle.core.pull_secrets import credentials_of, matching
from dot_ai_lifecycle.core.registry import Credential


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(entries: Any, kind: str = "kubernetes.io/dockerconfigjson") -> dict[str, Any]:
    document = {"auths": entries} if kind.endswith("json") else entries
    key = "." + kind.partition("/")[2]
    return {"type": kind, "data": {key: encoded(json.dumps(document))}}


def logins(entries: Any, kind: str = "kubernetes.io/dockerconfigjson") -> list[tuple[str, str, str]]:
    return [(one.host, one.username, one.password) for one in credentials_of(secret(entries, kind))]


@pytest.mark.parametrize("kind", ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"])
def test_both_forms_of_pull_secrets_are_read(kind: str):
    entries = {
        "registry.example.com": {"auth": encoded("jane:s3:cr3t")},
        "https://other.example.com/v2/": {"username": "joe", "password": "word"},
    }

    assert logins(entries, kind) == [
        ("registry.example.com", "jane", "s3:cr3t"),
        ("other.example.com", "joe", "word"),
    ]


def test_the_encoded_login_rules_over_the_fields_beside_it():
    assert logins({"a.example": {"auth": encoded("jane:one"), "username": "joe", "password": "two"}}) == [
        ("a.example", "jane", "one")
    ]


def test_an_encoded_login_needs_no_padding():
    assert logins({"a.example": {"auth": encoded("jane:x").rstrip("=")}}) == [("a.example", "jane", "x")]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://index.docker.io/v1/", "index.docker.io"),
        ("http://a.example/", "a.example"),
        ("a.example:5000/team/web", "a.example:5000/team/web"),
        ("https://a.example/v2/team", "a.example/team"),
        ("*.example.com", "*.example.com"),
    ],
)
def test_an_address_is_reduced_to_host_and_path(address: str, host: str):
    assert logins({address: {"auth": encoded("jane:x")}}) == [(host, "jane", "x")]


@pytest.mark.parametrize(
    "entry",
    [
        *({}, {"auth": "%%%"}, {"auth": encoded("nocolon")}, {"auth": 7}, {"username": "jane"}, "text", None),
        {"auth": base64.b64encode(b"\xff:\xfe").decode()},
    ],
)
def test_an_entry_that_cannot_be_read_is_left_out(entry: Any):
    assert logins({"a.example": entry, "b.example": {"auth": encoded("jane:x")}}) == [("b.example", "jane", "x")]


@pytest.mark.parametrize("address", ["https://[", ""])
def test_an_address_that_is_none_is_left_out(address: str):
    assert logins({address: {"auth": encoded("jane:x")}}) == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"type": "Opaque", "data": {".dockerconfigjson": encoded("{}")}},
        {"type": "kubernetes.io/dockerconfigjson"},
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "%"}},
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded("{")}},
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded("[]")}},
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded('{"auths": 7}')}},
        {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": encoded("[" * 100_000)}},
    ],
)
def test_a_secret_that_holds_no_logins_gives_none(broken: dict[str, Any]):
    assert credentials_of(broken) == ()


def test_a_login_never_shows_its_password():
    assert "s3cr3t" not in repr(Credential("a.example", "jane", "s3cr3t"))
    assert "s3cr3t" not in f"{Credential('a.example', 'jane', 's3cr3t')!s}"


@pytest.mark.parametrize(
    ("pattern", "image", "fits"),
    [
        ("a.example", "a.example/web", True),
        ("a.example", "b.example/web", False),
        ("a.example", "a.example:5000/web", False),
        ("a.example:5000", "a.example:5000/web", True),
        ("a.example/team", "a.example/team/web", True),
        ("a.example/team", "a.example/teamwork/web", True),  # a plain beginning, as the kubelet has it
        ("a.example/team", "a.example/other/web", False),
        ("*.a.example", "eu.a.example/web", True),
        ("*.a.example", "a.example/web", False),
        ("*.a.example", "one.two.a.example/web", False),
        ("*.*.a.example", "one.two.a.example/web", True),
        ("pre*.a.example", "prefix.a.example/web", True),
        ("*.a.example:5000/team", "eu.a.example:5000/team/web", True),
        ("[::1]:5000", "[::1]:5000/web", True),
        ("index.docker.io", "nginx", True),
        ("index.docker.io", "example/web", True),
        ("docker.io", "example/web", True),
        ("docker.io/other", "example/web", False),
        ("index.docker.io", "a.example/web", False),
    ],
)
def test_a_login_fits_by_host_port_and_the_beginning_of_the_path(pattern: str, image: str, fits: bool):
    reference = reference_of(image)

    assert reference is not None
    assert bool(matching(reference, (Credential(pattern, "jane", "x"),))) is fits


def test_the_longest_path_is_tried_first():
    reference = reference_of("a.example/team/web")
    logins = tuple(Credential(host, "jane", "x") for host in ("*.example", "a.example", "a.example/team", "b.example"))

    assert reference is not None
    assert [one.host for one in matching(reference, logins)] == ["a.example/team", "a.example", "*.example"]
