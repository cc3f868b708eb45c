"""How a session comes to a host of notebooks: the dashboard's host makes a code, the host of notebooks takes it, once.

A page without a session there gets a state cookie and goes to `/-/handover` on the dashboard's host; that answers, for
who is logged in, with `/-/enter?code=…` on the host of notebooks. Without the state a code made by somebody else could
be slipped to a browser, which would then work in that other person's notebook.
"""

import hmac
from urllib.parse import quote, urlencode

from tornado.web import HTTPError

from shiva_jupyter_proxy.domain import absence, access
from shiva_jupyter_proxy.domain.ports import Entry, Session
from shiva_jupyter_proxy.handlers.shared import STATE_HEADER, SharingHandler


def container_target(wanted: str) -> str | None:
    """Return a path into a container, with its query; None when `wanted` is none, or can be read in two ways."""
    path = wanted.partition("?")[0]
    good = access.safe_next(wanted) == wanted and access.place(path) is access.Place.CONTAINER
    return wanted if good else None


class CrossingHandler(SharingHandler):
    """A page between two hosts: its address is nobody else's to know."""

    def set_default_headers(self) -> None:
        """Say it to the browser."""
        super().set_default_headers()
        self.set_header("Referrer-Policy", "no-referrer")

    def wanted(self, argument: str) -> str:
        """Return the container's address that is asked for; HTTPError when it is none."""
        target = container_target(self.get_query_argument(argument, "", strip=False))
        if target is None:
            raise HTTPError(400)
        return target

    def say(self, notice: absence.Notice, session: Session, wanted: str) -> None:
        """Show why a container is not entered."""
        self.set_status(notice.status)
        csrf_token = self.shared.sessions.csrf_token(session)
        facts = notice.on_page(session.person, wanted=wanted, csrf_token=csrf_token)
        self.finish(self.shared.pages.page(notice.code, self.language, **facts))

    def to_login(self) -> None:
        """Go and log in, and come back."""
        self.redirect(f"/-/login?next={quote(self.request.uri or '/', safe='')}")


class Handover(CrossingHandler):
    """On the dashboard's host: makes a code."""

    def get(self) -> None:
        """Send who may enter on with a code."""
        target, state = self.wanted("to"), self.get_query_argument("state")
        session = self.current()
        if session is None:
            self.to_login()
            return
        owner, person = access.owner_of(target.partition("?")[0]), session.person
        held = self.shared.table.held_for(target.partition("?")[0])
        if person.name != owner and (held is None or not held.lets_in(person.name)):
            self.say(absence.NOT_YOURS, session, target)
            return
        code = self.shared.sessions.hand_over(session, host=self.shared.origins.notebook_host(owner), state=state)
        query = urlencode({"code": code, "next": target})
        self.redirect(f"{self.shared.origins.notebooks(owner)}/-/enter?{query}")


class Enter(CrossingHandler):
    """On a host of notebooks: takes a code."""

    def get(self) -> None:
        """Begin the session here, or say why not."""
        target, entry = self.wanted("next"), self.shared.sessions.entry(self.get_query_argument("code", ""))
        state = self.request.headers.get(STATE_HEADER)
        if entry is None or entry.session.host != access.host_name(self.request.host) or state is None:
            self._refuse(target)
        elif not hmac.compare_digest(entry.state.encode(), state.encode()):
            self.redirect(target)  # another tab asked later; this one asks again
        elif not self.shared.sessions.enter(entry):
            self._refuse(target)
        else:
            self._enter(entry, target)

    def _enter(self, entry: Entry, target: str) -> None:
        self.set_session(self.shared.cookies.notebook, entry.session)
        self.redirect(target)

    def _refuse(self, target: str) -> None:
        self.set_status(403)
        self.finish(self.shared.pages.page("not-entered", self.language, wanted=target))


class Start(CrossingHandler):
    """On the dashboard's host: the page that starts a container and goes on to it."""

    def get(self) -> None:
        """Show it."""
        target = self.wanted("wanted")
        session = self.current()
        if session is None:
            self.to_login()
            return
        self.say(absence.notice(self.shared.table, target.partition("?")[0], session.person.name), session, target)
