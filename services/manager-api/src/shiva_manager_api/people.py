"""Who may come in, under what name, as what, and whose sessions are over."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shiva_common.identity import Identity

from shiva_manager_api.audit import Audit
from shiva_manager_api.domain import admission, permissions
from shiva_manager_api.domain.admission import AccessRules, Refusal
from shiva_manager_api.domain.names import NameRefusedError
from shiva_manager_api.domain.people import Announcement, Claims, Person, Quota, Role
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import NameTakenError, RefusedError, StoreUnavailableError

LAST_KNOWN = timedelta(seconds=60)  # so long a role holds while the database is away
LONGEST_SESSION = timedelta(days=90)  # older marks of ended sessions concern nobody
MAX_KNOWN = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Whose sessions are over."""

    name: str
    ended_before: datetime | None
    barred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What the page tells besides the person: the quota, and the sentence for all."""

    quota: Quota
    announcement: Announcement | None


class People:
    """The manager's word on people; the door asks for it, and every use case that needs a role."""

    def __init__(
        self, store: Store, rules: Callable[[], AccessRules], audit: Audit, *, now: Callable[[], datetime],
        dev: bool = False,
    ) -> None:  # fmt: skip
        """`rules` returns those that hold now; `dev` lets in who typed a name; `now` is aware."""
        self._store = store
        self._audit = audit
        self._now = now
        self._dev = dev
        self._known: dict[str, tuple[Person | None, datetime]] = {}
        self._notices: dict[str, tuple[Notices, datetime]] = {}
        self._guard = threading.Lock()
        self.rules = rules

    def log_in(self, told: Claims, client: str) -> tuple[Person, Role]:
        """Admit or refuse somebody; both are noted.

        Raises:
            RefusedError: with the reason.
            StoreUnavailableError: nobody comes in meanwhile.
        """
        claims, rules = admission.polished(told), self.rules()
        who = Identity(name="", shown_name="", client=client)
        try:
            person = self._admitted(claims, rules)
        except RefusedError as error:
            facts = {"code": error.code, "issuer": claims.issuer, "subject": claims.subject}
            self._audit.note(who, "login.refused", claims.email or claims.subject, outcome="failed", **facts)
            raise
        self._audit.note(replace(who, name=person.name), "login", person.name, issuer=claims.issuer)
        self._remember(person.name, person)
        return person, admission.role(person, rules)

    def _admitted(self, claims: Claims, rules: AccessRules) -> Person:
        now = self._now()
        _stop(admission.refused(claims, rules, now=now, dev=self._dev))
        known = self._store.of_subject(claims.issuer, claims.subject)
        try:
            name = admission.user_name(claims, rules) if known is None else known.name
        except NameRefusedError as error:
            raise RefusedError("bad-name", why=str(error)) from error
        _stop(admission.barred(name, known.barred if known else None, rules))
        try:
            return self._store.logged_in(name, claims, now=now)
        except NameTakenError as error:
            raise RefusedError("name-taken", name=name) from error

    def person(self, name: str) -> Person | None:
        """Return somebody; while the database is away, as known for the last minute.

        Raises:
            StoreUnavailableError: and nothing is known.
        """
        try:
            person = self._store.person(name)
        except StoreUnavailableError:
            with self._guard:
                known = self._known.get(name)
            if known is None or not timedelta(0) <= self._now() - known[1] <= LAST_KNOWN:
                raise
            return known[0]
        self._remember(name, person)
        return person

    def _remember(self, name: str, person: Person | None) -> None:
        with self._guard:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[name] = (person, self._now())

    def role(self, name: str) -> Role:
        """Return what somebody is now; who never logged in, or may not any more, is nothing special."""
        person = self.person(name)
        if person is None or self.refusal(person) is not None:
            return Role.USER
        return admission.role(person, self.rules())

    def acts_as_admin(self, identity: Identity) -> bool:
        """Whether this request may do what an admin may."""
        return permissions.may_act_as_admin(identity) and self.role(identity.name) is Role.ADMIN

    def refusal(self, person: Person) -> Refusal | None:
        """Return why somebody who came in once may not any more."""
        return admission.refused_now(person, self.rules(), now=self._now(), dev=self._dev)

    def revocations(self) -> Sequence[Revocation]:
        """Return whose sessions are over, by name. Who is not among them is welcome."""
        ended = {each.name: each for each in self._store.revocations(since=self._now() - LONGEST_SESSION)}
        barred = {each.name for each in self._store.people() if self.refusal(each) is not None}
        return [
            Revocation(
                name=name, ended_before=ended[name].ended_before if name in ended else None, barred=name in barred
            )
            for name in sorted(ended.keys() | barred)
        ]  # fmt: skip

    def log_out(self, who: Identity, name: str) -> None:
        """End all sessions that began until now."""
        with self._audit.act(who, "logout", name):
            self._store.end_sessions(name, before=self._now())

    def notices(self, name: str) -> Notices:
        """Return what the page tells; while the database is away, what was known last, else everybody's quota."""
        now = self._now()
        try:
            told = self._store.announcement()
            current = told if told is not None and (told.ends_at is None or now < told.ends_at) else None
            notices = Notices(quota=self._store.quota(name) or self.rules().quota, announcement=current)
        except StoreUnavailableError:
            with self._guard:
                known = self._notices.get(name)
            return known[0] if known else Notices(quota=self.rules().quota, announcement=None)
        with self._guard:
            if len(self._notices) >= MAX_KNOWN:
                self._notices.clear()
            self._notices[name] = (notices, now)
        return notices


def _stop(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RefusedError(refusal.code, **refusal.parameters)
