"""What the manager remembers about people. One database behind it; every method is one transaction.

Every method raises StoreUnavailableError when the database does not answer in time or cannot be written; then nothing was changed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shiva_manager_api.domain.people import (
    Act,
    Announcement,
    Claims,
    DeviceLogin,
    DeviceState,
    Person,
    Quota,
    StartRequest,
    Token,
)


class People(Protocol):
    """Who logged in at least once."""

    def logged_in(self, name: str, claims: Claims, *, now: datetime) -> Person:
        """Note a login and return the person; the name stays bound to the first (issuer, subject) that had it.

        Raises:
            NameTakenError: the name belongs to another (issuer, subject), or this one has another name already
                (then it goes on with that one: see `of_subject`).
        """

    def of_subject(self, issuer: str, subject: str) -> Person | None:
        """Return who that is, under whatever name the person came first."""

    def person(self, name: str) -> Person | None:
        """Return one."""

    def people(self) -> Sequence[Person]:
        """Return all, by name."""

    def end_sessions(self, name: str, *, before: datetime) -> None:
        """Sessions that began until then are over; the mark never goes back. A name without a person is remembered too."""

    def bar(self, name: str, reason: str | None) -> bool:
        """Shut a person out, or (None) let in again; False: there is no such person."""

    def revocations(self, *, since: datetime) -> Sequence[Person]:
        """Return those who are barred, or whose sessions were ended after `since`; a name without a person has no issuer."""


class Tokens(Protocol):
    """API tokens."""

    def add_token(self, token: Token, *, most: int | None = None) -> bool:
        """Keep a new one; False: its owner has `most` good ones already, however many are added at a time."""

    def token(self, token_id: str) -> Token | None:
        """Return one, also a revoked or expired one."""

    def tokens(self, owner: str | None = None) -> Sequence[Token]:
        """Return a person's, or all, the newest first; revoked and expired ones for 30 days more."""

    def revoke(self, token_id: str, *, now: datetime) -> bool:
        """End one; False: there is none. Revoking twice is once."""

    def used(self, token_id: str, *, at: datetime, client: str) -> None:
        """Note a use, to the minute; never backwards."""


class DeviceLogins(Protocol):
    """Programs that wait to be let in. At most 1,000 wait, 100 of them from one address; then `add_login` raises TooManyWaitingError."""

    def add_login(self, login: DeviceLogin) -> None:
        """Keep a new one; expired ones are forgotten."""

    def by_user_code(self, user_code: str) -> DeviceLogin | None:
        """Return the one that a person means."""

    def by_device(self, device_digest: bytes) -> DeviceLogin | None:
        """Return the one that a program means."""

    def decide(self, user_code: str, *, owner: str, state: DeviceState, days: int | None) -> bool:
        """Approve, for a token of so many days, or deny; False: it is not waiting any more."""

    def polled(self, device_digest: bytes, *, at: datetime) -> None:
        """Note that its program asked."""

    def take(self, device_digest: bytes) -> bool:
        """Use an approved one up; True once only, however many ask at a time."""


class AuditLog(Protocol):
    """Append-only: the database itself refuses to change or remove a line."""

    def append(self, act: Act) -> int:
        """Keep a line and return its id."""

    def acts(
        self, *, before: int | None = None, limit: int = 100, actor: str | None = None, target: str | None = None
    ) -> Sequence[Act]:
        """Return lines, the newest first, with ids below `before`."""


class Quotas(Protocol):
    """How much people may hold."""

    def quota(self, name: str) -> Quota | None:
        """Return a person's own; None: the default of the access file holds."""

    def quotas(self) -> dict[str, Quota]:
        """Return all own ones."""

    def set_quota(self, name: str, quota: Quota | None) -> None:
        """Give a person an own one, or (None) take it back."""


class Announcements(Protocol):
    """The sentence above every page."""

    def announcement(self) -> Announcement | None:
        """Return it, also when it has ended."""

    def announce(self, announcement: Announcement | None) -> None:
        """Replace it, or (None) take it away."""


class StartRequests(Protocol):
    """Starts by the client's own key; kept for a day."""

    def begin(self, request: StartRequest) -> StartRequest:
        """Keep it and return the very object given, or another one, which is kept under the same owner and key.

        One transaction, however many ask at a time.
        """

    def answered(self, owner: str, key: str, *, container_id: str, launch_id: str) -> None:
        """Note what came of it."""

    def forget(self, owner: str, key: str) -> None:
        """It was refused, and nothing came of it: the key may be used again."""


class Store(People, Tokens, DeviceLogins, AuditLog, Quotas, Announcements, StartRequests, Protocol):
    """All of it, as one adapter gives it."""
