"""Asking an app through the API server's service proxy: where nothing but the API server can be reached."""

from urllib.parse import parse_qsl, quote

from dot_ai_lifecycle.adapters.kubernetes.caller import Caller
from dot_ai_lifecycle.adapters.kubernetes.calls import Call, path_to
from dot_ai_lifecycle.adapters.kubernetes.failures import refusal, status_of
from dot_ai_lifecycle.adapters.kubernetes.words import one_line
from dot_ai_lifecycle.core.refs import SERVICE
from dot_ai_lifecycle.core.smoke import Reply, Scheme

PROXY_SECONDS = 10.0
"""Seconds for one answer: longer than a person waits for a page."""

PROXY_BYTES = 2048
"""Bytes of an answer that are read: enough for its status, and for the first line of what it says."""

_AS_WRITTEN = "/%:@!$&'()*+,;=~"


async def asked(caller: Caller, service: str, namespace: str, port: int, path: str, scheme: Scheme) -> Reply:
    """What one pod behind the Service answers; status 0 where the API server reached none, or none answered in time.

    Raises LifecycleError where the API server itself refuses, or is not there.
    """
    called = f"https:{service}:{port}" if scheme == "https" else f"{service}:{port}"
    place, _, query = path.partition("?")
    call = Call(
        "get",
        f"{path_to(SERVICE, namespace)}/{called}/proxy{quote(place, safe=_AS_WRITTEN)}",
        SERVICE,
        service,
        namespace,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        subresource="proxy",
    )
    try:
        answer = await caller.ask_once(call, timeout=PROXY_SECONDS, most=PROXY_BYTES)
    except TimeoutError:
        return Reply(status=0, text=f"no answer within {PROXY_SECONDS:.0f} s")
    said = status_of(answer.body)
    if said.kind != "Status" or said.code != answer.status:
        return Reply(status=answer.status, text=answer.body.decode(errors="replace"))
    # The API server's proxy lags: of a new Service it does not know the Service (seen on 1.34), or not its Endpoints.
    early = said.details is not None and said.details.kind in ("services", "endpoints") and answer.status == 404
    if early or answer.status in (429, 500, 502, 503, 504):
        return Reply(status=0, text=one_line(said.message, 300))
    raise refusal(answer.status, answer.body, call, caller.place)
