"""Messages as bytes. Framing is always ours, never a copy. Pure."""

from shiva_jupyter_proxy.domain.messages import Headers, RequestHead

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})  # a length of 0 goes without saying
LAST_CHUNK = b"0\r\n\r\n"


def _head(first: str, headers: Headers) -> bytes:
    return ("\r\n".join([first, *(f"{name}: {value}" for name, value in headers)]) + "\r\n\r\n").encode("latin-1")


def request_head(head: RequestHead, headers: Headers) -> bytes:
    """Return the head of `head`'s request with these headers."""
    framing: Headers = []
    if head.upgrade is not None:
        framing = [("connection", "Upgrade"), ("upgrade", head.upgrade)]
    elif head.body_length is None:
        framing = [("transfer-encoding", "chunked")]
    elif head.body_length or head.method not in BODILESS:
        framing = [("content-length", str(head.body_length))]
    return _head(f"{head.method} {head.target} HTTP/1.1", headers + framing)


def answer_head(status: int, reason: str, headers: Headers) -> bytes:
    """Return the head of an answer."""
    return _head(f"HTTP/1.1 {status} {reason}", headers)


def chunk(piece: bytes) -> bytes:
    """Return a piece of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)
