"""The decision about one request: who is it, where does it go, and may it?"""

import re
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from shiva_jupyter_proxy.answers import CROSS_SITE, Answers, always, not_logged_in, redirect, refusal
from shiva_jupyter_proxy.api_entrance import ApiEntrance
from shiva_jupyter_proxy.callers import Caller, Callers
from shiva_jupyter_proxy.domain import absence, access, headers
from shiva_jupyter_proxy.domain.cookies import CookieNames, own_cookie
from shiva_jupyter_proxy.domain.language import COOKIE
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
from shiva_jupyter_proxy.domain.origins import Origins, Site
from shiva_jupyter_proxy.domain.ports import Notices, Session, Sessions
from shiva_jupyter_proxy.domain.routes import Route, RouteTable
from shiva_jupyter_proxy.sync import RouteSync

STATE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
STATE_SECONDS = 600  # for logging in, on the way to a notebook


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What the door decides with."""

    origins: Origins  # names under which people may call us; another name is an attacker's that points here
    cookies: CookieNames
    inside: Upstream  # our own pages
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
        api: ApiEntrance,
        notices: Notices,
    ) -> None:
        """`api` decides about requests to the manager."""
        self._settings = settings
        self._table = table
        self._sync = sync
        self._sessions = sessions
        self._callers = Callers(settings.origins, settings.cookies, sessions)
        self._api = api
        self._answers = Answers(notices, settings.page_headers)

    def decide(self, head: RequestHead, peer: Peer) -> Decision | Awaitable[Decision]:
        """Return where the request goes on, or the door's own answer; `peer` sent it."""
        caller, place = self._callers.caller(head, peer), access.place(head.path)
        if (refused := self._refused(head, caller, place)) is not None:
            return refused
        session = caller.session
        if session is not None and not self._sessions.holds(session):
            session = caller.session = None
        if place is access.Place.INSIDE:
            return self._inside(head, caller)
        if place is access.Place.API:
            return self._api.decide(head, caller)
        if session is None:
            return self._not_logged_in(head, caller)
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
        unsure = access.needs_own_page(head) and not caller.own_page and place is not access.Place.API
        return CROSS_SITE if unsure or (foreign and place is not access.Place.INSIDE) else None

    # where it goes

    def _inside(self, head: RequestHead, caller: Caller) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "upgrade"}))
        passed += headers.added(client=caller.client, host=caller.host, scheme=caller.scheme)
        if caller.session is not None:
            passed.append(("x-shiva-session", caller.cookie))
        names = self._settings.cookies
        kept = ((names.state, "x-shiva-state"), (names.login, "x-shiva-login"), (COOKIE, "x-shiva-language"))
        for name, header in kept:
            if value := own_cookie(head, name):
                passed.append((header, value))
        away = refusal(503, "starting", "Shiva is starting", "Try again in a few seconds.")
        return Forward(self._settings.inside, lines(passed), always(away))

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
        csrf_token = "" if session.host else self._sessions.csrf_token(session)
        return self._answers.notice(head, notice, session.person, csrf_token)

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
        return self._to_handover(head) if head.wants_page and caller.of_notebooks else not_logged_in(head)
