"""The decision about one request: who is it, where does it go, and may it?"""

import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from shiva_common import identity
from shiva_common.problems import CONTENT_TYPE, problem

from shiva_jupyter_proxy.domain import access, headers
from shiva_jupyter_proxy.domain.messages import Decision, Forward, Headers, Peer, Reply, RequestHead, Upstream, lines
from shiva_jupyter_proxy.domain.ports import Notices, Person, Sessions
from shiva_jupyter_proxy.domain.routes import Route, RouteTable
from shiva_jupyter_proxy.sync import RouteSync

ONE_COOKIE = 1
JUDGED_SECONDS = 1.0  # what was worked out of header lines is worked out anew after this long


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What the door decides with."""

    hosts: frozenset[str]  # names under which people may call us; another name is an attacker's that points here
    manager: Upstream
    inside: Upstream  # our own pages
    identity_key: bytes = field(repr=False)
    page_headers: Headers


@dataclass(slots=True, kw_only=True)
class Caller:
    """What the header lines of a request say by themselves, worked out once for all requests that carry them."""

    until: float  # monotonic
    scheme: str
    client: str | None  # None: the peer itself
    host: str
    known_host: bool
    own_page: bool
    person: Person | None
    route: Route | None = None  # the last one, and how to get there
    upstream: Upstream = field(default_factory=Upstream)
    lines: bytes = b""


class Door:
    """Decides; moves no byte."""

    def __init__(
        self,
        settings: DoorSettings,
        *,
        table: RouteTable,
        sync: RouteSync,
        sessions: Sessions,
        notices: Notices,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` returns an aware UTC time."""
        self._settings = settings
        self._table = table
        self._sync = sync
        self._sessions = sessions
        self._notices = notices
        self._clock = clock
        self._ids = map(f"{secrets.token_hex(6)}-{{:x}}".format, itertools.count())

    def decide(self, head: RequestHead, peer: Peer) -> Decision | Awaitable[Decision]:
        """Return where the request goes on, or the door's own answer; `peer` sent it."""
        caller = self._caller(head, peer)
        if head.method not in access.METHODS:
            return self._problem(405, "method-not-allowed", "This method is not used here", "Nothing was changed.")
        if not caller.known_host:
            return self._problem(
                421,
                "unknown-host",
                "Shiva does not answer to this name",
                "Open it under the address that your operator gave you.",
            )
        place = access.place(head.path)
        if place is access.Place.NOWHERE:
            return self._problem(400, "bad-path", "That address cannot be read", "Nothing was changed.")
        if access.needs_own_page(head) and not caller.own_page:
            return self._problem(
                403,
                "cross-site",
                "That came from another page",
                "Nothing was changed. Do it from Shiva's own page; a program sends X-Shiva-Client.",
            )
        if place is access.Place.INSIDE:
            return self._inside(head, peer, caller)
        if caller.person is None:
            return self._not_logged_in(head)
        if place is access.Place.API:
            return self._api(head, peer, caller, caller.person)
        return self._container(head, peer, caller, caller.person)

    # who asks

    def _caller(self, head: RequestHead, peer: Peer) -> Caller:
        now, notes = time.monotonic(), head.notes
        key = (peer.scheme, peer.trusted)
        known = notes.get(key) if notes is not None else None
        if isinstance(known, Caller) and known.until > now:
            return known
        said = headers.said_by_proxy(head) if peer.trusted else {}
        host, scheme = said.get("host") or head.value("host") or "", said.get("proto") or peer.scheme
        caller = Caller(
            until=now + JUDGED_SECONDS,
            scheme=scheme,
            client=said.get("for"),
            host=host,
            known_host=access.host_name(host) in self._settings.hosts,
            own_page=access.from_own_page(head, origin=f"{scheme}://{host}"),
            person=self._person(head),
        )
        if notes is not None:
            notes[key] = caller
        return caller

    def _person(self, head: RequestHead) -> Person | None:
        """Return who is asking; two session cookies are a trick, and nobody's."""
        pairs = [pair.strip() for value in head.values("cookie") for pair in value.split(";")]
        ours = [pair for pair in pairs if pair.partition("=")[0].strip() == headers.SESSION_COOKIE]
        if len(ours) != ONE_COOKIE:
            return None
        try:
            morsel = SimpleCookie(ours[0]).get(headers.SESSION_COOKIE)
        except CookieError:
            return None
        return self._sessions.person(morsel.value if morsel else None)

    def _signed(self, person: Person) -> tuple[str, str]:
        who = identity.Identity(name=person.name, shown_name=person.shown_name)
        return identity.HEADER.lower(), identity.sign(who, key=self._settings.identity_key, now=self._clock())

    def _came_from(self, peer: Peer, caller: Caller) -> bytes:
        """Return the lines that no client may write."""
        client = caller.client or peer.address
        return f"x-forwarded-for: {client}\r\nx-request-id: {next(self._ids)}\r\n".encode("latin-1")

    # where it goes

    def _inside(self, head: RequestHead, peer: Peer, caller: Caller) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization", "upgrade"}))
        passed += headers.added(host=caller.host, scheme=caller.scheme)
        passed += [self._signed(caller.person)] if caller.person else []
        away = self._problem(503, "starting", "Shiva is starting", "Try again in a few seconds.")
        return Forward(self._settings.inside, lines(passed) + self._came_from(peer, caller), _always(away))

    def _api(self, head: RequestHead, peer: Peer, caller: Caller, person: Person) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization"}))
        passed += [*headers.added(host=caller.host, scheme=caller.scheme), self._signed(person)]
        away = self._problem(
            503,
            "manager-unavailable",
            "The manager does not answer",
            "Your notebooks go on running and your files are safe. Try again in a few seconds.",
        )
        all_lines = lines(passed) + self._came_from(peer, caller)
        return Forward(self._settings.manager, all_lines, _always(away), cookies_under=access.API)

    def _container(
        self, head: RequestHead, peer: Peer, caller: Caller, person: Person
    ) -> Decision | Awaitable[Decision]:
        path = head.path
        owner = access.owner_of(path)
        if owner != person.name:
            return self._notice(head, 403, "not-yours", "That container is not yours", "Nothing was changed.", person)
        if path == f"{access.USER}{owner}":
            return Reply(status=302, headers=[("location", f"{path}/")])
        route = self._table.route_for(path)
        if route is None:
            return self._look_again(head, peer, caller, person)
        return self._forward(head, peer, route, caller, person)

    async def _look_again(self, head: RequestHead, peer: Peer, caller: Caller, person: Person) -> Decision:
        await self._sync.missed()
        route = self._table.route_for(head.path)
        if route is None:
            return self._not_running(head, person)
        return self._forward(head, peer, route, caller, person)

    def _not_running(self, head: RequestHead, person: Person) -> Reply:
        detail = "Your files are safe. Start it on the dashboard, or with POST /api/v1/containers."
        return self._notice(head, 404, "not-running", "Your container is not running", detail, person)

    def _forward(self, head: RequestHead, peer: Peer, route: Route, caller: Caller, person: Person) -> Forward:
        if caller.route is not route:
            target = urlsplit(route.target)
            passed = headers.passed_on(head, drop=frozenset({"authorization"}))
            passed += headers.added(host=caller.host, scheme=caller.scheme)
            passed.append(("authorization", f"token {route.token}"))
            caller.lines = lines(passed)
            caller.upstream = Upstream(
                host=target.hostname or "", port=target.port or 80, pool=route.container_id, guarded=True
            )
            caller.route = route

        async def away() -> Reply:
            """It may have ended since the routes were pulled: that is another answer than a silent one."""
            await self._sync.missed()
            if self._table.route_for(head.path) is None:
                return self._not_running(head, person)
            detail = "Your files are safe. If it does not come back in a few seconds, start it again."
            return self._notice(head, 503, "not-answering", "Your container does not answer", detail, person)

        all_lines = caller.lines + self._came_from(peer, caller)
        return Forward(caller.upstream, all_lines, away, route.container_id, None, route.prefix)

    # answers of our own

    def _not_logged_in(self, head: RequestHead) -> Reply:
        if head.wants_page:
            return Reply(status=302, headers=[("location", f"/-/login?next={quote(head.target, safe='')}")])
        return self._problem(
            401, "not-logged-in", "You are not logged in", "Your notebooks go on running. Log in again at /-/login."
        )

    def _notice(self, head: RequestHead, status: int, code: str, title: str, detail: str, person: Person) -> Reply:
        """Return a page for people and a problem for programs."""
        if not head.wants_page:
            return self._problem(status, code, title, detail)
        body = self._notices.page(code, wanted=head.target, owner=person.name, shown_name=person.shown_name)
        content = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")]
        return Reply(status=status, headers=content + self._settings.page_headers + _retry(status), body=body)

    def _problem(self, status: int, code: str, title: str, detail: str) -> Reply:
        body = json.dumps(problem(status, code, title, detail)).encode()
        content = [("content-type", CONTENT_TYPE), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        return Reply(status=status, headers=content + _retry(status), body=body)


def _always(reply: Reply) -> Callable[[], Awaitable[Reply]]:
    async def away() -> Reply:
        return reply

    return away


def _retry(status: int) -> Headers:
    return [("retry-after", "2")] if status == 503 else []
