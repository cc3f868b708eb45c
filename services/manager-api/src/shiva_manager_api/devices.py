"""Programs that are let in by their person at another screen (RFC 8628)."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from shiva_common.identity import Identity

from shiva_manager_api.audit import Audit
from shiva_manager_api.domain import device
from shiva_manager_api.domain.people import DeviceLogin, DeviceState, Person, Role, Scope, Token
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import RefusedError
from shiva_manager_api.domain.tokens import Shown, digest
from shiva_manager_api.people import People
from shiva_manager_api.tokens import Tokens

CODE_BYTES = 32


class Devices:
    """From the program's question to its token."""

    def __init__(
        self, store: Store, people: People, tokens: Tokens, audit: Audit, *, now: Callable[[], datetime],
        below: Callable[[int], int] = secrets.randbelow,
    ) -> None:  # fmt: skip
        """`below(n)` is a random number of 0 to n - 1; `now` is aware."""
        self._store = store
        self._people = people
        self._tokens = tokens
        self._audit = audit
        self._now = now
        self._below = below

    def ask(self, *, client: str, scopes: frozenset[Scope], asked_from: str) -> tuple[str, DeviceLogin]:
        """Let a program wait; return its secret code and what its person types.

        Raises:
            TooManyWaitingError: try again later.
        """
        code, now = secrets.token_hex(CODE_BYTES), self._now()
        login = DeviceLogin(
            device_digest=digest(code), user_code=device.user_code(self._below), client=client, asked_from=asked_from,
            scopes=scopes, created_at=now, expires_at=now + device.LIFETIME,
        )  # fmt: skip
        self._store.add_login(login)
        return code, login

    def waiting(self, typed: str) -> DeviceLogin:
        """Return what waits under the code that a person typed.

        Raises:
            RefusedError: nothing does.
        """
        code = device.typed(typed)
        login = None if code is None else self._store.by_user_code(code)
        if login is None or self._now() >= login.expires_at:
            raise RefusedError("device-not-found")
        return login

    def decide(self, who: Identity, typed: str, *, approve: bool, days: int) -> None:
        """Let it in, or not; noted.

        Raises:
            RefusedError: nothing waits, or somebody answered already; only an admin's token would be of use to it.
        """
        login = self.waiting(typed)
        if login.state is not DeviceState.PENDING:
            raise RefusedError("device-decided")
        if approve and not self._granted(login, who.name):
            raise RefusedError("admins-only")
        state, action = (
            (DeviceState.APPROVED, "device.approve") if approve else (DeviceState.DENIED, "device.deny")
        )  # fmt: skip
        facts = {"scopes": sorted(login.scopes), "asked_from": login.asked_from}
        with self._audit.act(who, action, login.client, **facts):
            kept = self._store.decide(login.user_code, owner=who.name, state=state, days=days if approve else None)
            if not kept:
                raise RefusedError("device-decided")

    def _granted(self, login: DeviceLogin, owner: str) -> frozenset[Scope]:
        """Return what was asked for, as far as it is worth something in its owner's hand."""
        admin = Scope.ADMIN in login.scopes and self._people.role(owner) is Role.ADMIN
        return login.scopes if admin else login.scopes - {Scope.ADMIN}

    def take(self, code: str) -> tuple[Person, Token, Shown]:
        """Give the program its token, once.

        Raises:
            RefusedError: not now, or never.
        """
        code_digest, now = digest(code), self._now()
        login = self._store.by_device(code_digest)
        refusal = device.refusal(login, now=now)
        if login is None or login.owner is None or refusal is not None:
            if refusal in {"slow-down", "authorization-pending"}:
                self._store.polled(code_digest, at=now)
            _refuse(refusal or "device-expired")
        owner = self._people.person(login.owner)
        if owner is None or self._people.refusal(owner) is not None:
            _refuse("device-denied")
        scopes = self._granted(login, owner.name)
        if not self._store.take(code_digest):
            _refuse("device-expired")
        who = Identity(name=owner.name, shown_name=owner.shown_name, client=login.asked_from)
        days = login.days or device.DEFAULT_DAYS
        return owner, *self._tokens.create(who, label=login.client, scopes=scopes, days=days)


def _refuse(code: str) -> NoReturn:
    interval = (
        {"interval": int(device.INTERVAL.total_seconds())} if code in {"slow-down", "authorization-pending"} else {}
    )
    raise RefusedError(code, **interval)
