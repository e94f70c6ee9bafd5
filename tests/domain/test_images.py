"""A new version means the right containers, and an odd reference is refused before anything is asked of a cluster."""

from typing import Any

import pytest

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.workload import Workload
from dot_ai_lifecycle.domain.images import image_edits, main_container, new_images, places, spoken
from tests.support.scenes import workload

DIGEST = "sha256:" + "0f" * 32


def app(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = (), **annotations: str) -> Workload:
    """A workload `web` of those containers."""
    noted = {key.replace("__", "/"): value for key, value in annotations.items()}
    pod = {"containers": list(containers), "initContainers": list(init)}
    return workload(wants={"metadata": {"annotations": noted}, "spec": pod})


def runs(name: str, image: str = "shop/web:v1", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, **more}


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        pytest.param(app(runs("side"), runs("web"), runs("app", ports=[80])), "web", id="the one named like the app"),
        pytest.param(app(runs("side"), runs("app", ports=[80])), "app", id="the only one with ports"),
        pytest.param(app(runs("one", ports=[1]), runs("two", ports=[2])), "one", id="the first of several with ports"),
        pytest.param(app(runs("one"), runs("two")), "one", id="the first"),
        pytest.param(
            app(runs("web"), runs("real"), **{"kubectl.kubernetes.io__default-container": "real"}),
            "real",
            id="the one that is annotated",
        ),
        pytest.param(
            app(runs("web"), **{"kubectl.kubernetes.io__default-container": "gone"}), "web", id="not a missing one"
        ),
    ],
)
def test_a_version_without_a_name_means_one_container(seen: Workload, name: str):
    assert main_container(seen).name == name


def wanted(seen: Workload, **asked: Any) -> dict[str, str]:
    given: dict[str, Any] = {"version": None, "image": None, "images": None}
    named = {place.path: place.name for place in places(seen)}
    return {named[path]: image for path, image in new_images(seen, **{**given, **asked}).items()}


@pytest.mark.parametrize(
    ("asked", "images"),
    [
        ({"version": "v2"}, {"web": "shop/web:v2"}),
        ({"version": DIGEST}, {"web": f"shop/web:v1@{DIGEST}"}),
        ({"version": f"v2@{DIGEST}"}, {"web": f"shop/web:v2@{DIGEST}"}),
        ({"image": "other:5000/web:v9"}, {"web": "other:5000/web:v9"}),
        ({"images": {"side": "proxy:2"}}, {"side": "proxy:2"}),
        ({"images": {"side": "proxy:1"}}, {}),
        ({"version": "v1"}, {}),
    ],
    ids=str,
)
def test_the_images_that_a_request_means_are_those_that_differ(asked: dict[str, Any], images: dict[str, str]):
    assert wanted(app(runs("web"), runs("side", "proxy:1")), **asked) == images


def test_containers_of_the_very_same_image_go_along():
    seen = app(runs("web"), runs("worker"), runs("side", "proxy:1"), init=(runs("migrate"),))

    assert wanted(seen, version="v2") == dict.fromkeys(("web", "worker", "migrate"), "shop/web:v2")


def test_an_unknown_container_is_met_with_the_near_name_or_all():
    seen = app(runs("web"), runs("proxy"))

    with pytest.raises(BadInput, match="no container 'wep'") as near:
        wanted(seen, images={"wep": "x:1"})
    with pytest.raises(BadInput) as far:
        wanted(seen, images={"database": "x:1"})

    assert near.value.hint == "Did you mean web?"
    assert far.value.hint == "Its containers: web, proxy."


@pytest.mark.parametrize(
    "image",
    [
        *("", "Shop/web:v1", "shop web:v1", "web:.v1", "web:-v1", "web:" + "v" * 129, "web@sha256:12", "web@md5:0"),
        *("web:v1\x1b[31m", "web:\N{CRAB}", "web::v1", "web:", "/web", "web/", "web:v1\n", "shop//web", "web:v1/x"),
    ],
)
def test_an_odd_reference_is_refused(image: str):
    with pytest.raises(BadInput, match="is not an image reference"):
        wanted(app(runs("web")), image=image)


@pytest.mark.parametrize(
    "image",
    [
        *(
            "web",
            "web:V1_2.3-x",
            "a.b/c__d/e---f:1",
            "Registry.Example:5000/web",
            "localhost/web:v1",
            "host:5000/web:v1",
        ),
        *("[::1]:5000/web:v1", f"ghcr.io/shop/web:v1@{DIGEST}", f"web@{DIGEST}"),
    ],
)
def test_whatever_registries_take_is_taken(image: str):
    assert wanted(app(runs("web", "old:1")), image=image) == {"web": image}


def test_an_edit_holds_what_was_seen_and_history_says_it_in_short():
    seen = app(runs("web"), runs("side", "proxy:1"))
    path = "/spec/template/spec/containers/0/image"

    [edit] = image_edits(seen, {path: "shop/web:v2"})

    assert (edit.path, edit.old, edit.new) == (path, "shop/web:v1", "shop/web:v2")
    assert spoken(seen, {path: "shop/web:v2"}) == ("shop/web:v1", "shop/web:v2")
