"""Heads, read by llhttp and then strictly: what two parsers could read in two ways is refused. RFC 9112, sections 2, 5, 6.

Browsers and servers send the same header lines again and again. A head whose lines were read before is not read anew: what
they mean is remembered by the very bytes.
"""

import re
from dataclasses import dataclass
from typing import TypeVar

import httptools

from shiva_jupyter_proxy.domain.headers import HOST
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.messages import Headers, RequestHead
from shiva_jupyter_proxy.forward.refused import RefusedError

MAX_HEADERS = 100
MAX_ANSWER_HEADERS = 500
END = b"\r\n\r\n"
NO_BODY = frozenset({204, 304})
FINAL = 200
REMEMBERED = 256  # sets of header lines
REMEMBERED_BYTES = 4096  # longer ones are read every time

EMPTY_LINES = re.compile(rb"(?:\r\n)*")
BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\x00|\r\n[ \t]")  # a lone CR or LF, NUL, a folded line
BARE_SO_FAR = re.compile(rb"(?<!\r)\n|\r[^\n]|\x00")  # the same in a head that is not whole yet
START = re.compile(rb"([A-Z]{1,20}) (/[\x21-\x7e]*) HTTP/1\.[01]\r\n")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
LENGTH = re.compile(r"[0-9]{1,18}")
STATUS = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?\r\n")


def first_head(data: bytes, limit: int) -> tuple[bytes, bytes]:
    """Return the first request's head in `data`, and what follows it; an empty head while it is not whole.

    Empty lines before it are ignored (RFC 9112 section 2.2).

    Raises:
        RefusedError: it is larger than `limit` bytes.
    """
    empty = EMPTY_LINES.match(data)
    if empty is not None and empty.end():
        data = data[empty.end() :]
    end = data.find(END) + len(END)
    whole = end >= len(END)
    if (end if whole else len(data)) > limit:
        raise RefusedError(431, "the head is too large")
    if not whole:
        return b"", data
    return (data, b"") if end == len(data) else (data[:end], data[end:])


@dataclass(slots=True)
class AnswerHead:
    """An answer without its body."""

    status: int
    reason: str
    headers: Headers
    length: int | None  # None: chunked, or until the connection ends
    chunked: bool
    keep_alive: bool  # the connection may carry another exchange
    raw: bytes
    whole: int  # bytes of an answer that came in one piece, this head with its content; -1: that has to be looked into
    notes: dict[str | None, bytes]  # its lines as they go on, by where cookies are confined to
    wholes: dict[str | None, bytes]  # the same, with the framing of an answer that came in one piece


Head = TypeVar("Head")


class _Collector:
    """What llhttp calls while it reads a head."""

    def __init__(self) -> None:
        self.headers: Headers = []
        self.reason = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_status(self, reason: bytes) -> None:
        self.reason += reason


class Reader:
    """Reads heads and remembers header lines."""

    def __init__(self, *, max_headers: int = MAX_HEADERS) -> None:
        """Refuse heads of more than `max_headers` headers."""
        self._max_headers = max_headers
        self._requests: dict[bytes, RequestHead] = {}
        self.answers: dict[bytes, AnswerHead] = {}  # by their bytes

    def request(self, raw: bytes) -> RequestHead:
        """Return the head in `raw`, which ends with an empty line.

        Raises:
            RefusedError: it is malformed, ambiguous, or too large.
        """
        start = START.match(raw)
        if start is None:
            raise RefusedError(400, "the request line is not METHOD /path HTTP/1.1")
        method, target = start.groups()
        lines = raw[start.end(2) :]
        known = self._requests.get(lines)
        # llhttp knows the methods, and a method decides what an upgrade and a length mean: only GET is remembered
        if known is not None and method == b"GET":
            return RequestHead("GET", target.decode("ascii"), *known[2:])
        head = _request(raw, self._max_headers)
        if method == b"GET":
            _remember(self._requests, lines, head)
        return head

    def answer(self, raw: bytes) -> AnswerHead:
        """Return the answer's head in `raw`, which ends with an empty line; RefusedError when it is none."""
        known = self.answers.get(raw)
        if known is None:
            known = _answer(raw)
            _remember(self.answers, raw, known)
        return known


def _remember(memory: dict[bytes, Head], raw: bytes, head: Head) -> None:
    if len(raw) <= REMEMBERED_BYTES:
        keep(memory, raw, head, most=REMEMBERED)


