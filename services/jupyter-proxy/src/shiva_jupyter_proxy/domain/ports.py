"""What the door needs from the world.

PortError
├── RoutesUnavailableError    the broker does not answer: keep the routes that are known
├── ReportRefusedError        the broker did not take the accesses: keep them and try again
├── ProviderUnavailableError  the login provider does not answer, or not as it should: say so
├── LoginRefusedError         what the login provider answered proves nobody
├── ManagerUnavailableError   the manager does not answer: what is known holds
├── NotAdmittedError          the manager lets this person not in
└── TokenRefusedError         an API token is good for nothing
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shiva_jupyter_proxy.domain.routes import Route, Unrouted


class PortError(Exception):
    """Base of the errors of the door's ports."""


class RoutesUnavailableError(PortError):
    """The source of routes does not answer. Keep what is known."""


class ReportRefusedError(PortError):
    """The accesses were not taken. Keep them."""


class ProviderUnavailableError(PortError):
    """The login provider does not answer, or not as it should; the message is a sentence for people."""


class LoginRefusedError(PortError):
    """What the login provider answered proves nobody; the message is a sentence for people."""


class ManagerUnavailableError(PortError):
    """The manager does not answer. What is known holds."""


class NotAdmittedError(PortError):
    """The manager lets somebody not in; title and detail are sentences for that person."""

    def __init__(self, code: str, title: str, detail: str) -> None:
        """`code` is the problem's."""
        super().__init__(code)
        self.code = code
        self.title = title
        self.detail = detail


class TokenRefusedError(PortError):
    """An API token is good for nothing; nobody is told why."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """A login that is on its way to the provider and back."""

    id: str
    state: str = field(repr=False)
    wanted: str  # where to go afterwards: a path of ours
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)  # of PKCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is proven about somebody; None: the provider does not say."""

    issuer: str
    subject: str  # with `issuer`, who it is
    email: str | None = None
    email_verified: bool = False
    hosted_domain: str | None = None  # Google's `hd`
    groups: tuple[str, ...] = ()
    shown_name: str | None = None
    picture: str | None = None  # an https address


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who shows an API token, and what it is good for."""

    person: Person
    token_id: str
    scopes: frozenset[str]
    expires_at: float  # seconds since the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A person some or all of whose sessions are over."""

    name: str
    ended_before: float | None  # seconds since the epoch: sessions that began until then; None: no such time
    barred: bool  # all sessions, whenever they begin


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

    def csrf_token(self, session: Session) -> str:
        """Return what pages of this session send with each change."""

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether a page of this session sent it."""

    def hand_over(self, session: Session, *, host: str, state: str) -> str:
        """Return a code for `host`, good for half a minute, once, and in the browser that keeps `state`."""

    def entry(self, code: str) -> Entry | None:
        """Return what a code hands over; None when it is forged, too old, or its session is over."""

    def enter(self, entry: Entry) -> bool:
        """Use it up; False when it was used before."""


class Logins(Protocol):
    """Begins and recognizes logins; none is remembered here."""

    def binding(self, kept: str | None) -> str:
        """Return what the browser keeps, or a new one where that is none."""

    def form_token(self, binding: str) -> str:
        """Return what the login form holds, so that no other page can send it."""

    def is_form_token(self, binding: str | None, token: str) -> bool:
        """Whether a form was made for this browser."""

    def begin(self, binding: str, wanted: str) -> LoginAttempt:
        """Return a new login of a browser that wants to go to `wanted` afterwards."""

    def attempt(self, state: str, binding: str | None) -> LoginAttempt | None:
        """Return the login that a state is of; None when it is forged, too old, or another browser's."""

    def take(self, attempt: LoginAttempt) -> bool:
        """Use it up; False when it was used before."""


class IdentityProvider(Protocol):
    """Proves who people are. Both raise ProviderUnavailableError, within a few seconds."""

    async def login_url(self, attempt: LoginAttempt, *, other_account: bool) -> str:
        """Return where the browser goes; with `other_account` it is asked which one."""

    async def redeem(self, attempt: LoginAttempt, *, code: str, issuer: str | None) -> Claims:
        """Return who came back with a code; `issuer` is what the answer said. LoginRefusedError when that proves nobody."""


class Admission(Protocol):
    """Lets people in, and says under which name. Both raise ManagerUnavailableError."""

    async def admit(self, claims: Claims, *, client: str) -> Person:
        """Return the person; NotAdmittedError with the reason."""

    async def log_out_everywhere(self, name: str, *, client: str) -> None:
        """End this person's sessions at every door."""


class TokenIssuer(Protocol):
    """Knows API tokens."""

    async def verify(self, token: str, *, client: str) -> Bearer:
        """Return whose it is; TokenRefusedError or ManagerUnavailableError."""


class RevocationSource(Protocol):
    """Tells whose sessions are over."""

    async def revocations(self) -> Sequence[Revoked] | None:
        """Return all, or None when nothing changed since the last call; ManagerUnavailableError."""


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

    def page(self, kind: str, language: str = "en", **facts: str) -> bytes:
        """Return a page: `not-running`, `container-starting`, `machine-unreachable`, `not-yours`, …"""
