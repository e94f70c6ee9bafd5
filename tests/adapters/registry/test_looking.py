"""A registry over real sockets is asked for an image, and what it says becomes one word and one sentence."""

import base64

import pytest
from aiohttp import web

from dot_ai_lifecycle.adapters.registry import ImageRegistries
from dot_ai_lifecycle.core.registry import Credential, ImageSight
from tests.support.image_registry import DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST, Registry, registry

pytestmark = pytest.mark.realtime

AMD = frozenset({"linux/amd64"})
NOBODY = "0" * 64


async def look(
    there: Registry, image: str, *, word: str = "", platforms: frozenset[str] = frozenset(), user: str = "jane"
) -> ImageSight:
    credentials = (Credential(there.host, user, word),) if word else ()
    return await ImageRegistries().look(f"{there.host}/{image}", credentials, platforms=platforms)


async def test_an_image_that_anybody_may_pull_is_found_by_one_head_request():
    async with registry() as there:
        digest = there.push_image("shop/web", "v2")
        sight = await look(there, "shop/web:v2")

    assert (sight.found, sight.digest, sight.platforms) == ("found", digest, ())
    assert sight.words == f"{there.host} has shop/web:v2."
    assert there.lines == ["HEAD /v2/shop/web/manifests/v2"]
    assert there.heard[0].headers["User-Agent"].startswith("dot-ai-lifecycle/")
    assert all(kind in there.heard[0].headers["Accept"] for kind in (INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))


async def test_an_image_without_a_tag_is_its_latest():
    async with registry() as there:
        there.push_image("web", "latest")

        assert (await look(there, "web")).found == "found"
        assert there.lines == ["HEAD /v2/web/manifests/latest"]


async def test_a_digest_is_asked_for_instead_of_the_tag_beside_it():
    async with registry() as there:
        digest = there.push_image("shop/web", "v2")
        sight = await look(there, f"shop/web:gone@{digest}")
        lost = await look(there, f"shop/web@sha256:{NOBODY}")

    assert (sight.found, sight.digest) == ("found", digest)
    assert lost.found == "missing"
    assert there.lines == [f"HEAD /v2/shop/web/manifests/{digest}", f"HEAD /v2/shop/web/manifests/sha256:{NOBODY}"]


@pytest.mark.parametrize("image", ["shop/web:v9", "shop/nothing:v2"])
async def test_a_tag_or_a_repository_that_is_not_there_is_missing(image: str):
    async with registry() as there:
        there.push_image("shop/web", "v2")
        sight = await look(there, image)

    assert sight.found == "missing"
    assert sight.words == f"{there.host} has no {image}."


@pytest.mark.parametrize("login", ["basic", "bearer"])
async def test_a_login_is_presented_in_the_way_the_registry_asks_for(login: str):
    async with registry("basic" if login == "basic" else "bearer") as there:
        there.push_image("shop/web", "v2")
        sight = await look(there, "shop/web:v2", word="s3cr3t")

    basic = "Basic " + base64.b64encode(b"jane:s3cr3t").decode()
    assert sight.found == "found"
    assert there.logins == ([basic] if login == "basic" else [basic, "Bearer granted"])
    assert "Authorization" not in there.heard[0].headers


async def test_a_token_is_asked_for_with_the_service_and_the_scope_of_the_challenge():
    async with registry("bearer") as there:
        there.push_image("shop/web", "v2")
        await look(there, "shop/web:v2", word="s3cr3t")

    assert dict(there.heard[1].query) == {"service": "registry.test", "scope": "repository:shop/web:pull"}


@pytest.mark.parametrize("login", ["basic", "bearer"])
async def test_a_wrong_login_is_denied_and_never_told(login: str):
    async with registry("basic" if login == "basic" else "bearer") as there:
        there.push_image("shop/web", "v2")
        sight = await look(there, "shop/web:v2", word="wr0ng")

    assert sight.found == "denied"
    assert f"to the login of the pull secret for {there.host}" in sight.words
    assert "wr0ng" not in repr(sight)


@pytest.mark.parametrize("login", ["basic", "bearer"])
async def test_without_a_login_a_refusal_may_also_mean_that_there_is_nothing(login: str):
    async with registry("basic" if login == "basic" else "bearer") as there:
        sight = await look(there, "shop/web:v2")

    assert sight.found == "denied"
    assert "without a login" in sight.words
    assert "the same of a repository that does not exist" in sight.words


async def test_each_login_that_fits_is_tried_and_others_never():
    async with registry("basic") as there:
        there.push_image("shop/web", "v2")
        credentials = (
            Credential("registry.example.com", "eve", "elsewhere"),
            Credential(there.host, "jane", "s3cr3t"),
            Credential(f"{there.host}/shop", "joe", "outdated"),
        )
        sight = await ImageRegistries().look(f"{there.host}/shop/web:v2", credentials)

    assert sight.found == "found"
    assert [base64.b64decode(one[6:]) for one in there.logins] == [b"joe:outdated", b"jane:s3cr3t"]


