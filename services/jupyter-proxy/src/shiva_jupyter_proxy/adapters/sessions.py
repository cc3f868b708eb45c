"""Sessions in signed cookies: read without asking anybody. Marks on disk tell which are over."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tornado.web import create_signed_value, decode_signed_value

from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.domain import cookies
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.ports import Entry, Person, Session

DAY_SECONDS = 86400.0
CODE_SECONDS = 30.0
CODE = "shiva-handover"  # what a code is signed as
SIGNATURE_VERSION = 2  # the one that is made; version 1 is SHA-1
MAX_KNOWN = 4096  # cookies whose signature is not checked again


class SignedCookies:
    """Tornado's signed values: HMAC-SHA256 over name, time and content."""

    def __init__(
        self,
        key: str,
        marks: Marks,
        *,
        lifetime: timedelta,
        previous_key: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """The keys are checked at the start; what the previous one signed is still read."""
        self._keys = [key, *([previous_key] if previous_key else [])]
        self._marks = marks
        self._days = lifetime.total_seconds() / DAY_SECONDS
        self._clock = clock
        self._known: dict[tuple[str, str], Session] = {}

    def begin(self, person: Person) -> Session:
        """Return a new session."""
        return Session(person=person, id=secrets.token_hex(16), issued_at=self._clock())

    def end(self, session: Session, *, everywhere: bool = False) -> None:
        """End it, or every session of this person that began until now; OSError when it cannot be marked."""
        self._marks.end(session, everywhere=everywhere)

    def seal(self, session: Session) -> str:
        """Return the cookie's value."""
        return self._signed(_name(session.host), _content(session))

    def session(self, cookie: str | None, *, host: str = "") -> Session | None:
        """Return whose cookie it is on this host."""
        if not cookie:
            return None
        known = self._known.get((cookie, host)) or self._read(cookie, host)
        return known if known is not None and self.holds(known) else None

    def holds(self, session: Session) -> bool:
        """Whether a session that was read goes on; it is used now."""
        return self._marks.holds(session)

    def hand_over(self, session: Session, *, host: str, state: str) -> str:
        """Return a code for `host`."""
        going = replace(session, host=host)
        return self._signed(CODE, [secrets.token_hex(16), state, *_content(going)])

    def entry(self, code: str) -> Entry | None:
        """Return what a code hands over."""
        content = self._verified(CODE, code, CODE_SECONDS / DAY_SECONDS)
        if content is None:
            return None
        id_, state, *rest = content
        entry = Entry(session=_session(rest), id=id_, state=state)
        return entry if self.holds(entry.session) else None

    def enter(self, entry: Entry) -> bool:
        """Use it up."""
        return self._marks.take(entry.id)

    def _read(self, cookie: str, host: str) -> Session | None:
        content = self._verified(_name(host), cookie, self._days)
        if content is None:
            return None
        try:
            session = _session(content)
        except ValueError:  # a cookie of an earlier version
            return None
        if session.host != host:
            return None
        return keep(self._known, (cookie, host), session, most=MAX_KNOWN)

    def _signed(self, name: str, content: list[str | float]) -> str:
        value = json.dumps(content)
        return create_signed_value(self._keys[0], name, value, version=SIGNATURE_VERSION, clock=self._clock).decode(
            "ascii"
        )

    def _verified(self, name: str, value: str, days: float) -> list[str] | None:
        for key in self._keys:
            content = decode_signed_value(
                key, name, value, max_age_days=days, min_version=SIGNATURE_VERSION, clock=self._clock
            )
            if content is not None:
                read: list[str] = json.loads(content)
                return read
        return None


def _name(host: str) -> str:
    return cookies.NOTEBOOK if host else cookies.SESSION


def _content(session: Session) -> list[str | float]:
    return [session.person.name, session.person.shown_name, session.id, session.issued_at, session.host]


def _session(content: list[str]) -> Session:
    """Read the content; ValueError when it is of another version."""
    name, shown, id_, issued_at, host = content
    return Session(person=Person(name=name, shown_name=shown), id=id_, issued_at=float(issued_at), host=host)
