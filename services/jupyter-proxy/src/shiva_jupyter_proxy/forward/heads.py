"""One request head, read strictly: what two parsers could read in two ways is refused. RFC 9112, sections 2, 5 and 6."""

import re
from http import HTTPStatus

import httptools

from shiva_jupyter_proxy.domain.messages import Headers, RequestHead

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 100
END = b"\r\n\r\n"

BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\x00|\r\n[ \t]")  # a lone CR or LF, NUL, a folded line
START = re.compile(rb"[A-Z]{1,20} /[\x21-\x7e]* HTTP/1\.[01]\r\n")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
LENGTH = re.compile(r"[0-9]{1,18}")


class RefusedError(Exception):
    """The message is refused; the connection ends, because nobody knows where the next one begins."""

    def __init__(self, status: int, why: str) -> None:
        """`why` is for the log and the answer's body."""
        super().__init__(why)
        self.status = status

    @property
    def phrase(self) -> str:
        """The status's own words."""
        return HTTPStatus(self.status).phrase


class _Collector:
    """What llhttp calls while it reads a head."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: Headers = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))


def parsed(raw: bytes) -> RequestHead:
    """Return the head in `raw`, which ends with an empty line.

    Raises:
        RefusedError: it is malformed, ambiguous, or too large.
    """
    if BARE.search(raw):
        raise RefusedError(400, "the head has bare line ends, folded lines or NUL bytes")
    if not START.match(raw):
        raise RefusedError(400, "the request line is not METHOD /path HTTP/1.1")
    collector = _Collector()
    parser = httptools.HttpRequestParser(collector)
    upgrading = False
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        upgrading = True
    except httptools.HttpParserError as error:
        raise RefusedError(400, f"the head is malformed: {error}") from error
    if len(collector.headers) > MAX_HEADERS:
        raise RefusedError(431, f"more than {MAX_HEADERS} headers")
    version = parser.get_http_version()
    head = RequestHead(
        method=parser.get_method().decode("ascii"),
        target=collector.url.decode("latin-1"),
        version=version,
        headers=collector.headers,
        body_length=_body_length(collector.headers, version),
        keep_alive=version == "1.1" and not _closes(collector.headers),
        upgrade=_upgrade(collector.headers) if upgrading else None,
    )
    _check(head)
    return head


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


def _closes(headers: Headers) -> bool:
    """Whether the client wants its connection closed; llhttp forgets that when the message is complete."""
    values = [value for name, value in headers if name == "connection"]
    return "close" in {token.strip().lower() for value in values for token in value.split(",")}


def _upgrade(headers: Headers) -> str | None:
    values = [value.strip().lower() for name, value in headers if name == "upgrade"]
    return values[0] if values == ["websocket"] else None
