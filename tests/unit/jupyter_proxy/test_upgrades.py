"""Nothing tunnels before the container's own 101, and nothing behind an upgrade that was refused is read."""

import asyncio

import pytest

from tests.fakes.proxy_door import PATIENCE, until
from tests.fakes.raw_door import RawDoor, Stage, replies
from tests.fakes.raw_upstream import Answering, Message, plain

KEY = "Sec-WebSocket-Key: " + "a" * 22 + "=="
SOCKET = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY)
GET = "GET /user/ken/x HTTP/1.1"
SMUGGLED = "GET /user/ken/smuggled HTTP/1.1"


def answering(head: str, body: bytes = b"") -> Answering:
    """Answer /user/ken/x so, and everything else plainly."""
    raw = head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body
    return lambda one: raw if one.target == "/user/ken/x" else plain(one)


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK\nContent-Length: 0", "HTTP/1.1 400 Bad Request\nContent-Length: 0", "HTTP/1.1 403 Forbidden\nContent-Length: 0",
        "HTTP/1.1 426 Upgrade Required\nSec-WebSocket-Version: 13\nContent-Length: 0", "HTTP/1.1 404 Not Found\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK\nConnection: Upgrade\nUpgrade: websocket\nContent-Length: 0", "HTTP/1.1 204 No Content",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "more",
    [
        SOCKET,
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12", KEY),
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8, 13", KEY),
        ("Connection: Upgrade", "Upgrade: websocket", KEY),
        ("Connection: Upgrade", "Upgrade: websocket"),
        ("Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13", KEY),
    ],
    ids=["plain", "old version", "two versions", "no version", "no key", "kept alive"],
)
def test_nothing_behind_a_refused_upgrade_is_read(stage: Stage, head: str, more: tuple[str, ...]) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answer = answering(head, b"0\r\n\r\n" if "chunked" in head else b"")
        got, left = replies(await door.until_closed(door.head(GET, *more) + door.head(SMUGGLED)))
        door.ken.answer = plain
        await door.settled()
        assert ([one.status // 100 for one in got] in ([2], [4]), left, got[0].closes) == (True, b"", True)
        assert [one.target for one in door.ken.messages] in ([], ["/user/ken/x"])
        assert b"smuggled" not in door.ken.everything

    stage.run(use)


@pytest.mark.parametrize(
    "more",
    [
        ("Connection: Upgrade", "Upgrade: h2c"),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
        ("Connection: Upgrade", "Upgrade: TLS/1.2, HTTP/1.1"),
        ("Connection: Upgrade", "Upgrade: websocket, h2c"),
        ("Connection: Upgrade", "Upgrade: h2c, websocket"),
        ("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
        ("Connection: Upgrade", "Upgrade: websocketx"),
        ("Connection: Upgrade", "Upgrade: \twebsocket/13"),
        ("Connection: Upgrade", "Upgrade:"),
        ("Connection: Upgrade",),
        ("Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY),
        ("Connection: close", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY),
        ("Connection: upgradex", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY),
    ],
)
def test_no_other_protocol_is_spoken(stage: Stage, more: tuple[str, ...]) -> None:
    async def use(door: RawDoor) -> None:
        found, _ = await door.talk(door.head(GET, *more), methods="G")
        await door.settled()
        assert found[0].status in {200, 400, 426, 501}
        for one in door.ken.messages:
            assert (one.values("upgrade"), one.values("http2-settings"), one.values("connection")) == ([], [], [])

    stage.run(use)


@pytest.mark.parametrize("more", [(), ("Connection: Upgrade", "Upgrade: h2c"), ("Content-Length: 0",)])
@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
def test_a_101_that_nobody_asked_for_opens_nothing(stage: Stage, more: tuple[str, ...], upgrade: str) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answer = answering(f"HTTP/1.1 101 X\nConnection: Upgrade\nUpgrade: {upgrade}", b"raw bytes")
        try:
            got = await door.until_closed(door.head(GET, *more) + door.head(SMUGGLED))
        except ConnectionError:
            got = b""
        door.ken.answer = plain
        await door.settled()
        assert b"raw bytes" not in got
        assert not got.startswith(b"HTTP/1.1 101")
        assert b"smuggled" not in door.ken.everything

    stage.run(use)


async def tunnel(door: RawDoor, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """Open a tunnel whose container says `first` at once, and return the number of its connection too."""
    door.ken.answer = answering("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket", first)
    reader, writer = await door.connection()
    writer.write(door.head(GET, *SOCKET))
    got = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    door.ken.answer = plain
    assert got.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nupgrade: websocket\r\n" in got.lower()
    return reader, writer, len(door.ken.writers) - 1


@pytest.mark.parametrize("sent", [b"GET /user/ada/x HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)), b"\n"])
def test_what_is_sent_after_the_101_is_no_message(stage: Stage, sent: bytes) -> None:
    async def use(door: RawDoor) -> None:
        reader, writer, number = await tunnel(door, b"\x81\x00")
        assert await asyncio.wait_for(reader.readexactly(2), PATIENCE) == b"\x81\x00"
        last = b"END / HTTP/1.1\r\nHost: x\r\n\r\n"  # the fake takes it for one more request
        writer.write(sent + last)
        await until(lambda: door.ken.raw[number].endswith(sent + last))
        writer.close()
        assert door.ada.everything == b""

    stage.run(use)


def test_the_upgrade_arrives_as_one_plain_request(stage: Stage) -> None:
    async def use(door: RawDoor) -> None:
        _, writer, _ = await tunnel(door, b"")
        got: Message = door.ken.messages[0]
        assert (got.values("connection"), got.values("upgrade")) == (["Upgrade"], ["websocket"])
        assert got.values("content-length") + got.values("transfer-encoding") == []
        assert (got.values("sec-websocket-version"), got.values("authorization")) == (
            ["13"],
            ["token token-of-jupyter"],
        )
        writer.close()

    stage.run(use)
