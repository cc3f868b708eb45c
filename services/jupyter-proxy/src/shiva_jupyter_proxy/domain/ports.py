"""What the door needs from the world.

PortError
├── RoutesUnavailableError   the broker does not answer: keep the routes that are known
└── ReportRefusedError       the broker did not take the accesses: keep them and try again
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shiva_jupyter_proxy.domain.messages import Peer, RequestHead
from shiva_jupyter_proxy.domain.routes import Route


class PortError(Exception):
    """Base of the errors of the door's ports."""


class RoutesUnavailableError(PortError):
    """The source of routes does not answer. Keep what is known."""


class ReportRefusedError(PortError):
    """The accesses were not taken. Keep them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a session belongs to."""

    name: str  # the user name in URLs
    shown_name: str


class RouteSource(Protocol):
    """Tells all routes."""

    async def routes(self) -> Sequence[Route] | None:
        """Return the whole table, or None when nothing changed since the last call."""


class ActivitySink(Protocol):
    """Takes accesses."""

    async def report(self, last_access: Mapping[str, datetime]) -> None:
        """Take the last access of containers; ReportRefusedError when they were not taken."""


class Sessions(Protocol):
    """Makes and reads session cookies."""

    def seal(self, person: Person) -> str:
        """Return the cookie's value."""

    def person(self, cookie: str | None) -> Person | None:
        """Return whose cookie it is; None when it is forged, expired, or none."""


class Tunnel(Protocol):
    """An open WebSocket, or what else was upgraded."""

    container_id: str | None
    session_id: str | None

    def close(self) -> None:
        """Close it at once."""


class Observer(Protocol):
    """Who wants to know what went through."""

    def connected(self, count: int) -> None:
        """So many connections of browsers are open now."""

    def answered(self, head: RequestHead, peer: Peer, container_id: str | None, status: int, seconds: float) -> None:
        """The head of an answer is out, `seconds` after its request's."""

    def upstream_failed(self, container_id: str | None) -> None:
        """An upstream did not answer, or broke before it did."""

    def tunnel_opened(self, tunnel: Tunnel) -> None:
        """A tunnel is open."""

    def tunnel_used(self, container_id: str | None) -> None:
        """Data went through a tunnel."""

    def tunnel_closed(self, tunnel: Tunnel) -> None:
        """A tunnel is closed."""


class Notices(Protocol):
    """Pages that the door itself shows."""

    def page(self, kind: str, **facts: str) -> bytes:
        """Return a page: `not-running`, `not-answering`, `not-yours`, …"""
