"""The standalone door on real sockets, with servers behind it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from shiva_jupyter_proxy.standalone.command_line import parse
from shiva_jupyter_proxy.standalone.running import CannotStartError, opened
from tornado.websocket import websocket_connect

from tests.fakes.chp_calls import TOKEN
from tests.fakes.proxy_door import PATIENCE, Answer, Client, until
from tests.fakes.proxy_upstream import Upstream, upstream_standing

ENVIRON = {"CONFIGPROXY_AUTH_TOKEN": TOKEN}
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ADDRESSES = "--ip 127.0.0.1 --port 0 --api-ip 127.0.0.1 --api-port 0"


@dataclass(slots=True)
class World:
    """The door and a server behind it."""

    public: int
    api: int
    server: Upstream

    async def ask(self, method: str, path: str, body: bytes = b"", *, port: int = 0, **more: str) -> Answer:
        """Ask once; `x_y="…"` is the header X-Y."""
        client = Client(*await asyncio.open_connection("127.0.0.1", port or self.public))
        headers = {"host": "hub.example:8000"} | {name.replace("_", "-"): value for name, value in more.items()}
        try:
            return await client.ask(method, path, headers, body)
        finally:
            client.writer.close()

    async def call(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Call the REST API."""
        return await self.ask(method, f"/api/routes{path}", body, port=self.api, authorization=f"token {TOKEN}")

    async def route(self, path: str, target: str = "") -> None:
        """Add a route."""
        body = b'{"target": "%s"}' % (target or self.server.url).encode()
        assert (await self.call("POST", path, body)).status == 201

    async def used(self, path: str) -> str:
        """Return when a route was last used."""
        return str((await self.call("GET", path)).facts["last_activity"])


@asynccontextmanager
async def world(flags: str) -> AsyncIterator[World]:
    async with upstream_standing() as server, opened(parse(f"{ADDRESSES} {flags}".split(), ENVIRON)) as standing:
        yield World(standing.public, standing.api, server)


def in_world(test: Callable[[World], Awaitable[None]], flags: str = "") -> None:
    async def within() -> None:
        async with world(flags) as around:
            await test(around)

    asyncio.run(within())


def test_a_request_reaches_its_server_as_it_was_and_the_answer_comes_back_as_it_is() -> None:
    async def use(world: World) -> None:
        await world.route("/user/ada")
        answer = await world.ask(
            "POST", "/user/ada/a%20b%2Fc?cookie=a%3D1%3B+Path%3D%2F%3B+Domain%3Dexample", b"x" * 1000,
            cookie="shiva-session=1; b=2", authorization="token mine", origin="http://elsewhere.example",
            x_forwarded_for="203.0.113.9", sec_fetch_site="cross-site",
        )  # fmt: skip
        assert (answer.status, answer.values("set-cookie")) == (200, ["a=1; Path=/; Domain=example"])
        assert (answer.facts["target"].partition("?")[0], answer.facts["size"]) == ("/user/ada/a%20b%2Fc", 1000)
        told = {name.lower(): value for name, value in answer.facts["headers"]}
        assert told == {
            "host": "hub.example:8000", "cookie": "shiva-session=1; b=2", "authorization": "token mine",
            "origin": "http://elsewhere.example", "sec-fetch-site": "cross-site", "content-length": "1000",
            "x-forwarded-for": "203.0.113.9,127.0.0.1", "x-forwarded-port": "8000", "x-forwarded-proto": "http",
            "x-forwarded-host": "hub.example:8000",
        }  # fmt: skip

    in_world(use)


def test_a_route_that_is_added_removed_or_moved_is_so_at_once() -> None:
    async def use(world: World) -> None:
        assert (await world.ask("GET", "/user/ada/")).status == 404
        await world.route("/user/ada")
        assert (await world.ask("GET", "/user/ada/")).status == 200
        await world.route("/user/ada", "http://127.0.0.1:1")
        assert (await world.ask("GET", "/user/ada/")).status == 503
        assert (await world.call("DELETE", "/user/ada")).status == 204
        assert (await world.ask("GET", "/user/ada/")).status == 404

    in_world(use)


@pytest.mark.parametrize(("status", "moves"), [(200, True), (204, True), (304, False), (404, False), (500, False)])
def test_only_what_succeeds_is_a_use(status: int, moves: bool) -> None:
    async def use(world: World) -> None:
        await world.route("/user/ada")
        before = await world.used("/user/ada")
        while (await world.ask("GET", "/_chp_healthz")).status == 200 and not await _later(world, before):
            pass
        assert (await world.ask("GET", f"/user/ada/status/{status}")).status == status
        assert (await world.used("/user/ada") > before) is moves

    in_world(use)


async def _later(world: World, before: str) -> bool:
    """Whether a new route would be younger than `before`: the clock has gone on by a millisecond."""
    await world.route("/clock")
    return await world.used("/clock") > before


def test_what_leads_nowhere_is_no_use() -> None:
    async def use(world: World) -> None:
        await world.route("/user/ada", "http://127.0.0.1:1")
        before = await world.used("/user/ada")
        while not await _later(world, before):
            pass
        assert (await world.ask("GET", "/user/ada/")).status == 503
        assert await world.used("/user/ada") == before

    in_world(use)


def test_data_on_a_socket_is_a_use_and_passes_untouched() -> None:
    async def use(world: World) -> None:
        await world.route("/user/ada")
        socket = await websocket_connect(f"ws://127.0.0.1:{world.public}/user/ada/socket")
        before = await world.used("/user/ada")
        while not await _later(world, before):
            pass
        await socket.write_message("秀" * 1000)
        assert await socket.read_message() == "秀" * 1000
        async with asyncio.timeout(PATIENCE):
            while await world.used("/user/ada") <= before:
                await asyncio.sleep(0.05)
        await socket.write_message("close 4001")
        assert await socket.read_message() is None
        assert (socket.close_code, socket.close_reason) == (4001, "as you wish")
        socket.close()

    in_world(use)


