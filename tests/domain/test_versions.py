"""Which version of an app runs."""

import pytest
from msgspec.structs import replace

from dot_ai_lifecycle.domain.versions import digest_in, version
from tests.support.scenes import container, pod, template, workload

DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_the_version_is_the_tag_and_the_digest_that_runs() -> None:
    running = pod("web-0", containers=(container(image_id=f"docker.io/shop/web@{DIGEST}"),))
    found = version(workload(), [running])
    assert (found.container, found.tag, found.digest, str(found)) == ("web", "v2", DIGEST, "v2@01234567")


def test_pods_of_another_image_tell_no_digest() -> None:
    old = pod("web-0", containers=(container(image="shop/web:v1", image_id=f"docker.io/shop/web@{DIGEST}"),))
    assert str(version(workload(), [old])) == "v2"


def test_the_digest_most_pods_run_is_told() -> None:
    moved = pod("web-9", containers=(container(image_id="x@sha256:" + "f" * 64),))
    same = [pod(f"web-{n}", containers=(container(image_id=f"x@{DIGEST}"),)) for n in range(2)]
    assert version(workload(), [moved, *same]).digest == DIGEST


def test_a_pinned_image_is_its_own_digest() -> None:
    found = version(workload(wants=template(f"shop/web@{DIGEST}")))
    assert (found.digest, str(found)) == (DIGEST, "sha256:0123456789ab")


def test_a_sidecar_is_not_the_version() -> None:
    two = template()
    two["spec"]["containers"] = [{"name": "proxy", "image": "mesh:1"}, {"name": "web", "image": "shop/web:v2"}]
    assert version(workload(wants=two)).tag == "v2"


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (f"docker-pullable://shop/web@{DIGEST}", DIGEST),
        (f"localhost:5000/shop/web@{DIGEST}", DIGEST),
        (DIGEST, ""),
        ("", ""),
    ],
)
def test_only_a_registrys_digest_counts(image_id: str, digest: str) -> None:
    assert digest_in(image_id) == digest


def test_pods_that_have_not_started_tell_nothing() -> None:
    assert version(workload(), [replace(pod("web-0"), containers=(container(image_id=""),))]).digest == ""
