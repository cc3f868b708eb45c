"""Ordinary messages pass untouched in meaning, as exactly one request; else refusing everything would look strict."""

import pytest

from tests.fakes.raw_door import RawDoor, Stage
from tests.fakes.raw_upstream import Message, plain

AFTER = "GET /user/ken/after HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"


async def passed(door: RawDoor, raw: bytes, *, method: str = "G") -> Message:
    """Send a request and another one behind it; both are answered in order, and return the first as the container got it."""
    found, _ = await door.talk(raw + door.head(AFTER), methods=method + "G")
    finals = [one for one in found if one.status >= 200]
    assert [one.status for one in finals] == [200, 200]
    assert finals[1].body == b"GET /user/ken/after 0"
    assert [one.target for one in door.ken.messages][1:] == ["/user/ken/after"]
    assert (door.ken.odd, door.ada.everything) == ([], b"")
    return door.ken.messages[0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    ("more", "body", "content"),
    [
        ((), b"", b""),
        (("Content-Length: 0",), b"", b""),
        (("Content-Length: 5",), b"hello", b"hello"),
        (("content-length:5",), b"hello", b"hello"),
        (("CONTENT-LENGTH: \t 5",), b"GET /", b"GET /"),
        (("Content-Length: 70000",), b"x" * 70000, b"x" * 70000),
        ((CHUNKED,), b"0\r\n\r\n", b""),
        ((CHUNKED,), b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (("transfer-encoding: CHUNKED",), b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (("Transfer-Encoding:\tchunked",), b"00005\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", b"hello world"),
        ((CHUNKED,), b"".join(b"1\r\n%c\r\n" % byte for byte in range(256)) + b"0\r\n\r\n", bytes(range(256))),
        ((CHUNKED,), b"19\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\nGET / HTTP"),
        ((CHUNKED, "Trailer: X-Sum"), b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", b"hello"),
        ((CHUNKED,), b"11170\r\n" + b"x" * 70000 + b"\r\n0\r\n\r\n", b"x" * 70000),
    ],
)
def test_a_request_of_every_method_arrives_once_with_its_body(
    stage: Stage, method: str, more: tuple[str, ...], body: bytes, content: bytes
) -> None:
    async def use(door: RawDoor) -> None:
        raw = door.head(f"{method} /user/ken/x?q=%20 HTTP/1.1", *more) + body
        got = await passed(door, raw, method=method[0])
        assert (got.method, got.target, got.body) == (method, "/user/ken/x?q=%20", content)

    stage.run(use)


@pytest.mark.parametrize(
    "trailer",
    ["Content-Length: 50", "Transfer-Encoding: chunked", "Host: evil.example", "Cookie: a=b", "Authorization: x", "X-Remote-User: ada", "Connection: close"],
)  # fmt: skip
def test_no_trailer_becomes_a_header(stage: Stage, trailer: str) -> None:
    async def use(door: RawDoor) -> None:
        body = b"5\r\nhello\r\n0\r\n" + trailer.encode() + b"\r\n\r\n"
        got = await passed(door, door.head("POST /user/ken/x HTTP/1.1", CHUNKED) + body, method="P")
        assert got.body == b"hello"
        name, _, value = trailer.partition(": ")
        assert (name == "Transfer-Encoding") == (value in got.values(name.lower()))

    stage.run(use)


@pytest.mark.parametrize("before", [b"\r\n", b"\r\n\r\n"])
def test_an_empty_line_before_a_request_is_ignored(stage: Stage, before: bytes) -> None:
    async def use(door: RawDoor) -> None:
        assert (await passed(door, before + door.head("GET /user/ken/x HTTP/1.1"))).target == "/user/ken/x"

    stage.run(use)


@pytest.mark.parametrize(
    "value",
    [
        "", "plain", "two  spaces", "a\tb", "é ü ß", "\x80\xff", "'\";:,<>{}[]()|\\^`~", "a" * 8000, "chunked", "Content-Length: 5", "bytes=0-", "W/\"x\"", "0",
        "http://evil.example/?\\r\\n", "%0d%0aX: y", "=?utf-8?q?x?=",
    ],
)  # fmt: skip
def test_a_value_arrives_byte_for_byte(stage: Stage, value: str) -> None:
    async def use(door: RawDoor) -> None:
        got = await passed(door, door.head("GET /user/ken/x HTTP/1.1", f"X-Value: {value}", "X-Next: 1"))
        assert (got.values("x-value"), got.values("x-next")) == ([value], ["1"])

    stage.run(use)


@pytest.mark.parametrize(
    "path",
    [
        "a%20b.ipynb", "a%2Fb.ipynb", "a%2fb", "%E7%A7%80%E6%A8%B9.ipynb", "100%25%23.ipynb", "a+b&c=d;e", "~/x@y:z!$'()*,", "a//b///c", "x/...", "...",
        "%5c", "%C3%A9%00", "%ff%fe", "a%252e%252e", "x?redirect=http://evil.example/../..&q=%2e%2e/#", "?", "", "x?a=%00%0d%0a", "x?" + "q" * 8000, "<>\"{}|^`[]",
    ],
)  # fmt: skip
def test_a_notebooks_name_arrives_byte_for_byte(stage: Stage, path: str) -> None:
    async def use(door: RawDoor) -> None:
        assert (await passed(door, door.head(f"GET /user/ken/{path} HTTP/1.1"))).target == f"/user/ken/{path}"

    stage.run(use)


def test_a_request_with_as_many_headers_as_are_allowed_arrives(stage: Stage) -> None:
    async def use(door: RawDoor) -> None:
        more = [f"X-{number}: {number}" for number in range(97)]
        got = await passed(door, door.head("GET /user/ken/x HTTP/1.1", *more))
        assert [value for name, value in got.headers if name[2:].isdecimal()] == [str(number) for number in range(97)]

    stage.run(use)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("length", ["", "Content-Length: 0\r\n"])
def test_an_answer_without_a_body_leaves_the_connection_to_the_next(stage: Stage, status: int, length: str) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answer = lambda one: (
            f"HTTP/1.1 {status} X\r\n{length}ETag: x\r\n\r\n".encode() if one.target.endswith("/x") else plain(one)
        )
        try:
            raw = door.head("GET /user/ken/x HTTP/1.1") + door.head(AFTER)
            found, closed = await door.talk(raw, methods="GG")
        finally:
            door.ken.answer = plain
        assert ([one.status for one in found], closed) == ([status, 200], False)
        assert found[1].body == b"GET /user/ken/after 0"

    stage.run(use)


@pytest.mark.parametrize("expects", ["100-continue", "100-Continue"])
def test_who_waits_for_permission_gets_it_once(stage: Stage, expects: str) -> None:
    async def use(door: RawDoor) -> None:
        head = door.head("POST /user/ken/x HTTP/1.1", "Content-Length: 5", f"Expect: {expects}")
        found, closed = await door.talk(head, b"hello", methods="P")
        assert ([one.status for one in found], closed) == ([100, 200], False)
        assert [one.body for one in door.ken.messages] == [b"hello"]

    stage.run(use)


@pytest.mark.parametrize("expects", ["200-maybe", "100-continue, x", "nothing", ""])
def test_another_expectation_is_refused_or_harmless(stage: Stage, expects: str) -> None:
    async def use(door: RawDoor) -> None:
        head = door.head("POST /user/ken/x HTTP/1.1", "Content-Length: 5", f"Expect: {expects}")
        found, closed = await door.talk(head + b"hello", methods="P")
        assert found[-1].status in {200, 400, 417}
        assert closed or found[-1].status == 200
        await door.settled()
        assert [one.body for one in door.ken.messages] == ([b"hello"] if found[-1].status == 200 else [])

    stage.run(use)


@pytest.mark.parametrize("connection", ["keep-alive", "Keep-Alive, x", "close", ""])
def test_an_old_client_is_answered_and_its_connection_ends(stage: Stage, connection: str) -> None:
    async def use(door: RawDoor) -> None:
        more = [f"Connection: {connection}"] if connection else []
        raw = door.head("GET /user/ken/x HTTP/1.0", *more) + door.head("GET /user/ken/smuggled HTTP/1.0")
        found, closed = await door.talk(raw, methods="GG")
        assert ([one.status in {200, 400} for one in found], closed) == ([True], True)
        await door.settled()
        assert [one.target for one in door.ken.messages] in ([], ["/user/ken/x"])

    stage.run(use)


@pytest.mark.parametrize("connection", ["close", "Close", "keep-alive, close", "x-a,\tCLOSE ", "close, close"])
def test_nothing_behind_a_last_request_is_read(stage: Stage, connection: str) -> None:
    async def use(door: RawDoor) -> None:
        raw = door.head("GET /user/ken/x HTTP/1.1", f"Connection: {connection}") + door.head(AFTER)
        found, closed = await door.talk(raw, methods="GG")
        assert ([one.status for one in found], closed) == ([200], True)
        await door.settled()
        assert [one.target for one in door.ken.messages] == ["/user/ken/x"]

    stage.run(use)