def test_a_socket_to_nobody_is_answered_at_once_and_its_connection_closed() -> None:
    async def use(world: World) -> None:
        await world.route("/user/ada", "http://127.0.0.1:1")
        for path, status in (("/user/ada/socket", 503), ("/nobody", 404)):
            client = Client(*await asyncio.open_connection("127.0.0.1", world.public))
            headers = {"Host": "h", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
            answer = await client.ask("GET", path, headers | {"Sec-WebSocket-Key": KEY})
            assert (answer.status, answer.body, await client.closed()) == (status, b"", b"")
            client.writer.close()

    in_world(use)


def test_the_default_target_is_the_root_route_and_prefixes_may_be_taken_off() -> None:
    async def use(world: World) -> None:
        assert (await world.call("GET", "/")).facts["/"]["target"] == "http://127.0.0.1:1"
        await world.route("/user/ada", f"{world.server.url}/base")
        assert (await world.ask("GET", "/user/ada/lab?x")).facts["target"] == "/base/lab?x"

    in_world(use, "--default-target http://127.0.0.1:1 --no-include-prefix")


def test_names_choose_with_host_routing() -> None:
    async def use(world: World) -> None:
        await world.route("/ada.example/user/ada")
        assert (await world.ask("GET", "/user/ada/", host="ada.example:81")).status == 200
        assert (await world.ask("GET", "/user/ada/", host="ken.example:81")).status == 404

    in_world(use, "--host-routing")


def test_metrics_are_served_where_they_are_wanted(tmp_path: Path) -> None:
    async def use(world: World) -> None:
        assert (await world.ask("GET", "/nobody")).status == 404
        reader, writer = await asyncio.open_unix_connection(tmp_path / "metrics.sock")
        answer = await Client(reader, writer).ask("GET", "/metrics", {"Host": "h"})
        writer.close()
        assert b'shiva_proxy_requests_total{kind="shiva",status="4xx"} 1.0' in answer.body

    in_world(use, f"--metrics-socket {tmp_path}/metrics.sock")


def test_both_sides_and_targets_may_be_unix_sockets(tmp_path: Path) -> None:
    async def use() -> None:
        public, api = tmp_path / "public.sock", tmp_path / "api.sock"
        options = parse(["--socket", str(public), "--api-socket", str(api)], ENVIRON)

        async def ask(path: Path, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
            reader, writer = await asyncio.open_unix_connection(path)
            with contextlib.closing(writer):
                return await Client(reader, writer).ask(method, target, {"Host": "h"} | headers, body)

        async with opened(options):
            body = b'{"target": "http+unix://%s"}' % str(api).replace("/", "%2F").encode()
            added = await ask(api, "POST", "/api/routes/api", body, Authorization=f"token {TOKEN}")
            assert added.status == 201
            told = await ask(public, "GET", "/api/routes", Authorization=f"token {TOKEN}")
            assert (told.status, list(told.facts)) == (200, ["/api"])

    asyncio.run(use())


def test_a_taken_port_is_a_sentence() -> None:
    async def use(world: World) -> None:
        for flag in ("--port", "--api-port"):
            with pytest.raises(CannotStartError, match=rf"cannot listen on 127\.0\.0\.1:{world.api}: Address already"):
                async with opened(parse([*ADDRESSES.split(), flag, str(world.api)], ENVIRON)):
                    pytest.fail("it opened")

    in_world(use)


@pytest.mark.parametrize(
    "flags",
    ["--ssl-cert {0}/none", "--api-ssl-cert {0}/none", "--client-ssl-ca {0}/none", "--socket {0}", "--ip 192.0.2.1"],
)
def test_what_cannot_be_had_is_a_sentence(flags: str, tmp_path: Path) -> None:
    async def use() -> None:
        with pytest.raises(CannotStartError, match=r"^cannot "):
            async with opened(parse(f"{ADDRESSES} {flags.format(tmp_path)}".split(), ENVIRON)):
                pytest.fail("it opened")

    asyncio.run(use())


def test_sigterm_ends_it_although_a_socket_is_open_and_a_second_one_says_why_it_cannot_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shiva_jupyter_proxy", "--standalone", *ADDRESSES.split()]
    command += ["--socket", str(tmp_path / "p.sock"), "--pid-file", str(tmp_path / "pid")]

    async def use(world: World) -> None:
        process = await asyncio.create_subprocess_exec(
            *command, "--default-target", world.server.url, env=os.environ | ENVIRON, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert b'"event": "open"' in await process.stdout.readline()
        await until((tmp_path / "pid").exists)
        assert (tmp_path / "pid").read_text() == str(process.pid)
        reader, writer = await asyncio.open_unix_connection(tmp_path / "p.sock")
        upgrade = "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        writer.write(f"{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode())
        assert (await Client(reader, writer).head()).status == 101
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert not (tmp_path / "pid").exists()
        writer.close()
        second = await asyncio.create_subprocess_exec(
            *command[:-4], "--port", str(world.api), env=os.environ | ENVIRON, stderr=asyncio.subprocess.PIPE
        )
        _, said = await second.communicate()
        assert (second.returncode, said.decode()) == (
            1, f"shiva-jupyter-proxy: cannot listen on 127.0.0.1:{world.api}: Address already in use\n",
        )  # fmt: skip

    in_world(use)
