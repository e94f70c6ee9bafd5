"""Which addresses may be asked: names of images come from models, and must not lead to what only this machine reaches.

Addresses of a private network are let through, because registries live there. Addresses of the link are not: clouds
hand out a machine's own credentials on them. Names are checked by what they resolve to, and exactly that is connected
to; where a proxy is set, it is the proxy that resolves them.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from dot_ai_lifecycle.core.image_reference import is_local

_METADATA = tuple(ip_network(one) for one in ("fd00:ec2::/32", "100.100.100.200/32", "fd20:ce::/32"))
"""Metadata services outside the link's own addresses: of AWS, Alibaba Cloud and Google Cloud."""

_TRANSLATED = ip_network("64:ff9b::/96")
"""IPv4 behind NAT64 (RFC 6052)."""

Found = list[tuple[Any, Any, int, str, tuple[Any, ...]]]


class Barred(OSError):
    """A name leads where no registry is asked."""


def forbidden(address: str) -> bool:
    """Whether nothing may be asked there: link, nowhere, everybody, metadata. Raises ValueError for a name."""
    found = _plain(ip_address(address))
    return (
        found.is_link_local
        or found.is_multicast
        or found.is_unspecified
        or any(found in network for network in _METADATA)
    )


def barred(host: str) -> bool:
    """Whether a host says by itself that nothing may be asked there; names say nothing before they are resolved."""
    try:
        return forbidden(host)
    except ValueError:
        # 2852039166 and 169.16689662 are addresses to the system, which nobody would resolve before it connects
        return host.replace(".", "").isdigit()


class CarefulResolver(AbstractResolver):
    """The system's resolver, less the addresses nothing may be asked at.

    It resolves in a thread of its own that nobody waits for: an unreachable name server would otherwise keep the
    process from ending long after the look has given up.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await _resolved(host, port, family)
        addresses = [(one[0], str(one[4][0])) for one in found]
        allowed = [(kind, address) for kind, address in addresses if _allowed(host, address)]
        if not allowed:
            raise Barred(f"{host} leads nowhere that is asked")
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=numeric)
            for kind, address in allowed
        ]

    async def close(self) -> None:
        """There is nothing to close."""


def _allowed(host: str, address: str) -> bool:
    """Only a name that says so may lead to this machine."""
    return not forbidden(address) and (is_local(host) or not _plain(ip_address(address)).is_loopback)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address wraps, where it wraps one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


async def _resolved(host: str, port: int, family: socket.AddressFamily) -> Found:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Found] = loop.create_future()

    def settle(found: Found | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: Found | OSError
        try:
            found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        except UnicodeError:
            found = socket.gaierror(socket.EAI_NONAME, "no name")
        except OSError as error:
            found = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name="registry-name", daemon=True).start()
    return await answer