async def test_a_refusal_without_a_challenge_is_a_refusal():
    async def forbidding(_: web.Request) -> web.StreamResponse:
        return web.Response(status=403)

    async with registry(misbehaving=forbidding) as there:
        assert (await look(there, "shop/web:v2", word="s3cr3t")).found == "denied"
        assert there.logins == []


@pytest.mark.parametrize("kind", [INDEX, DOCKER_LIST])
async def test_an_image_for_several_platforms_is_found_where_a_node_can_run_one(kind: str):
    async with registry() as there:
        digest = there.push_index("shop/web", "v2", "linux/arm64/v8", "linux/amd64", kind=kind)
        sight = await look(there, "shop/web:v2", platforms=AMD)

    assert (sight.found, sight.digest) == ("found", digest)
    assert sight.platforms == ("linux/arm64/v8", "linux/amd64")
    assert sight.words.endswith("for linux/arm64/v8, linux/amd64.")


@pytest.mark.parametrize("kind", [MANIFEST, DOCKER_MANIFEST])
async def test_an_image_for_one_platform_says_which_in_its_configuration(kind: str):
    async with registry("bearer") as there:
        there.push_image("shop/web", "v2", "linux/arm64", kind=kind)
        wrong = await look(there, "shop/web:v2", word="s3cr3t", platforms=AMD)
        right = await look(there, "shop/web:v2", word="s3cr3t", platforms=AMD | {"linux/arm64"})

    assert (wrong.found, right.found, right.platforms) == ("wrong-platform", "found", ("linux/arm64",))
    assert wrong.words == f"{there.host}/shop/web:v2 is built for linux/arm64, and the nodes are linux/amd64."


async def test_no_platform_of_an_index_is_any_nodes():
    async with registry() as there:
        there.push_index("shop/web", "v2", "linux/arm64/v8", "windows/amd64")
        sight = await look(there, "shop/web:v2", platforms=AMD)

    assert (sight.found, sight.platforms) == ("wrong-platform", ("linux/arm64/v8", "windows/amd64"))


async def test_an_image_that_does_not_say_what_it_is_built_for_is_found():
    async with registry() as there:
        there.push("shop/web", "unsaid", {"manifests": [{"digest": f"sha256:{NOBODY}"}]}, INDEX)
        there.push("shop/web", "bare", {"layers": []})
        there.push("shop/web", "odd", {"config": {"digest": "../../../token"}})
        there.push("shop/web", "lost", {"config": {"digest": f"sha256:{NOBODY}"}})
        there.push("shop/web", "empty", {"config": {"digest": there.push_image("other", "x")}})
        there.blobs |= dict.fromkeys([name for _, name in there.contents if name.startswith("sha256:")], b"")
        seen = [
            await look(there, f"shop/web:{tag}", platforms=AMD) for tag in ("unsaid", "bare", "odd", "lost", "empty")
        ]

    assert [(sight.found, sight.platforms) for sight in seen] == [("found", ())] * 5
    assert not any("token" in line for line in there.lines)


async def test_a_configuration_nobody_hands_out_takes_nothing_back():
    async def withholding(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=401) if "/blobs/" in request.path else None

    async with registry(misbehaving=withholding) as there:
        there.push_image("shop/web", "v2", "linux/arm64")

        assert (await look(there, "shop/web:v2", platforms=AMD)).found == "found"


async def test_a_quota_on_manifests_takes_nothing_back_of_what_the_head_told():
    async def thrifty(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=429) if request.method == "GET" else None

    async with registry(misbehaving=thrifty) as there:
        digest = there.push_index("shop/web", "v2", "linux/amd64")
        sight = await look(there, "shop/web:v2", platforms=AMD)

    assert (sight.found, sight.digest, sight.platforms) == ("found", digest, ())


async def test_a_registry_that_knows_no_head_is_asked_for_the_manifest():
    async def old(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=405) if request.method == "HEAD" else None

    async with registry(misbehaving=old) as there:
        digest = there.push_image("shop/web", "v2")
        found, missing = await look(there, "shop/web:v2"), await look(there, "shop/web:v3")

    assert (found.found, found.digest, missing.found) == ("found", digest, "missing")


async def test_a_digest_header_that_is_none_is_not_passed_on():
    async def boasting(request: web.Request) -> web.StreamResponse | None:
        return web.Response(content_type=MANIFEST, headers={"Docker-Content-Digest": "sha256:<b>x</b>"})

    async with registry(misbehaving=boasting) as there:
        sight = await look(there, "shop/web:v2")

    assert (sight.found, sight.digest) == ("found", "")
