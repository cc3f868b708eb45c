"""API tokens: made, shown once, verified for the door, ended."""

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from shiva_common.identity import Identity

from shiva_manager_api.audit import Audit
from shiva_manager_api.domain import tokens
from shiva_manager_api.domain.people import Person, Scope, Token
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import RefusedError, StoreUnavailableError
from shiva_manager_api.domain.tokens import Shown, TokenState
from shiva_manager_api.people import People

log = logging.getLogger("shiva.manager_api.tokens")


class Tokens:
    """Whoever shows a good one is its owner, with no more than its scopes."""

    def __init__(self, store: Store, people: People, audit: Audit, *, now: Callable[[], datetime]) -> None:
        """`now` is aware."""
        self._store = store
        self._people = people
        self._audit = audit
        self._now = now

    def create(self, who: Identity, *, label: str, scopes: frozenset[Scope], days: int) -> tuple[Token, Shown]:
        """Make one for who asks, and note it.

        Raises:
            RefusedError: the scope `admin` without the role; too many tokens.
        """
        if Scope.ADMIN in scopes and not self._people.acts_as_admin(who):
            raise RefusedError("admins-only")
        now = self._now()
        shown = Shown(id=secrets.token_hex(tokens.ID_BYTES), secret=secrets.token_hex(tokens.SECRET_BYTES))
        token = Token(
            id=shown.id, owner=who.name, label=label, digest=tokens.digest(shown.secret), scopes=scopes, created_at=now,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
        with self._audit.act(who, "token.create", token.id, label=label, scopes=sorted(scopes), days=days):
            if not self._store.add_token(token, most=tokens.MAX_TOKENS):
                raise RefusedError("too-many-tokens", limit=tokens.MAX_TOKENS)
        return token, shown

    def verify(self, text: str, client: str) -> tuple[Person, Token]:
        """Return whose token that is, and note its use.

        Raises:
            RefusedError: it is not good; why is told to nobody.
        """
        shown, now = tokens.parsed(text), self._now()
        token = None if shown is None else self._store.token(shown.id)
        if shown is None or token is None or not tokens.is_secret_of(token, shown.secret):
            raise RefusedError("token-refused")
        owner = self._people.person(token.owner)
        ended = tokens.state(token, now=now) is not TokenState.ACTIVE
        if ended or owner is None or self._people.refusal(owner) is not None:
            raise RefusedError("token-refused")
        self._note_use(token, now.replace(second=0, microsecond=0), client)
        return owner, token

    def _note_use(self, token: Token, minute: datetime, client: str) -> None:
        if token.last_used_at is not None and token.last_used_at >= minute:
            return
        try:
            self._store.used(token.id, at=minute, client=client)
        except StoreUnavailableError:
            log.warning("the use of a token is not noted", extra={"token": token.id})

    def shown(self, token_id: str) -> Token:
        """Return one that was shown at the door.

        Raises:
            RefusedError: it is gone since.
        """
        token = self._store.token(token_id)
        if token is None:
            raise RefusedError("token-refused")
        return token

    def listed(self, owner: str | None) -> Sequence[Token]:
        """Return a person's, or all."""
        return self._store.tokens(owner)

    def revoke(self, who: Identity, token_id: str, *, anybodys: bool = False) -> None:
        """End one's own, or as an admin anybody's; noted.

        Raises:
            RefusedError: there is none, or it is another's.
        """
        token = self._store.token(token_id)
        if token is None or (not anybodys and token.owner != who.name):
            raise RefusedError("token-not-found")
        with self._audit.act(who, "token.revoke", token_id, owner=token.owner):
            self._store.revoke(token_id, now=self._now())
