"""Who may use which operation: each view says what it needs, and one check before each request heeds it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from flask import Flask, g, request
from shiva_common import bearer, identity
from shiva_common.identity import Identity

from shiva_manager_api.domain import permissions
from shiva_manager_api.domain.permissions import SCOPES, SERVICES, Access
from shiva_manager_api.domain.ports import RefusedError
from shiva_manager_api.people import People

V = TypeVar("V", bound=Callable[..., Any])

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
JSON = "application/json"


class Need(NamedTuple):
    """What an operation needs; `token_itself`: a token may do it to itself, also where only sessions may."""

    access: Access
    token_itself: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What proves who asks."""

    identity: bytes = field(repr=False)  # the door's signature on identities
    door: str = field(repr=False)
    metrics: str = field(repr=False)


def needs(access: Access, *, token_itself: bool = False) -> Callable[[V], V]:
    """Say what a view needs; a view that does not say fails at start."""

    def mark(view: V) -> V:
        view.shiva_need = Need(access, token_itself)  # type: ignore[attr-defined]
        return view

    return mark


def need_of(app: Flask, endpoint: str) -> Need:
    """Return what a view declared.

    Raises:
        LookupError: nothing.
    """
    need = getattr(app.view_functions[endpoint], "shiva_need", None)
    if not isinstance(need, Need):
        raise LookupError(f"the view {endpoint} does not say what it needs")
    return need


def check_declared(app: Flask) -> None:
    """Fail unless every view declares what it needs."""
    for endpoint in app.view_functions:
        need_of(app, endpoint)


class Gate:
    """The check before each request."""

    def __init__(self, app: Flask, keys: Keys, people: People, clock: Callable[[], datetime]) -> None:
        """`clock` returns an aware time."""
        self._app = app
        self._keys = keys
        self._people = people
        self._clock = clock

    def check(self) -> None:
        """Let the request go on, with `g.identity` where a person or a program asks.

        Raises:
            RefusedError: it may not.
        """
        if request.endpoint is None:
            return  # there is nothing under that address; that is told to everybody
        need = need_of(self._app, request.endpoint)
        if need.access in SERVICES:
            self._check_service(need.access)
        else:
            g.identity = self._identity()
            self._check_person(need, g.identity)
        _check_content()

    def _check_service(self, access: Access) -> None:
        if access is Access.NONE:
            return
        token = self._keys.door if access is Access.DOOR else self._keys.metrics
        if not bearer.is_from(request.headers.get("Authorization"), token):
            raise RefusedError("unauthorized")

    def _identity(self) -> Identity:
        try:
            return identity.verify(request.headers.get(identity.HEADER), key=self._keys.identity, now=self._clock())
        except identity.IdentityError as error:
            raise RefusedError("not-logged-in") from error

    def _check_person(self, need: Need, who: Identity) -> None:
        if need.access is Access.OPEN:
            return
        if not permissions.is_somebody(who):
            raise RefusedError("not-logged-in")
        if need.access is Access.SESSION:
            itself = need.token_itself and who.token_id == (request.view_args or {}).get("token_id")
            if who.token_id is not None and not itself:
                raise RefusedError("session-needed")
        elif need.access in SCOPES and not permissions.has_scope(who, need.access):
            raise RefusedError("scope-missing", scope=need.access.value)
        if need.access is Access.ADMIN and not self._people.acts_as_admin(who):
            raise RefusedError("admins-only")


def _check_content() -> None:
    """Refuse what a page of somebody else could send with no question asked: forms and plain text."""
    if request.method in SAFE:
        return
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if (has_body or request.content_type) and request.mimetype != JSON:
        raise RefusedError("json-needed")
