"""The decision about one request: who is it, where does it go, and may it?"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlsplit

from shiva_common import identity

from shiva_jupyter_proxy.answers import Answers, always, redirect, refusal
from shiva_jupyter_proxy.domain import absence, access, headers
from shiva_jupyter_proxy.domain.cookies import CookieNames, own_cookie
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.messages import (
    Decision,
    Forward,
    Headers,
    Peer,
    Reply,
    RequestHead,
    Standing,
    Upstream,
    lines,
)
from shiva_jupyter_proxy.domain.origins import Kind, Origins, Site
from shiva_jupyter_proxy.domain.ports import Notices, Person, Session, Sessions
from shiva_jupyter_proxy.domain.routes import Route, RouteTable
from shiva_jupyter_proxy.sync import RouteSync

STATE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
STATE_SECONDS = 600  # for logging in, on the way to a notebook
CALLERS = 256  # addresses that send the very same header lines
JUDGED_SECONDS = 1.0  # what was worked out of header lines is worked out anew after this long


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What the door decides with."""

    origins: Origins  # names under which people may call us; another name is an attacker's that points here
    cookies: CookieNames
    manager: Upstream
    inside: Upstream  # our own pages
    identity_key: bytes = field(repr=False)
    page_headers: Headers


@dataclass(slots=True, kw_only=True)
class Caller:
    """What the header lines of a request say by themselves, worked out once for all requests that carry them."""

    until: float  # monotonic
    scheme: str
    client: str  # its address
    host: str
    site: Site | None
    own_page: bool
    from_elsewhere: bool
    visit: bool
    session: Session | None
    cookie: str = ""  # that proved it
    route: Route | None = None  # the last one
    forward: Forward | None = None  # the way there

    @property
    def of_notebooks(self) -> bool:
        """Whether a host of notebooks was called, which knows less than the dashboard's."""
        return self.site is not None and self.site.kind is Kind.NOTEBOOKS


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
        self._answers = Answers(notices, settings.page_headers)
        self._clock = clock

    def decide(self, head: RequestHead, peer: Peer) -> Decision | Awaitable[Decision]:
        """Return where the request goes on, or the door's own answer; `peer` sent it."""
        caller, place = self._caller(head, peer), access.place(head.path)
        if (refused := self._refused(head, caller, place)) is not None:
            return refused
        session = caller.session
        if session is not None and not self._sessions.holds(session):
            session = caller.session = None
        if place is access.Place.INSIDE:
            return self._inside(head, caller)
        if session is None:
            return self._not_logged_in(head, caller)
        if place is access.Place.API:
            return self._api(head, caller, session.person)
        return self._container(head, caller, session)

    def _refused(self, head: RequestHead, caller: Caller, place: access.Place) -> Reply | None:
        """Return the refusal that does not depend on who asks."""
        if head.method not in access.METHODS:
            return refusal(405, "method-not-allowed", "This method is not used here", "Nothing was changed.")
        if caller.site is None:
            return refusal(
                421,
                "unknown-host",
                "Shiva does not answer to this name",
                "Open it under the address that your operator gave you.",
            )
        if place is access.Place.NOWHERE:
            return refusal(400, "bad-path", "That address cannot be read", "Nothing was changed.")
        if not caller.site.serves(place, head.path):
            return self._elsewhere(head, caller.site, place)
        foreign = caller.from_elsewhere and not (caller.visit and place is access.Place.CONTAINER)
        if (access.needs_own_page(head) and not caller.own_page) or (foreign and place is not access.Place.INSIDE):
            return refusal(
                403,
                "cross-site",
                "That came from another page",
                "Nothing was changed. Do it from Shiva's own page; a program sends X-Shiva-Client.",
            )
        return None

    # who asks

    def _caller(self, head: RequestHead, peer: Peer) -> Caller:
        now, notes = time.monotonic(), head.notes
        key = (peer.address, peer.scheme, peer.trusted)
        known = notes.get(key) if notes is not None else None
        if isinstance(known, Caller) and known.until > now:
            return known
        said = headers.said_by_proxy(head) if peer.trusted else {}
        host, scheme = said.get("host") or head.value("host") or "", said.get("proto") or peer.scheme
        site, origin = self._settings.origins.site(host), f"{scheme}://{host}"
        session, cookie = self._session(head, site)
        caller = Caller(
            until=now + JUDGED_SECONDS,
            scheme=scheme,
            client=said.get("for", peer.address),
            host=host,
            site=site,
            own_page=access.from_own_page(head, origin=origin),
            from_elsewhere=access.from_elsewhere(head, origin=origin),
            visit=access.is_visit(head),
            session=session,
            cookie=cookie,
        )
        if notes is not None:
            keep(notes, key, caller, most=CALLERS)
        return caller

    def _session(self, head: RequestHead, site: Site | None) -> tuple[Session | None, str]:
        """Return who is asking, and the cookie that says so; hosts of notebooks have another one than the dashboard's."""
        if site is None:
            return None, ""
        names = self._settings.cookies
        cookie = own_cookie(head, names.notebook if site.kind is Kind.NOTEBOOKS else names.session)
        return self._sessions.session(cookie, host=site.host), cookie or ""

    def _signed(self, person: Person) -> tuple[str, str]:
        who = identity.Identity(name=person.name, shown_name=person.shown_name)
        return identity.HEADER.lower(), identity.sign(who, key=self._settings.identity_key, now=self._clock())

    # where it goes

    def _inside(self, head: RequestHead, caller: Caller) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization", "upgrade"}))
        passed += headers.added(client=caller.client, host=caller.host, scheme=caller.scheme)
        if caller.session is not None:
            passed += [self._signed(caller.session.person), ("x-shiva-session", caller.cookie)]
        if state := own_cookie(head, self._settings.cookies.state):
            passed.append(("x-shiva-state", state))
        away = refusal(503, "starting", "Shiva is starting", "Try again in a few seconds.")
        return Forward(self._settings.inside, lines(passed), always(away))

    def _api(self, head: RequestHead, caller: Caller, person: Person) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization"}))
        passed += [*headers.added(client=caller.client, host=caller.host, scheme=caller.scheme), self._signed(person)]
        away = refusal(
            503,
            "manager-unavailable",
            "The manager does not answer",
            "Your notebooks go on running and your files are safe. Try again in a few seconds.",
        )
        return Forward(self._settings.manager, lines(passed), always(away), cookies_under=access.API)

    def _container(self, head: RequestHead, caller: Caller, session: Session) -> Decision | Awaitable[Decision]:
        path = head.path
        owner, person = access.owner_of(path), session.person.name
        if path == f"{access.USER}{owner}" and owner == person:
            return Reply(status=302, headers=[("location", f"{path}/")])
        held = self._table.held_for(path)
        if isinstance(held, Route):
            return self._enter(head, held, caller, session)
        if owner == person or not self._table.filled or (held is not None and held.lets_in(person)):
            return self._look_again(head, caller, session)
        return self._say(head, absence.NOT_YOURS, session)

    async def _look_again(self, head: RequestHead, caller: Caller, session: Session) -> Decision:
        await self._sync.missed()
        route = self._table.route_for(head.path)
        return self._absent(head, session) if route is None else self._enter(head, route, caller, session)

    def _enter(self, head: RequestHead, route: Route, caller: Caller, session: Session) -> Decision:
        if not route.lets_in(session.person.name):
            return self._say(head, absence.NOT_YOURS, session)
        if caller.forward is None or caller.route is not route:
            caller.route, caller.forward = route, self._way(head, route, caller, session)
        return caller.forward

    def _absent(self, head: RequestHead, session: Session) -> Reply:
        return self._say(head, absence.notice(self._table, head.path, session.person.name), session)

    def _say(self, head: RequestHead, notice: absence.Notice, session: Session) -> Reply:
        """On a host of notebooks somebody else may have logged in on the dashboard's host since: that is asked there.

        Only the dashboard's host can start a container.
        """
        if head.wants_page and session.host and notice is absence.NOT_YOURS:
            return self._to_handover(head)
        if head.wants_page and session.host and notice.start:
            return redirect(self._settings.origins.start(head.target))
        return self._answers.notice(head, notice, session.person)

    def _way(self, head: RequestHead, route: Route, caller: Caller, session: Session) -> Forward:
        target = urlsplit(route.target)
        passed = headers.passed_on(head, drop=frozenset({"authorization"}))
        passed += headers.added(client=caller.client, host=caller.host, scheme=caller.scheme)
        passed.append(("authorization", f"token {route.token}"))
        ground = self._table.ground
        leaf = self._table.is_leaf(route)
        return Forward(
            Upstream(host=target.hostname or "", port=target.port or 80, pool=route.container_id, guarded=True),
            lines(passed),
            partial(self._away, session),
            container_id=route.container_id,
            session_id=session.id,
            cookies_under=route.prefix,
            standing=Standing(under=route.prefix.encode(), until=caller.until, ground=ground, changes=ground.changes)
            if leaf
            else None,
        )

    async def _away(self, session: Session, head: RequestHead) -> Reply:
        """It may have ended since the routes were pulled: that is another answer than a silent one."""
        await self._sync.missed()
        if self._table.route_for(head.path) is None:
            return self._absent(head, session)
        return self._say(head, absence.NOT_ANSWERING, session)

    # answers of our own

    def _elsewhere(self, head: RequestHead, site: Site, place: access.Place) -> Reply:
        """Send people to where the page is; a program, and a page's script, has no business there."""
        where = self._settings.origins.elsewhere(site, place, head.target)
        if where is not None and head.wants_page:
            return redirect(where)
        return refusal(
            421,
            "other-host",
            "That is not served under this name",
            "Nothing was changed. The dashboard and its API have one name, notebooks have another.",
        )

    def _to_handover(self, head: RequestHead) -> Reply:
        name = self._settings.cookies.state
        kept = own_cookie(head, name) or ""
        state = kept if STATE.fullmatch(kept) else secrets.token_urlsafe(24)
        secure = "; Secure" if self._settings.origins.scheme == "https" else ""
        cookie = f"{name}={state}; Path=/; HttpOnly; SameSite=Lax; Max-Age={STATE_SECONDS}{secure}"
        return redirect(self._settings.origins.handover(head.target, state), ("set-cookie", cookie))

    def _not_logged_in(self, head: RequestHead, caller: Caller) -> Reply:
        if head.wants_page and caller.of_notebooks:
            return self._to_handover(head)
        if head.wants_page:
            return Reply(status=302, headers=[("location", f"/-/login?next={quote(head.target, safe='')}")])
        return refusal(
            401, "not-logged-in", "You are not logged in", "Your notebooks go on running. Log in again at /-/login."
        )
