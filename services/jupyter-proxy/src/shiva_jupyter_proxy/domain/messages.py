"""A request's head as it came, and what was decided about it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a connection."""

    address: str
    scheme: str = "http"  # "https" with TLS
    port: int = 0  # ours, which it called
    trusted: bool = False  # a proxy of ours, whose word about its client counts


class RequestHead(NamedTuple):
    """One request without its body. Header names are lower-case; text is Latin-1, byte for byte."""

    method: str
    target: str  # path and query as they were sent
    version: str  # "1.0" or "1.1"
    headers: Headers
    body_length: int | None  # None: chunked
    keep_alive: bool
    upgrade: str | None  # "websocket", …
    notes: dict[object, object] | None = None  # what was worked out of these very headers; shared by all who send them

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def values(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str | None:
        """Return the only value of a header; None when there is none, or more than one."""
        values = self.values(name)
        return values[0] if len(values) == 1 else None

    @property
    def wants_page(self) -> bool:
        """Whether a person is looking: a page is wanted rather than data or a socket."""
        return self.method in {"GET", "HEAD"} and self.upgrade is None and "text/html" in (self.value("accept") or "")


class Reply(NamedTuple):
    """An answer of the door itself."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where a request goes on: a host and port, or a socket of our own."""

    host: str = ""
    port: int = 0
    path: str = ""  # of a Unix socket
    tls: bool = False
    pool: str = ""  # kept connections are shared within one pool only
    guarded: bool = False  # it is a container: where its name leads is checked
    key: str = field(init=False, compare=False, repr=False)  # the same for equal ones

    def __post_init__(self) -> None:
        """Work the key out once: connections are looked up by it."""
        key = f"{self.pool} {self.tls} {self.guarded} {self.host}:{self.port} {self.path}"
        object.__setattr__(self, "key", key)


class Ground:
    """What decisions rest on - routes, sessions - by how often it changed."""

    __slots__ = ("changes",)

    def __init__(self) -> None:
        """Begin with none."""
        self.changes = 0


@dataclass(slots=True, kw_only=True)
class Standing:
    """How far a decision about a GET holds for further ones with the very same header lines, on the same connection."""

    under: bytes  # their paths, plainly spelled, begin so
    until: float  # monotonic
    ground: Ground
    changes: int  # of the ground, when it was decided


@dataclass(slots=True)
class Forward:
    """The request goes on."""

    upstream: Upstream
    lines: bytes  # its header lines, without framing; see `lines`
    away: Callable[[RequestHead], Awaitable[Reply]]  # gives the answer when nobody listens there
    container_id: str | None = None  # None: it goes to a service of ours
    session_id: str | None = None  # whose end ends what this request opens
    cookies_under: str | None = None  # cookies of the answer hold under this path only; None: as they are
    target: str | None = None  # path and query for the upstream; None: as they were sent
    whole_body_bytes: int | None = (
        None  # the upstream is asked once the body is here, of so much at most; None: at once
    )
    standing: Standing | None = None  # without a target of its own; None: the next request is decided anew


Decision = Forward | Reply


def lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return headers as they stand in a message."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers]).encode("latin-1")
