"""What the door needs from the world.

PortError
├── RoutesUnavailableError   the broker does not answer: keep the routes that are known
└── ReportRefusedError       the broker did not take the accesses: keep them and try again
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shiva_jupyter_proxy.domain.routes import Route, Unrouted


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who logged in, when, and where that holds."""

    person: Person
    id: str  # new at each login; what is handed over from it has the same one, and ends with it
    issued_at: float  # seconds since the epoch, of the login
    host: str = ""  # the one host of notebooks where it holds; empty: the dashboard's


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session on its way to a host of notebooks."""

    session: Session
    id: str
    state: str  # what the browser that asked for it keeps


class RouteSource(Protocol):
    """Tells all routes, and which containers have none."""

    async def routes(self) -> Sequence[Route | Unrouted] | None:
        """Return the whole table, or None when nothing changed since the last call."""


class ActivitySink(Protocol):
    """Takes accesses."""

    async def report(self, last_access: Mapping[str, datetime]) -> None:
        """Take the last access of containers; ReportRefusedError when they were not taken."""


class Uses(Protocol):
    """Notes that containers are used."""

    def mark(self, container_id: str) -> None:
        """Note a use now: an answer below 300, or data on a socket. Refusals and errors are no use."""


class Sessions(Protocol):
    """Makes and reads what proves a session."""

    def begin(self, person: Person) -> Session:
        """Return a new session."""

    def end(self, session: Session, *, everywhere: bool = False) -> None:
        """End it, or every session of this person that began until now."""

    def seal(self, session: Session) -> str:
        """Return the cookie's value."""

    def session(self, cookie: str | None, *, host: str = "") -> Session | None:
        """Return whose cookie it is on this host; None when it is forged, another host's, over, or none."""

    def holds(self, session: Session) -> bool:
        """Whether a session that was read goes on; it is used now."""

    def hand_over(self, session: Session, *, host: str, state: str) -> str:
        """Return a code for `host`, good for half a minute, once, and in the browser that keeps `state`."""

    def entry(self, code: str) -> Entry | None:
        """Return what a code hands over; None when it is forged, too old, or its session is over."""

    def enter(self, entry: Entry) -> bool:
        """Use it up; False when it was used before."""


class Tunnel(Protocol):
    """An open WebSocket, or what else was upgraded."""

    container_id: str | None
    session_id: str | None
    moved: bool  # data went through; whoever notes the use sets it back

    def close(self) -> None:
        """Close it at once."""


class Observer(Protocol):
    """Who wants to know what went through."""

    def connected(self, count: int) -> None:
        """So many connections of browsers are open now."""

    def answered(self, container_id: str | None, status: int, seconds: float) -> None:
        """The head of an answer is out, `seconds` after its request's."""

    def upstream_failed(self, container_id: str | None) -> None:
        """An upstream did not answer, or broke before it did."""

    def tunnel_opened(self, tunnel: Tunnel) -> None:
        """A tunnel is open."""

    def tunnel_closed(self, tunnel: Tunnel) -> None:
        """A tunnel is closed."""


class Notices(Protocol):
    """Pages that the door itself shows."""

    def page(self, kind: str, **facts: str) -> bytes:
        """Return a page: `not-running`, `container-starting`, `machine-unreachable`, `not-yours`, …"""
