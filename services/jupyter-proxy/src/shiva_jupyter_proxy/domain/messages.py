"""A request's head as it came, and what the door decided about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """One request without its body. Header names are lower-case; text is Latin-1, byte for byte."""

    method: str
    target: str  # path and query as they were sent
    version: str  # "1.0" or "1.1"
    headers: Headers
    body_length: int | None  # None: chunked
    keep_alive: bool
    upgrade: str | None  # "websocket", …

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
        """Whether a person is looking: a page is wanted rather than data."""
        return self.method in {"GET", "HEAD"} and "text/html" in (self.value("accept") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
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
    pool: str = ""  # connections are shared within one pool only


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """The request goes on, with these headers."""

    upstream: Upstream
    headers: Headers
    container_id: str | None = None  # None: it goes to a service of ours
    cookies_under: (
        str | None
    )  # cookies of the answer hold under this path only; None: our own pages, which log people in
    away: Callable[[], Awaitable[Reply]]  # gives the answer when nobody listens there
