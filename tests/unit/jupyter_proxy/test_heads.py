"""Heads and bodies that two parsers could read in two ways are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain.messages import RequestHead
from shiva_jupyter_proxy.forward import heads
from shiva_jupyter_proxy.forward.bodies import Chunked, Counted, body_of
from shiva_jupyter_proxy.forward.refused import RefusedError

HOST = "Host: localhost:8000"
SOCKET = ("Connection: Upgrade", "Upgrade: websocket")


def raw(*lines: str, start: str = "POST /x HTTP/1.1", host: str = HOST) -> bytes:
    return ("\r\n".join([start, *([host] if host else []), *lines]) + "\r\n\r\n").encode("latin-1")


def parsed(*lines: str, start: str = "POST /x HTTP/1.1") -> RequestHead:
    return heads.Reader().request(raw(*lines, start=start))


def test_an_ordinary_head_is_read_byte_for_byte() -> None:
    head = parsed("Accept: text/html", "X-Empty:", "X-Name: é ü", start="GET /a%2Fb/%E7?q=%20&r=/../ HTTP/1.1")
    assert (head.method, head.target, head.version) == ("GET", "/a%2Fb/%E7?q=%20&r=/../", "1.1")
    assert head.headers == [("host", "localhost:8000"), ("accept", "text/html"), ("x-empty", ""), ("x-name", "é ü")]
    assert (head.body_length, head.keep_alive, head.upgrade, head.wants_page) == (0, True, None, True)


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ((), 0),
        (("Content-Length: 0",), 0),
        (("Content-Length: 17",), 17),
        (("Content-Length:   17",), 17),
        (("Transfer-Encoding: chunked",), None),
        (("transfer-encoding: Chunked",), None),
    ],
)
def test_the_length_of_a_body_is_known(lines: tuple[str, ...], length: int | None) -> None:
    for method in ("GET", "DELETE", "OPTIONS", "POST"):
        assert parsed(*lines, start=f"{method} /x HTTP/1.1").body_length == length


AMBIGUOUS = {
    "both": ("Content-Length: 5", "Transfer-Encoding: chunked"),
    "both, other order": ("Transfer-Encoding: chunked", "Content-Length: 5"),
    "two equal lengths": ("Content-Length: 5", "Content-Length: 5"),
    "two lengths": ("Content-Length: 5", "Content-Length: 6"),
    "a list of lengths": ("Content-Length: 5, 5",),
    "a signed length": ("Content-Length: +5",),
    "a negative length": ("Content-Length: -5",),
    "a hexadecimal length": ("Content-Length: 0x5",),
    "a length with an underscore": ("Content-Length: 1_0",),
    "an empty length": ("Content-Length:",),
    "a fraction": ("Content-Length: 5.0",),
    "an enormous length": ("Content-Length: 99999999999999999999999",),
    "a length of 19 digits": ("Content-Length: 1000000000000000000",),
    "other digits": ("Content-Length: \xb2",),
    "a length with a space inside": ("Content-Length: 5 5",),
    "chunked twice": ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "chunked in a list": ("Transfer-Encoding: chunked, chunked",),
    "gzip, chunked": ("Transfer-Encoding: gzip, chunked",),
    "chunked, identity": ("Transfer-Encoding: chunked, identity",),
    "identity": ("Transfer-Encoding: identity",),
    "a coding that looks like chunked": ("Transfer-Encoding: xchunked",),
    "a quoted coding": ('Transfer-Encoding: "chunked"',),
    "an empty coding": ("Transfer-Encoding:",),
    "a coding behind a vertical tab": ("Transfer-Encoding: \x0bchunked",),
    "a space before the colon": ("Content-Length : 5",),
    "a tab before the colon": ("Transfer-Encoding\t: chunked",),
    "a name with a space": ("Content Length: 5",),
    "a folded line": ("X-A: b", " Transfer-Encoding: chunked"),
    "a line folded by a tab": ("X-A: b", "\tc"),
    "a first line folded": (" X-A: b",),
    "a line without a colon": ("Transfer-Encoding",),
    "a line without a name": (": x",),
    "a bare LF": ("X-A: b\nTransfer-Encoding: chunked",),
    "a bare CR": ("X-A: b\rTransfer-Encoding: chunked",),
    "a NUL in a value": ("X-A: b\x00c",),
    "a control byte in a value": ("X-A: b\x01c",),
    "a DEL in a value": ("X-A: b\x7fc",),
    "a control byte in a name": ("X-\x01A: b",),
    "a second Host": ("Host: evil.example",),
    "the same Host twice": (HOST,),
}


@pytest.mark.parametrize("lines", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS"])
def test_a_head_that_can_be_read_in_two_ways_is_refused(method: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError) as refused:
        parsed(*lines, start=f"{method} /x HTTP/1.1")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "start",
    [
        "GET http://evil.example/ HTTP/1.1", "GET http://localhost:8000/ HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
        "CONNECT evil.example:443 HTTP/1.1", "GET evil.example HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
        "GET / HTTP/1.1 ", "GET / HTTP/2.0", "GET / HTTP/0.9", "GET /", "GET / HTTP/1.10", "GET / http/1.1", "get / HTTP/1.1",
        "GET\t/\tHTTP/1.1", "GET /a b HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\xe9 HTTP/1.1",
        "G@T / HTTP/1.1", "PRI * HTTP/2.0", "NOSUCHMETHOD / HTTP/1.1", "", "/ GET HTTP/1.1",
    ],
)  # fmt: skip
def test_a_request_line_of_another_form_is_refused(start: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parsed(start=start)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "host",
    ["", "Host:", "Host: a b", "Host: a,b", "Host: user@h", "Host: h/path", "Host: h:port", "Host: h:123456", "Host: [::1", "Host: é"],
)  # fmt: skip
def test_there_must_be_one_host_that_can_be_read(host: str) -> None:
    with pytest.raises(RefusedError):
        heads.Reader().request(raw(host=host))


def test_an_old_client_may_leave_the_host_out_and_is_not_kept() -> None:
    head = heads.Reader().request(raw("Connection: keep-alive", start="GET / HTTP/1.0", host=""))
    assert (head.version, head.keep_alive) == ("1.0", False)


def test_an_old_client_cannot_send_chunks() -> None:
    with pytest.raises(RefusedError):
        parsed("Transfer-Encoding: chunked", start="POST / HTTP/1.0")


@pytest.mark.parametrize(("connection", "kept"), [("close", False), ("keep-alive", True), ("x, Close", False)])
def test_the_client_decides_whether_its_connection_is_kept(connection: str, kept: bool) -> None:
    assert parsed(f"Connection: {connection}").keep_alive is kept


def test_more_than_a_hundred_headers_are_too_many() -> None:
    with pytest.raises(RefusedError) as refused:
        parsed(*[f"X-{number}: 1" for number in range(heads.MAX_HEADERS)])
    assert refused.value.status == 431


def test_a_websocket_is_recognised() -> None:
    assert parsed(*SOCKET, start="GET /x HTTP/1.1").upgrade == "websocket"
    assert (
        parsed("Connection: keep-alive, upgrade", "Upgrade: WebSocket", start="GET /x HTTP/1.1").upgrade == "websocket"
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
        ("Upgrade: websocket",),
        ("Connection: Upgrade",),
        ("Connection: Upgrade", "Upgrade: websocket, h2c"),
        ("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
    ],
)
def test_everything_else_is_no_upgrade(lines: tuple[str, ...]) -> None:
    assert parsed(*lines, start="GET /x HTTP/1.1").upgrade is None


@pytest.mark.parametrize(
    ("start", "more"),
    [
        ("POST /x HTTP/1.1", ()),
        ("GET /x HTTP/1.0", ()),
        ("GET /x HTTP/1.1", ("Content-Length: 5",)),
        ("GET /x HTTP/1.1", ("Transfer-Encoding: chunked",)),
    ],
)
def test_a_websocket_is_opened_by_a_get_without_a_body(start: str, more: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError):
        parsed(*SOCKET, *more, start=start)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_fail_otherwise_than_by_refusal(noise: bytes) -> None:
    for data in (noise + heads.END, b"GET / HTTP/1.1\r\n" + noise + heads.END, raw() + noise):
        with contextlib.suppress(RefusedError):
            head = heads.Reader().request(data[: data.index(heads.END) + len(heads.END)])
            assert not any(set("\r\n\0") & set(name + value) for name, value in head.headers)


def test_a_counted_body_ends_where_it_says() -> None:
    body = Counted(5)
    assert body.take(b"abc") == ([b"abc"], b"")
    assert not body.done
    assert body.take(b"deGET /") == ([b"de"], b"GET /")
    assert body.done
    assert Counted(0).done


def chunked(content: bytes, size: int) -> bytes:
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(st.binary(max_size=300), st.integers(1, 50), st.integers(1, 50))
def test_a_chunked_body_is_the_same_however_it_arrives(content: bytes, size: int, step: int) -> None:
    body, read, sent = Chunked(), b"", chunked(content, size)
    for at in range(0, len(sent), step):
        assert not body.done
        read += b"".join(body.take(sent[at : at + step])[0])
    assert body.done
    assert read == content


@pytest.mark.parametrize(
    "sent",
    [
        b"x\r\n", b"-5\r\nabcde\r\n", b"0x5\r\nabcde\r\n", b"5\nabcde\r\n0\r\n\r\n", b"5\r\nabcdeXX0\r\n\r\n", b" 5\r\nabcde\r\n",
        b"5 5\r\nabcde\r\n", b"ffffffffffffffffff\r\n", b"\r\n5\r\n", b"5\r\nabcde\n0\r\n\r\n", b"3\r\nabcde\r\n", b"5_0\r\n",
        b"5;x=y\r\nabcde\r\n", b"5;\r\nabcde\r\n", b"5 \r\nabcde\r\n", b"5\t\r\nabcde\r\n", b"0\r\nX Y: 1\r\n\r\n",
        b"0\r\nX : 1\r\n\r\n", b"0\r\n: 1\r\n\r\n", b"0\r\nX: 1\n\r\n", b"0\r\n folded: 1\r\n\r\n", b"0\r\nGET / HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
def test_a_malformed_chunk_is_refused(sent: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        Chunked().take(sent)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "behind", [b"GET /admin HTTP/1.1\r\n", b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n", b"5\r\nabcde\r\n", b"\x00"]
)
def test_what_follows_a_chunked_body_is_left_alone(behind: bytes) -> None:
    body = Chunked()
    assert body.take(b"5\r\nabcde\r\n0\r\n\r\n" + behind) == ([b"abcde"], behind)
    assert body.done


def test_trailers_are_dropped() -> None:
    body = Chunked()
    assert body.take(b"5\r\nabcde\r\n0\r\nX-Trailer: 1\r\nX-Other:\r\n\r\n") == ([b"abcde"], b"")
    assert body.done


def test_the_reader_fits_the_head() -> None:
    assert isinstance(body_of(None), Chunked)
    assert isinstance(body_of(3), Counted)
