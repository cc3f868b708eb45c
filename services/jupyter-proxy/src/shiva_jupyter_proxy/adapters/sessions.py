"""Sessions in signed cookies: read without asking anybody. Marks on disk tell which are over."""

import secrets
from dataclasses import replace
from datetime import timedelta

from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.adapters.signing import Content, Keys
from shiva_jupyter_proxy.domain import cookies
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.ports import Entry, Person, Session

CODE_SECONDS = 30.0
CODE = "shiva-handover"  # what a code is signed as
CSRF = "csrf"
MAX_KNOWN = 4096  # cookies whose signature is not checked again


class SignedCookies:
    """Sessions, and codes that hand them over, as values that the door signs."""

    def __init__(self, keys: Keys, marks: Marks, *, lifetime: timedelta) -> None:
        """A session lasts for `lifetime` at most."""
        self._keys = keys
        self._marks = marks
        self._seconds = lifetime.total_seconds()
        self._known: dict[tuple[str, str], Session] = {}

    def begin(self, person: Person) -> Session:
        """Return a new session."""
        return Session(person=person, id=secrets.token_hex(16), issued_at=self._keys.clock())

    def end(self, session: Session, *, everywhere: bool = False) -> None:
        """End it, or every session of this person that began until now; OSError when it cannot be marked."""
        self._marks.end(session, everywhere=everywhere)

    def seal(self, session: Session) -> str:
        """Return the cookie's value."""
        return self._keys.signed(_name(session.host), _content(session))

    def session(self, cookie: str | None, *, host: str = "") -> Session | None:
        """Return whose cookie it is on this host."""
        if not cookie:
            return None
        known = self._known.get((cookie, host)) or self._read(cookie, host)
        return known if known is not None and self.holds(known) else None

    def holds(self, session: Session) -> bool:
        """Whether a session that was read goes on; it is used now."""
        return self._marks.holds(session)

    def csrf_token(self, session: Session) -> str:
        """Return what pages of this session send with each change."""
        return self._keys.token(CSRF, session.id)

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether a page of this session sent it."""
        return self._keys.stands_for(token, CSRF, session.id)

    def hand_over(self, session: Session, *, host: str, state: str) -> str:
        """Return a code for `host`."""
        going = replace(session, host=host)
        return self._keys.signed(CODE, [secrets.token_hex(16), state, *_content(going)])

    def entry(self, code: str) -> Entry | None:
        """Return what a code hands over."""
        read = self._keys.read(CODE, code, seconds=CODE_SECONDS)
        if read is None:
            return None
        id_, state, *rest = read[1]
        entry = Entry(session=_session(rest), id=id_, state=state)
        return entry if self.holds(entry.session) else None

    def enter(self, entry: Entry) -> bool:
        """Use it up."""
        return self._marks.take(entry.id)

    def _read(self, cookie: str, host: str) -> Session | None:
        read = self._keys.read(_name(host), cookie, seconds=self._seconds)
        if read is None:
            return None
        try:
            session = _session(read[1])
        except ValueError:  # a cookie of an earlier version
            return None
        if session.host != host:
            return None
        return keep(self._known, (cookie, host), session, most=MAX_KNOWN)


def _name(host: str) -> str:
    return cookies.NOTEBOOK if host else cookies.SESSION


def _content(session: Session) -> Content:
    return [session.person.name, session.person.shown_name, session.id, session.issued_at, session.host]


def _session(content: list[str]) -> Session:
    """Read the content; ValueError when it is of another version."""
    name, shown, id_, issued_at, host = content
    return Session(person=Person(name=name, shown_name=shown), id=id_, issued_at=float(issued_at), host=host)
