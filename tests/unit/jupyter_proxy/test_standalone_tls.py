"""TLS on every side of the standalone door."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from shiva_jupyter_proxy.standalone.command_line import parse
from shiva_jupyter_proxy.standalone.pages import redirect
from shiva_jupyter_proxy.standalone.running import Standing, opened
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from tests.fakes.certificates import Pair, signed
from tests.fakes.chp_calls import TOKEN
from tests.fakes.proxy_door import Answer, Client
from tests.fakes.proxy_upstream import upstream_standing

ADDRESSES = "--ip 127.0.0.1 --port 0 --api-ip 127.0.0.1 --api-port 0"
KNOWN = {"Authorization": f"token {TOKEN}"}


@asynccontextmanager
async def door(flags: str) -> AsyncIterator[Standing]:
    async with opened(parse(f"{ADDRESSES} {flags}".split(), {"CONFIGPROXY_AUTH_TOKEN": TOKEN})) as standing:
        yield standing


def trusting(authority: Path, own: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    if own is not None:
        context.load_cert_chain(own.cert, own.key)
    return context


async def ask(
    port: int, method: str, path: str, headers: dict[str, str] = KNOWN, *,
    body: bytes = b"", tls: ssl.SSLContext | None = None,
) -> Answer:  # fmt: skip
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        return await Client(reader, writer).ask(method, path, {"Host": "hub.example"} | headers, body)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


async def routed(standing: Standing, target: str, tls: ssl.SSLContext | None = None) -> int:
    body = b'{"target": "%s"}' % target.encode()
    return (await ask(standing.api, "POST", "/api/routes/", body=body, tls=tls)).status


def test_people_come_by_https_and_servers_are_told(tmp_path: Path) -> None:
    pair = signed(tmp_path, "public")

    async def use() -> None:
        async with upstream_standing() as server, door(f"--ssl-key {pair.key} --ssl-cert {pair.cert}") as standing:
            assert await routed(standing, server.url) == 201
            answer = await ask(standing.public, "GET", "/x", tls=trusting(pair.ca))
            told = {name.lower(): value for name, value in answer.facts["headers"]}
            assert (told["x-forwarded-proto"], told["x-forwarded-port"]) == ("https", "443")

    asyncio.run(use())


def test_the_api_and_targets_may_ask_for_a_certificate_as_the_hubs_parts_do(tmp_path: Path) -> None:
    api, hub, client = signed(tmp_path, "api"), signed(tmp_path, "hub"), signed(tmp_path, "client")
    bundle = tmp_path / "trusted.pem"
    bundle.write_text(hub.ca.read_text() + client.ca.read_text())
    wanted = "--api-ssl-request-cert --api-ssl-reject-unauthorized"
    own = f"--client-ssl-key {client.key} --client-ssl-cert {client.cert} --client-ssl-ca {api.ca}"

    async def use() -> None:
        flags = f"--api-ssl-key {api.key} --api-ssl-cert {api.cert} --api-ssl-ca {bundle} {wanted} {own}"
        async with door(flags) as standing:
            with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                await routed(standing, "http://127.0.0.1:1", trusting(api.ca))
            known = trusting(api.ca, hub)
            assert await routed(standing, f"https://127.0.0.1:{standing.api}", known) == 201
            through = await ask(standing.public, "GET", "/api/routes")
            assert (through.status, list(through.facts)) == (200, ["/"])

    asyncio.run(use())


@pytest.mark.parametrize(("flags", "status"), [("", 503), ("--insecure", 200)])
def test_a_target_with_an_unknown_certificate_is_no_target_unless_that_is_wanted(
    flags: str, status: int, tmp_path: Path
) -> None:
    pair = signed(tmp_path, "api")

    async def use() -> None:
        async with door(f"--api-ssl-key {pair.key} --api-ssl-cert {pair.cert} {flags}") as standing:
            assert await routed(standing, f"https://127.0.0.1:{standing.api}", trusting(pair.ca)) == 201
            assert (await ask(standing.public, "GET", "/api/routes")).status == status

    asyncio.run(use())


@pytest.mark.parametrize(
    ("port", "host", "location"),
    [
        (443, "hub.example:80", "https://hub.example/user/ada?x=%2F"),
        (8443, "hub.example", "https://hub.example:8443/user/ada?x=%2F"),
        (443, "[::1]:80", "https://[::1]/user/ada?x=%2F"),
    ],
)
def test_plain_http_is_led_to_https(port: int, host: str, location: str) -> None:
    async def use() -> None:
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(redirect(port))
        server.add_sockets(sockets)
        answer = await ask(sockets[0].getsockname()[1], "GET", "/user/ada?x=%2F", {"Host": host})
        assert (answer.status, answer.value("location")) == (301, location)
        server.stop()
        await server.close_all_connections()

    asyncio.run(use())
