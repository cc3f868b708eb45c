"""Every message that could be read in two ways is refused with 400, its connection closed, and no container sees any of it."""

import pytest

from tests.fakes.raw_door import RawDoor, Reply, Stage, replies
from tests.unit.jupyter_proxy.vectors import AMBIGUOUS, BODIES, HOSTS, LINES, METHODS, Vector

SMUGGLED = b"GET /user/ken/smuggled HTTP/1.1\r\nHost: localhost\r\nX-Shiva-Client: 1\r\n\r\n"


async def refused(door: RawDoor, raw: bytes, *statuses: int, whole: bool = True, behind: bytes = SMUGGLED) -> Reply:
    """Send bytes and a request behind them: one refusal comes, the connection ends, and no container gets a request.

    With `whole` the container gets no byte; else the head was good, and it may have begun to get the request.
    """
    got, left = replies(await door.until_closed(raw + behind))
    assert ([one.status in statuses for one in got], left) == ([True], b""), got
    assert got[0].closes
    before = bytes(door.ken.everything)
    await door.settled()
    assert (door.ken.messages, door.ken.odd, door.ada.everything) == ([], [], b"")
    assert b"smuggled" not in door.ken.everything
    assert not (whole and before), before
    return got[0]


@pytest.mark.parametrize("vector", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_an_ambiguous_head_is_refused(stage: Stage, vector: Vector) -> None:
    line, more, body = vector

    async def use(door: RawDoor) -> None:
        await refused(door, door.head(line, *more) + body.encode("latin-1"), 400)

    stage.run(use)


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_a_first_line_that_is_none_is_refused(stage: Stage, line: str) -> None:
    async def use(door: RawDoor) -> None:
        await refused(door, door.head(line), 400)

    stage.run(use)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /user/ken/x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"\x00\r\n\r\n", b"\n\r\n\r\n",
        b"GET /user/ken/x HTTP/1.1\nHost: localhost\n\n\r\n\r\n", b"\r\n\r\n\x00\r\n\r\n", b"\xff\xfe\r\n\r\n", b"hello\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_refused(stage: Stage, raw: bytes) -> None:
    async def use(door: RawDoor) -> None:
        await refused(door, raw, 400)

    stage.run(use)


@pytest.mark.parametrize("hosts", HOSTS.values(), ids=HOSTS.keys())
def test_a_host_that_is_not_plainly_ours_is_refused(stage: Stage, hosts: tuple[str, ...]) -> None:
    async def use(door: RawDoor) -> None:
        own = [line for line in door.lines() if not line.startswith("Host:")]
        said = [line.replace("@", str(door.world.port)) if line.count("@") == 1 else line for line in hosts]
        raw = (
            "\r\n".join(["GET /user/ken/x HTTP/1.1", *said, *own, "Connection: close"]).encode("latin-1") + b"\r\n\r\n"
        )
        await refused(door, raw, 400, 421)

    stage.run(use)


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_is_not_used_reaches_nobody(stage: Stage, method: str, version: str) -> None:
    async def use(door: RawDoor) -> None:
        await refused(door, door.head(f"{method} /user/ken/x {version}", "Connection: close"), 400, 405, 501)

    stage.run(use)


@pytest.mark.parametrize(
    ("method", "behind"), [("POST", b""), ("DELETE", b""), ("OPTIONS", SMUGGLED), ("GET", SMUGGLED)]
)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_broken_chunk_is_refused_and_no_container_gets_a_whole_request(
    stage: Stage, body: str, method: str, behind: bytes
) -> None:
    async def use(door: RawDoor) -> None:
        head = door.head(f"{method} /user/ken/x HTTP/1.1", "Transfer-Encoding: chunked")
        await refused(door, head + body.encode("latin-1"), 400, whole=False, behind=behind)

    stage.run(use)


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("GET /user/ken/" + "x" * 70_000 + " HTTP/1.1", ()),
        ("GET /user/ken/x?" + "q=1&" * 20_000 + " HTTP/1.1", ()),
        ("GET /user/ken/x HTTP/1.1", ("X-Large: " + "x" * 70_000,)),
        ("GET /user/ken/x HTTP/1.1", ("X" * 70_000 + ": 1",)),
        ("GET /user/ken/x HTTP/1.1", ("Cookie: " + "a=b; " * 20_000,)),
        ("GET /user/ken/x HTTP/1.1", tuple(f"X-{number}: {'y' * 900}" for number in range(90))),
        ("GET /user/ken/x HTTP/1.1", tuple(f"X-{number}: y" for number in range(101))),
        ("GET /user/ken/x HTTP/1.1", ("X: y",) * 2_000),
        ("POST /user/ken/x HTTP/1.1", tuple(f"X-{number}: y" for number in range(2_000))),
    ],
    ids=["path", "query", "value", "name", "cookie", "many large", "101", "2000 alike", "2000 different"],
)
def test_a_head_that_is_too_large_is_refused(stage: Stage, line: str, more: tuple[str, ...]) -> None:
    async def use(door: RawDoor) -> None:
        await refused(door, door.head(line, *more), 431)

    stage.run(use)


def test_a_head_that_never_ends_is_refused_while_it_grows(stage: Stage) -> None:
    async def use(door: RawDoor) -> None:
        endless = door.head("GET /user/ken/x HTTP/1.1")[:-2] + b"X-A: " + b"b" * 200_000
        got, left = replies(await door.until_closed(endless))
        assert ([one.status for one in got], left, got[0].closes) == ([431], b"", True)
        assert door.ken.everything == b""

    stage.run(use)


TRAILERS = b"0\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 900) for number in range(200)) + b"\r\n"


@pytest.mark.parametrize("trailers", [TRAILERS, b"0\r\nX: " + b"y" * 200_000])
def test_trailers_that_are_too_large_are_refused(stage: Stage, trailers: bytes) -> None:
    async def use(door: RawDoor) -> None:
        await refused(
            door, door.head("POST /user/ken/x HTTP/1.1", "Transfer-Encoding: chunked") + trailers, 400, 431, whole=False
        )

    stage.run(use)
