"""The way to the manager's API: sessions with their CSRF token, API tokens, and devices that log in."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from shiva_common import identity

from shiva_jupyter_proxy.answers import CROSS_SITE, always, not_logged_in, refusal, too_many
from shiva_jupyter_proxy.callers import Caller
from shiva_jupyter_proxy.domain import access, headers
from shiva_jupyter_proxy.domain.limits import Limiter
from shiva_jupyter_proxy.domain.messages import Decision, Forward, Reply, RequestHead, Upstream, lines
from shiva_jupyter_proxy.domain.ports import Bearer, ManagerUnavailableError, Sessions, TokenRefusedError

SCHEME = "bearer "
TOKEN = re.compile(r"shiva_[A-Za-z0-9_-]{1,250}", re.ASCII)
OPEN = frozenset({f"{access.API}v1/device/code", f"{access.API}v1/device/token"})  # nobody is logged in there yet
NOBODY = ""
MAX_BODY_BYTES = 128 * 1024  # the manager takes less, and says so; it has few threads, and none waits for a slow sender
CSRF_HEADER = "x-csrf-token"
CSRF = refusal(403, "csrf", "The page is out of date", "Nothing was changed. Load it again, then repeat what you did.")
TOKEN_REFUSED = refusal(
    401,
    "token-refused",
    "That token is not good",
    "Nothing was changed. It may have expired or been revoked. Make a new one on the dashboard, or log in again with `shiva login`.",
)
MANAGER_AWAY = refusal(
    503,
    "manager-unavailable",
    "The manager does not answer",
    "Your notebooks go on running and your files are safe. Try again in a few seconds.",
)


class Tokens(Protocol):
    """What is known of API tokens."""

    def known(self, token: str) -> Bearer | None:
        """Return whose it is; None: ask. TokenRefusedError."""

    async def bearer(self, token: str, *, client: str) -> Bearer:
        """Ask; TokenRefusedError, ManagerUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Where the manager is, and how often an address may try."""

    manager: Upstream
    identity_key: bytes = field(repr=False)
    refusals: Limiter  # of tokens
    devices: Limiter  # calls of those who are not logged in yet


class ApiEntrance:
    """Decides about requests to `/api/`; who they are from is signed, and the manager judges what they may."""

    def __init__(
        self, settings: ApiSettings, *, sessions: Sessions, tokens: Tokens, clock: Callable[[], datetime]
    ) -> None:
        """`clock` returns an aware UTC time."""
        self._settings = settings
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock

    def decide(self, head: RequestHead, caller: Caller) -> Decision | Awaitable[Decision]:
        """Return where a request goes that no foreign page sent."""
        if head.method == "POST" and head.target in OPEN:
            wait = self._settings.devices.take(caller.client)
            return too_many(wait) if wait else self._go(head, caller, identity.Identity(name=NOBODY, shown_name=""))
        token = _bearer(head)
        return self._with_session(head, caller) if token is None else self._with_token(head, caller, token)

    def _with_session(self, head: RequestHead, caller: Caller) -> Decision:
        session, unsafe = caller.session, access.needs_own_page(head)
        if unsafe and not caller.own_page:
            return CROSS_SITE
        if session is None:
            return not_logged_in(head)
        if unsafe and not self._sessions.is_csrf_token(session, head.value(CSRF_HEADER) or ""):
            return CSRF
        person, csrf_token = session.person, self._sessions.csrf_token(session)
        who = identity.Identity(name=person.name, shown_name=person.shown_name, csrf_token=csrf_token)
        return self._go(head, caller, who)

    def _with_token(self, head: RequestHead, caller: Caller, token: str) -> Decision | Awaitable[Decision]:
        try:
            known = self._tokens.known(token)
        except TokenRefusedError:
            return self._refuse(caller)
        if known is not None:
            return self._go(head, caller, _identity(known))
        if wait := self._settings.refusals.wait(caller.client):
            return too_many(wait)
        return self._ask(head, caller, token) if TOKEN.fullmatch(token) else self._refuse(caller)

    async def _ask(self, head: RequestHead, caller: Caller, token: str) -> Decision:
        try:
            bearer = await self._tokens.bearer(token, client=caller.client)
        except TokenRefusedError:
            return self._refuse(caller)
        except ManagerUnavailableError:
            return MANAGER_AWAY
        return self._go(head, caller, _identity(bearer))

    def _refuse(self, caller: Caller) -> Reply:
        wait = self._settings.refusals.take(caller.client)
        return too_many(wait) if wait else TOKEN_REFUSED

    def _go(self, head: RequestHead, caller: Caller, who: identity.Identity) -> Forward:
        passed = headers.passed_on(head, drop=frozenset({"cookie", "authorization"}))
        passed += headers.added(client=caller.client, host=caller.host, scheme=caller.scheme)
        key, now = self._settings.identity_key, self._clock()
        passed.append((identity.HEADER.lower(), identity.sign(replace(who, client=caller.client), key=key, now=now)))
        return Forward(
            self._settings.manager, lines(passed), always(MANAGER_AWAY), cookies_under=access.API,
            whole_body_bytes=MAX_BODY_BYTES,
        )  # fmt: skip


def _identity(bearer: Bearer) -> identity.Identity:
    person = bearer.person
    return identity.Identity(
        name=person.name, shown_name=person.shown_name, token_id=bearer.token_id, scopes=bearer.scopes
    )


def _bearer(head: RequestHead) -> str | None:
    """Return the API token of a request; None when there is none, empty when there are two."""
    values = [value for value in head.values("authorization") if value.lower().startswith(SCHEME)]
    if not values:
        return None
    return values[0][len(SCHEME) :].strip() if len(values) == 1 else ""
