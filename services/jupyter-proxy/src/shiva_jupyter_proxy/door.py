"""The decision about one request: who is it, where does it go, and may it?"""

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from shiva_common import identity
from shiva_common.problems import CONTENT_TYPE, problem

from shiva_jupyter_proxy.domain import access, headers
from shiva_jupyter_proxy.domain.messages import Forward, Headers, Reply, RequestHead, Upstream
from shiva_jupyter_proxy.domain.ports import Notices, Person, Sessions
from shiva_jupyter_proxy.domain.routes import Route, RouteTable
from shiva_jupyter_proxy.sync import RouteSync

SCHEME = "http"
ONE_COOKIE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What the door decides with."""

    hosts: frozenset[str]  # names under which people may call us; another name is an attacker's that points here
    manager: Upstream
    inside: Upstream  # our own pages
    identity_key: bytes = field(repr=False)
    page_headers: Headers


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

    async def decide(self, head: RequestHead, *, client: str) -> Forward | Reply:
        """Return where the request goes on, or the door's own answer; `client` is the peer's address."""
        if head.method not in access.METHODS:
            return self._problem(405, "method-not-allowed", "This method is not used here", "Nothing was changed.")
        host = head.value("host") or ""
        if access.host_name(host) not in self._settings.hosts:
            return self._problem(
                421,
                "unknown-host",
                "Shiva does not answer to this name",
                "Open it under the address that your operator gave you.",
            )
        place = access.place(head.path)
        if place is access.Place.NOWHERE:
            return self._problem(400, "bad-path", "That address cannot be read", "Nothing was changed.")
        if access.needs_own_page(head) and not access.from_own_page(head, scheme=SCHEME):
            return self._problem(
                403,
                "cross-site",
                "That came from another page",
                "Nothing was changed. Do it from Shiva's own page; a program sends X-Shiva-Client.",
            )
        person = self._person(head)
        came_from = headers.added(client=client, host=host, scheme=SCHEME, request_id=secrets.token_hex(8))
        if place is access.Place.INSIDE:
            return self._inside(head, person, came_from)
        if person is None:
            return self._not_logged_in(head)
        if place is access.Place.API:
            return self._api(head, person, came_from)
        return await self._container(head, person, came_from)

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

    def _inside(self, head: RequestHead, person: Person | None, came_from: Headers) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization", "upgrade"})) + came_from
        away = self._problem(503, "starting", "Shiva is starting", "Try again in a few seconds.")
        known = [self._signed(person)] if person else []
        return Forward(upstream=self._settings.inside, headers=passed + known, cookies_under=None, away=_always(away))

    def _api(self, head: RequestHead, person: Person, came_from: Headers) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization"})) + came_from
        away = self._problem(
            503,
            "manager-unavailable",
            "The manager does not answer",
            "Your notebooks go on running and your files are safe. Try again in a few seconds.",
        )
        signed = [*passed, self._signed(person)]
        return Forward(upstream=self._settings.manager, headers=signed, cookies_under=access.API, away=_always(away))

    async def _container(self, head: RequestHead, person: Person, came_from: Headers) -> Forward | Reply:
        owner = access.owner_of(head.path)
        if owner != person.name:
            return self._notice(head, 403, "not-yours", "That container is not yours", "Nothing was changed.", person)
        if head.path == f"{access.USER}{owner}":
            return Reply(status=302, headers=[("location", f"{head.path}/")])
        route = self._table.route_for(head.path)
        if route is None:
            await self._sync.missed()
            route = self._table.route_for(head.path)
        if route is None:
            return self._not_running(head, person)
        return self._forward(head, route, person, came_from)

    def _not_running(self, head: RequestHead, person: Person) -> Reply:
        detail = "Your files are safe. Start it on the dashboard, or with POST /api/v1/containers."
        return self._notice(head, 404, "not-running", "Your container is not running", detail, person)

    def _forward(self, head: RequestHead, route: Route, person: Person, came_from: Headers) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"authorization"})) + came_from
        passed.append(("authorization", f"token {route.token}"))
        target = urlsplit(route.target)

        async def away() -> Reply:
            """It may have ended since the routes were pulled: that is another answer than a silent one."""
            await self._sync.missed()
            if self._table.route_for(head.path) is None:
                return self._not_running(head, person)
            detail = "Your files are safe. If it does not come back in a few seconds, start it again."
            return self._notice(head, 503, "not-answering", "Your container does not answer", detail, person)

        upstream = Upstream(
            host=target.hostname or "", port=target.port or 80, pool=f"{route.container_id} {route.target}"
        )
        return Forward(
            upstream=upstream,
            headers=passed,
            container_id=route.container_id,
            cookies_under=route.prefix,
            away=away,
        )

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
