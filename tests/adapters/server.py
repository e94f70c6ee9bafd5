"""A small HTTPS server with certificates of its own, for what needs real sockets."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Authority:
    """A certificate authority that signs one server and any number of clients."""

    home: Path
    key: Key
    certificate: x509.Certificate

    @classmethod
    def made(cls, home: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed("test-ca", key.public_key(), "test-ca", key, authority=True)
        authority = cls(home, key, certificate)
        authority.ca.write_bytes(_pem(certificate))
        return authority

    @property
    def ca(self) -> Path:
        return self.home / "ca.pem"

    def issue(self, name: str, *, server: bool = False) -> tuple[Path, Path]:
        """Certificate and key files for that name; a server's is for 127.0.0.1 and `cluster.test`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(name, key.public_key(), "test-ca", self.key, server=server)
        files = self.home / f"{name}.pem", self.home / f"{name}.key"
        files[0].write_bytes(_pem(certificate))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _signed(
    subject: str,
    public: ec.EllipticCurvePublicKey,
    issuer: str,
    key: Key,
    *,
    authority: bool = False,
    server: bool = False,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if server:
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("cluster.test")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


@asynccontextmanager
async def serving(answering: Answering, authority: Authority | None = None) -> AsyncIterator[str]:
    """The base URL of a server that answers so; with an authority over TLS, asking for client certificates."""
    context = None
    if authority:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.ca))
        context.load_cert_chain(*authority.issue("server", server=True))
        context.verify_mode = ssl.CERT_OPTIONAL
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answering)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"{'https' if authority else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


Behaving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(behaving: Behaving) -> AsyncIterator[str]:
    """Address and port of a server that speaks no HTTP: every connection is handed to `behaving`."""
    connections: list[asyncio.Task[None]] = []

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaving(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def begun(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.ensure_future(handled(reader, writer)))

    server = await asyncio.start_server(begun, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def kubeconfig(path: Path, cluster: dict[str, object], user: dict[str, object]) -> str:
    """A kubeconfig with one context, `here`."""
    document = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "current-context": "here",
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)


def answering_nothing(shown: list[str]) -> Answering:
    """An API that says nothing and notes the name in each certificate it is shown."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        certificate = request.transport.get_extra_info("peercert")
        if certificate:
            shown.append(dict(part[0] for part in certificate["subject"])["commonName"])
        return web.Response()

    return answer
