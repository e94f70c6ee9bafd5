"""A reference is read in full as container runtimes read it, and what is none never becomes one."""

import pytest

from dot_ai_lifecycle.core.image_reference import is_local, reference_of

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("example/my-app:v2", "docker.io/example/my-app:v2"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("registry.example.com/web", "registry.example.com/web:latest"),
        ("registry:5000/team/web:v1", "registry:5000/team/web:v1"),
        ("localhost/web:v1", "localhost/web:v1"),
        ("Box/web:v1", "Box/web:v1"),
        ("[::1]:5000/web:v1", "[::1]:5000/web:v1"),
        (f"box.local/web:v1@{DIGEST}", f"box.local/web@{DIGEST}"),
        (f"web@{DIGEST}", f"docker.io/library/web@{DIGEST}"),
    ],
)
def test_a_reference_is_completed_as_runtimes_do(image: str, whole: str):
    assert str(reference_of(image)) == whole


def test_a_digest_rules_over_the_tag_beside_it():
    reference = reference_of(f"box.local/web:v1@{DIGEST}")

    assert reference is not None
    assert (reference.version, reference.tag) == (DIGEST, "v1")


@pytest.mark.parametrize(
    "image",
    [
        *("", ":", "@", "a b", "UPPER", "box.local/../x", "box.local/x?y", "box.local/x#y", "box.local/x:", "x@"),
        *("a@b/c.d/x:v", "box.local/x:v\r\nHost: y", "x@md5:aa", "-box.local/x", "box.local:port/x", "x/" * 200 + "x"),
        f"x@{DIGEST}0",
    ],
)
def test_what_no_registry_could_have_is_no_reference(image: str):
    assert reference_of(image) is None


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost:5000", True),
        ("kind.localhost", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("box.local", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_a_host_of_the_loopback_is_whatever_machine_asks(host: str, local: bool):
    reference = reference_of(f"{host}/web:v1")

    assert reference is not None
    assert reference.local is local


def test_names_mean_this_machine_in_any_case():
    assert is_local("LOCALHOST")
