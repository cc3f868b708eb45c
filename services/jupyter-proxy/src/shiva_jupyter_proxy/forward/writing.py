"""Messages as bytes. Framing is always ours, never a copy. Pure."""

from http import HTTPStatus

from shiva_jupyter_proxy.domain.headers import passed_back
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.messages import Headers, RequestHead, lines
from shiva_jupyter_proxy.forward.heads import AnswerHead

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})  # a length of 0 goes without saying
WAYS = 32  # containers for which one head is kept as it goes on
LAST_CHUNK = b"0\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
CLOSE = b"connection: close\r\n"
PHRASES = {status.value: status.phrase for status in HTTPStatus}


def request_head(head: RequestHead, *header_lines: bytes, target: str | None = None) -> bytes:
    """Return the head of `head`'s request with these lines, for another `target` where one is given."""
    start = f"{head.method} {target or head.target} HTTP/1.1\r\n".encode("latin-1")
    return b"".join((start, *header_lines, _framing(head), b"\r\n"))


def _framing(head: RequestHead) -> bytes:
    if head.upgrade is not None:
        return b"connection: Upgrade\r\nupgrade: %s\r\n" % head.upgrade.encode("ascii")
    if head.body_length is None:
        return CHUNKED
    if head.body_length or head.method not in BODILESS:
        return b"content-length: %d\r\n" % head.body_length
    return b""


def answer_lines(head: AnswerHead, cookies_under: str | None) -> bytes:
    """Return the first line and the headers of an answer that goes back, without framing and the empty line."""
    known = head.notes.get(cookies_under)
    if known is None:
        passed = [
            pair for pair in passed_back(head.headers, cookies_under=cookies_under) if pair[0] != "content-length"
        ]
        known = keep(head.notes, cookies_under, _start(head.status, head.reason) + lines(passed), most=WAYS)
    return known


def whole_head(head: AnswerHead, cookies_under: str | None) -> bytes:
    """Return the head of an answer that goes back in one piece, its content behind it."""
    framing = answer_framing(head.status, head.length, chunked=False, close=False)
    return keep(head.wholes, cookies_under, answer_lines(head, cookies_under) + framing, most=WAYS)


def answer_framing(status: int, length: int | None, *, chunked: bool, close: bool) -> bytes:
    """Return the header lines that say where an answer ends, and the empty line."""
    if chunked:
        return CHUNKED + CLOSE + b"\r\n" if close else CHUNKED + b"\r\n"
    counted = b"" if length is None or status in {204, 304} else b"content-length: %d\r\n" % length
    return counted + (CLOSE if close else b"") + b"\r\n"


def own_answer(status: int, headers: Headers) -> bytes:
    """Return the same of an answer of the door itself."""
    return _start(status, PHRASES[status]) + lines(headers)


def _start(status: int, reason: str) -> bytes:
    return f"HTTP/1.1 {status} {reason}\r\n".encode("latin-1")


def chunk(piece: bytes) -> bytes:
    """Return a piece of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)
