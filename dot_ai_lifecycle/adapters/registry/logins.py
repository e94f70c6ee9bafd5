"""How a registry lets somebody in: it names the way in a challenge, and mostly a place that hands out tokens."""

import base64
import re

import msgspec
from msgspec import Struct
from yarl import URL

from dot_ai_lifecycle.adapters.registry.asking import Asking, Reply
from dot_ai_lifecycle.adapters.registry.failures import Denied, Unanswered
from dot_ai_lifecycle.core.registry import Credential

_CHALLENGE = re.compile(
    r'(?P<scheme>[A-Za-z]+)\s+(?P<rest>[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",]+)(?:\s*,\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",]+))*)'
)
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')
_TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")


class Challenge(Struct, frozen=True):
    """What a 401 asks for; `scheme` in lower case, empty where it asks for nothing we know."""

    scheme: str = ""
    realm: str = ""
    service: str = ""
    scope: str = ""


class Token(msgspec.Struct):
    """What a token server answers, by the one name or the other."""

    token: str = ""
    access_token: str = ""


def challenge_in(header: str) -> Challenge:
    """The challenge in a WWW-Authenticate header; a bearer's where there are several."""
    found = [_challenge(match["scheme"].lower(), match["rest"]) for match in _CHALLENGE.finditer(header)]
    known = [one for one in found if one.scheme in ("bearer", "basic")]
    return next((one for one in known if one.scheme == "bearer"), known[0] if known else Challenge())


def _challenge(scheme: str, rest: str) -> Challenge:
    given = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in _PARAMETER.findall(rest)}
    return Challenge(scheme, given.get("realm", ""), given.get("service", ""), given.get("scope", ""))


async def authorization(asking: Asking, refused: Reply, repository: str, credential: Credential | None) -> str:
    """The header that answers a 401. Raises Denied where there is none, Unanswered where nobody could hand one out."""
    challenge = challenge_in(refused.headers.get("www-authenticate", ""))
    if challenge.scheme == "bearer":
        return f"Bearer {await _token(asking, challenge, repository, credential)}"
    if challenge.scheme == "basic" and credential:
        return _basic(credential)
    raise Denied


async def _token(asking: Asking, challenge: Challenge, repository: str, credential: Credential | None) -> str:
    """A token to pull, as the token servers of `distribution` hand it out, for the login where there is one."""
    asked = {"service": challenge.service, "scope": challenge.scope or f"repository:{repository}:pull"}
    try:
        url = URL(challenge.realm).with_user(None).update_query({name: value for name, value in asked.items() if value})
        url.origin()
    except ValueError as error:
        raise Unanswered("its registry names no place to log in that could be asked") from error
    login = _basic(credential) if credential else ""
    reply = await asking.ask("GET", url, accept="application/json", authorization=login)
    if reply.status in (401, 403):
        raise Denied
    if reply.status != 200:
        raise Unanswered(f"the place to log in to its registry answered HTTP {reply.status}")
    try:
        answered = msgspec.json.decode(reply.body, type=Token)
    except msgspec.DecodeError:
        answered = Token()
    token = answered.token or answered.access_token
    if not _TOKEN.fullmatch(token):
        raise Unanswered("the place to log in to its registry handed out no token")
    return token


def _basic(credential: Credential) -> str:
    return "Basic " + base64.b64encode(f"{credential.username}:{credential.password}".encode()).decode()