def _request(raw: bytes, max_headers: int) -> RequestHead:
    if BARE.search(raw):
        raise RefusedError(400, "the head has bare line ends, folded lines or NUL bytes")
    collector = _Collector()
    parser = httptools.HttpRequestParser(collector)
    upgrading = False
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        upgrading = True
    except httptools.HttpParserError as error:
        raise RefusedError(400, f"the head is malformed: {error}") from error
    if len(collector.headers) > max_headers:
        raise RefusedError(431, f"more than {max_headers} headers")
    version = parser.get_http_version()
    method, target, _ = raw.split(b" ", 2)
    head = RequestHead(
        method=method.decode("ascii"),
        target=target.decode("ascii"),
        version=version,
        headers=collector.headers,
        body_length=_body_length(collector.headers, version),
        keep_alive=version == "1.1" and "close" not in _tokens(collector.headers),
        upgrade=_upgrade(collector.headers) if upgrading else None,
        notes={},
    )
    _check(head)
    return head


def _answer(raw: bytes) -> AnswerHead:
    if BARE.search(raw) or not STATUS.match(raw):
        raise RefusedError(502, "the answer's head is malformed")
    collector = _Collector()
    parser = httptools.HttpResponseParser(collector)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass  # 101; whether anybody asked for it is the caller's to say
    except httptools.HttpParserError as error:
        raise RefusedError(502, f"the answer's head is malformed: {error}") from error
    headers = collector.headers
    if len(headers) > MAX_ANSWER_HEADERS:
        raise RefusedError(502, "the answer has too many headers")
    if not all(VALUE.fullmatch(value) for _, value in headers):
        raise RefusedError(502, "a header of the answer holds control characters")
    lengths = {value for name, value in headers if name == "content-length"}
    codings = [value.lower() for name, value in headers if name == "transfer-encoding"]
    if (codings and (lengths or codings != ["chunked"])) or len(lengths) > 1:
        raise RefusedError(502, "the answer's length is given in two ways, or in an unknown one")
    if not all(LENGTH.fullmatch(value) for value in lengths):
        raise RefusedError(502, "the answer's length is no number")
    length, keep_alive = (
        int(lengths.pop()) if lengths else None,
        raw.startswith(b"HTTP/1.1") and "close" not in _tokens(headers),
    )
    status = parser.get_status_code()
    return AnswerHead(
        status=status,
        reason=collector.reason.decode("latin-1"),
        headers=headers,
        length=length,
        chunked=bool(codings),
        keep_alive=keep_alive,
        raw=raw,
        whole=len(raw) + length
        if length is not None and keep_alive and status >= FINAL and status not in NO_BODY
        else -1,
        notes={},
        wholes={},
    )


def _check(head: RequestHead) -> None:
    for name, value in head.headers:
        if not VALUE.fullmatch(value):
            raise RefusedError(400, f"the header {name} holds control characters")
    hosts = head.values("host")
    if len(hosts) > 1 or (not hosts and head.version == "1.1") or (hosts and not HOST.fullmatch(hosts[0])):
        raise RefusedError(400, "there must be one Host")
    if head.upgrade is not None and (head.method != "GET" or head.body_length != 0 or head.version != "1.1"):
        raise RefusedError(400, "an upgrade must be a GET without a body")


def _body_length(headers: Headers, version: str) -> int | None:
    """Return the body's length in bytes, or None when it is chunked."""
    lengths = [value for name, value in headers if name == "content-length"]
    codings = [value for name, value in headers if name == "transfer-encoding"]
    if codings:
        if lengths or version != "1.1" or [coding.lower() for coding in codings] != ["chunked"]:
            raise RefusedError(400, "the body's length is given in two ways, or in an unknown one")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not LENGTH.fullmatch(lengths[0]):
        raise RefusedError(400, "Content-Length must be one number")
    return int(lengths[0])


def _tokens(headers: Headers) -> set[str]:
    """Return what `Connection` says."""
    values = [value for name, value in headers if name == "connection"]
    return {token.strip().lower() for value in values for token in value.split(",")}


def _upgrade(headers: Headers) -> str | None:
    values = [value.strip().lower() for name, value in headers if name == "upgrade"]
    return values[0] if values == ["websocket"] else None
