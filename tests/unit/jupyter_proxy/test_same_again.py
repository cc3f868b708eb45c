"""A request with the header lines of the one before it is sent on unread; nobody may be able to tell."""

import asyncio
import logging
import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from shiva_jupyter_proxy.forward.again import Again

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import PATIENCE, Client, World, in_world, until
from tests.fakes.proxy_upstream import upstream_standing
from tests.fakes.raw_door import RawDoor, Reply, Stage, replies

NONCE = re.compile(r"nonce-[\w-]+")  # new in each answer
WORDS = "/user/ken/ /user/ken /user/ada/ /user/ x .. . / // %2e %2F \\ ; ? # ~ api/v1/me /-/login { : @ ="
PIECES = st.sampled_from([*WORDS.split(), *' \t"', "\u00e9", "a" * 3000])
LINES = st.one_of(
    st.lists(PIECES, max_size=6).map(lambda pieces: f"GET /user/ken/{''.join(pieces)} HTTP/1.1"),
    st.lists(PIECES, max_size=6).map(lambda pieces: f"GET {''.join(pieces)} HTTP/1.1"),
    st.tuples(st.sampled_from(["HEAD", "get", "POST", " GET", "GET "]), st.sampled_from(["1.1", "1.0", "2.0"])).map(
        lambda words: f"{words[0]} /user/ken/x HTTP/{words[1]}"
    ),
)


@dataclass
class Watched:
    """How many requests were sent on unread."""

    targets: list[bytes] = field(default_factory=list)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched, sent_on = Watched(), Again.sent_on

    def watching(self: Again, data: bytes, stamp: bytes) -> bytes:
        watched.targets.append(data.split(b" ")[1])
        return sent_on(self, data, stamp)

    monkeypatch.setattr(Again, "sent_on", watching)
    return watched


async def warm(world: World, cookie: str, **more: str) -> tuple[Client, dict[str, str]]:
    """Return a connection that has asked before, and what it has asked with."""
    client, headers = await world.client(), world.headers(cookie, **more)
    for _ in range(2):
        assert (await client.ask("GET", "/user/ada/warm", headers)).status == 200
    return client, headers


async def pulled(world: World) -> None:
    """Let the door take over the broker's routes."""
    asked = len(world.broker.asked)
    await until(lambda: len(world.broker.asked) > asked)
    await asyncio.sleep(0.05)


async def seen(door: RawDoor, raw: bytes, *, warmed: bool) -> tuple[Reply, list[tuple[bytes, bytes]], int]:
    """Return the answer, and what Ken's and how much Ada's container got for it."""
    reader, writer = await door.connection()

    async def answered(packet: bytes) -> Reply:
        writer.write(packet)
        got, found = b"", list[Reply]()
        while not found and (piece := await asyncio.wait_for(reader.read(2**16), PATIENCE)):
            found, _ = replies(got := got + piece, methods="H" if packet.startswith(b"HEAD") else "G")
        return found[0]

    if warmed:
        assert (await answered(door.head("GET /user/ken/first HTTP/1.1"))).status == 200
    door.ken.forget()
    door.ada.forget()
    reply = await answered(raw)
    writer.close()
    headers = {name: NONCE.sub("", value) for name, value in reply.headers.items()}
    return replace(reply, headers=headers), [one.said for one in door.ken.messages], len(door.ada.messages)


@given(line=LINES)
@example(line="GET /user/ken/../ada/x HTTP/1.1")
@example(line="GET /user/ken HTTP/1.1")
@example(line="GET /user/ken/x/.%2e/y HTTP/1.1")
@example(line="GET /user/ada/x HTTP/1.1")
def test_a_warm_connection_answers_as_a_fresh_one(stage: Stage, line: str) -> None:
    assume(not line.startswith(("GET /-/login", "GET /api/")))  # each time another one: a new login, a new signature

    async def use(door: RawDoor) -> None:
        raw = door.head(line)
        assert await seen(door, raw, warmed=True) == await seen(door, raw, warmed=False)

    stage.run(use)


def test_it_arrives_as_it_was_asked_and_is_counted(unread: Watched) -> None:
    async def use(world: World) -> None:
        client, headers = await warm(world, await world.login("ada"))
        answers = [await client.ask("GET", f"/user/ada/api/kernels?{n}", headers) for n in range(5)]
        assert [one.facts["target"] for one in answers] == [f"/user/ada/api/kernels?{n}" for n in range(5)]
        numbers = {dict(one.facts["headers"])["X-Request-Id"] for one in answers}
        assert len(numbers) == 5
        assert unread.targets[-5:] == [b"/user/ada/api/kernels?%d" % n for n in range(5)]
        metrics = await world.metrics()
        assert 'shiva_proxy_requests_total{kind="container",status="2xx"} 7.0' in metrics
        await until(lambda: "ada--default" in world.broker.last_access)

    in_world(use)


def test_an_ended_session_ends_at_once(unread: Watched) -> None:
    async def use(world: World) -> None:
        ada = await world.login("ada")
        client, headers = await warm(world, ada)
        assert unread.targets
        assert (await world.log_out(ada)).status == 303
        assert (await client.ask("GET", "/user/ada/x", headers)).status == 401

    in_world(use)


def test_a_route_that_is_gone_leads_nowhere() -> None:
    async def use(world: World) -> None:
        client, headers = await warm(world, await world.login("ada"))
        world.broker.routes = []
        await pulled(world)
        assert (await client.ask("GET", "/user/ada/x", headers)).status == 404

    in_world(use)


def test_a_route_below_gets_its_own_requests(unread: Watched) -> None:
    async def use(world: World) -> None:
        client, headers = await warm(world, await world.login("ada"))
        async with upstream_standing() as second:
            world.broker.routes = [*world.broker.routes, route("ada", second.url, name="second")]
            await pulled(world)
            before = len(unread.targets)
            for path in [
                "/user/ada/x",
                "/user/ada/second/x",
                "/user/ada/x",
                "/user/ada/second/y",
                "/user/ada/second/z",
            ]:
                assert (await client.ask("GET", path, headers)).status == 200
            assert [target for _, target in second.seen] == [f"/user/ada/second/{name}" for name in "xyz"]
            assert unread.targets[before:] == [b"/user/ada/second/z"]

    in_world(use)


def test_a_container_that_is_gone_is_told_of_by_the_path_that_was_asked(unread: Watched) -> None:
    async def use(world: World) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while b"/die" not in await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            world.broker.routes = []
            server.close()
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        world.broker.routes = [route("ada", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")]
        await pulled(world)
        client, headers = await warm(world, await world.login("ada"), accept="text/html")
        answer = await client.ask("GET", "/user/ada/die", headers)
        assert unread.targets[-1:] == [b"/user/ada/die"]
        assert answer.status == 404
        assert b"/user/ada/die" in answer.body

    in_world(use)


def test_the_access_log_has_the_path_that_was_asked(caplog: pytest.LogCaptureFixture, unread: Watched) -> None:
    async def use(world: World) -> None:
        client, headers = await warm(world, await world.login("ada"))
        assert (await client.ask("GET", "/user/ada/other", headers)).status == 200

    with caplog.at_level(logging.INFO, "shiva.jupyter_proxy.access"):
        in_world(use, access_log=True)
    paths = [vars(record)["path"] for record in caplog.records if record.name == "shiva.jupyter_proxy.access"]
    assert paths == ["/-/login", "/-/login", "/user/ada/warm", "/user/ada/warm", "/user/ada/other"]
    assert unread.targets == [b"/user/ada/warm", b"/user/ada/other"]
