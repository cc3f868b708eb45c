"""API tokens."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, true, update

from shiva_manager_api.adapters.store.columns import values
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import tokens
from shiva_manager_api.domain.people import Token

REMEMBERED = timedelta(days=30)  # after a token's end
COUNTING = 6003  # PostgreSQL's lock of whoever counts them


class TokensTable:
    """See `Tokens`."""

    _database: Database
    _now: Callable[[], datetime]

    def add_token(self, token: Token, *, most: int | None = None) -> bool:
        """See `Tokens.add_token`; those that ended long ago are forgotten."""
        good = (tokens.c.owner == token.owner) & tokens.c.revoked_at.is_(None) & (tokens.c.expires_at > self._now())
        with self._database.writing(lock=COUNTING) as connection:
            connection.execute(delete(tokens).where(~self._remembered()))
            held = connection.execute(select(func.count()).where(good)).scalar_one()
            if most is not None and held >= most:
                return False
            connection.execute(insert(tokens).values(values(token)))
            return True

    def token(self, token_id: str) -> Token | None:
        """See `Tokens.token`."""
        return next(iter(self._tokens(tokens.c.id == token_id)), None)

    def tokens(self, owner: str | None = None) -> Sequence[Token]:
        """See `Tokens.tokens`."""
        return self._tokens(true() if owner is None else tokens.c.owner == owner)

    def _tokens(self, which: ColumnElement[bool]) -> Sequence[Token]:
        found = select(tokens).where(which, self._remembered()).order_by(tokens.c.created_at.desc(), tokens.c.id)
        with self._database.reading() as connection:
            return [Token(**row._asdict()) for row in connection.execute(found)]

    def _remembered(self) -> ColumnElement[bool]:
        since = self._now() - REMEMBERED
        return (tokens.c.expires_at > since) & or_(tokens.c.revoked_at.is_(None), tokens.c.revoked_at > since)

    def revoke(self, token_id: str, *, now: datetime) -> bool:
        """See `Tokens.revoke`."""
        with self._database.writing() as connection:
            mine = tokens.c.id == token_id
            connection.execute(update(tokens).where(mine, tokens.c.revoked_at.is_(None)).values(revoked_at=now))
            return connection.scalar(select(tokens.c.id).where(mine)) is not None

    def used(self, token_id: str, *, at: datetime, client: str) -> None:
        """See `Tokens.used`."""
        minute = at.replace(second=0, microsecond=0)
        earlier = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < minute)
        with self._database.writing() as connection:
            connection.execute(
                update(tokens)
                .where(tokens.c.id == token_id, earlier)
                .values(last_used_at=minute, last_used_from=client)
            )
