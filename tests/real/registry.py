"""An image registry that has nothing: it answers, and says of every image that it does not exist.

containerd speaks plain HTTP to `localhost`, so `localhost:PORT/web:v2` is asked for here; what was loaded into the node
under that name beforehand needs no registry.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

_UNKNOWN = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
_DENIED = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}


@asynccontextmanager
async def registry(*, private: bool = False) -> AsyncIterator[str]:
    """The registry's name, `localhost:PORT`, as long as the block runs. A private one hands out nothing to anybody."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if private:
            return web.json_response(_DENIED, status=401)
        if request.path.rstrip("/") == "/v2":
            return web.json_response({})
        return web.json_response(_UNKNOWN, status=404)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
