"""Nouns about people: what is remembered of them, and has no other owner. Times are aware, in UTC. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person is."""

    USER = "user"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a token may do; a session may whatever its person may."""

    READ = "read"  # look at everything that the person may see
    CONTAINERS = "containers"  # start, stop and extend one's own containers
    ADMIN = "admin"  # what an admin may; worth nothing in another's hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an identity provider says of somebody, verified at the door. None: it does not say."""

    issuer: str
    subject: str  # with `issuer`, who it is: addresses are given again, subjects never
    email: str | None = None
    email_verified: bool = False
    hosted_domain: str | None = None  # Google's `hd`
    groups: frozenset[str] = frozenset()
    shown_name: str | None = None
    picture: str | None = None  # an https address


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who logged in at least once."""

    name: str  # as in URLs, ids and folders; bound to `issuer` and `subject` for ever
    issuer: str
    subject: str
    email: str | None
    hosted_domain: str | None  # of the last login, as the groups; whether the person may still come in depends on it
    groups: frozenset[str]
    shown_name: str
    picture: str | None
    first_login_at: datetime
    last_login_at: datetime
    ended_before: datetime | None = None  # sessions that began until then are over
    barred: str | None = None  # why an admin shut the person out; None: welcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token; the secret itself is nowhere."""

    id: str  # public, the first half of what is shown once
    owner: str
    label: str  # what its owner calls it
    digest: bytes = field(repr=False)  # SHA-256 of the secret half, which has 256 bits of its own
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None  # to the minute
    last_used_from: str | None = None
    revoked_at: datetime | None = None


class DeviceState(StrEnum):
    """How far a device's login is."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    TAKEN = "taken"  # its token was given out


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLogin:
    """A program that waits for a person to let it in (RFC 8628)."""

    device_digest: bytes = field(repr=False)  # SHA-256 of the device code
    user_code: str  # eight letters, as a person types them
    client: str  # the program's own name for itself
    asked_from: str  # its address
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    state: DeviceState = DeviceState.PENDING
    owner: str | None = None  # who approved it
    days: int | None = None  # how long its token is to be good; None: not approved
    polled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the audit log: who did what to what, when, from where, and by what right."""

    id: int = 0  # given by the log, in order
    at: datetime
    actor: str  # a person; empty: nobody who could be named
    client: str  # the address that it came from
    token_id: str | None  # None: a session
    action: str  # "container.stop", "machine.drain", "quota.set", …
    target: str
    outcome: str = "done"  # "asked" before the act; then "done", or "failed" with the code in `facts`
    request_id: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much one person may hold at once; None: no limit of this kind."""

    containers: int | None = None
    gpus: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A sentence that everybody reads above every page."""

    text: str
    level: str  # "info" or "warning"
    by: str
    at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """A start that was asked for under a key of the client's own, so that asking again starts nothing twice."""

    owner: str
    key: str
    fingerprint: str  # of the wish: the same key with another wish is a mistake
    at: datetime
    container_id: str | None = None  # None: not answered yet
    launch_id: str | None = None
