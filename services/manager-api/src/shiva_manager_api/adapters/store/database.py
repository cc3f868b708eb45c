"""Transactions on SQLite or PostgreSQL, and how long one may wait for them."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import URL, Connection, Engine, Table, make_url
from sqlalchemy.exc import SQLAlchemyError

from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.domain.ports import StoreUnavailableError
from shiva_manager_api.waiting import Places

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

log = logging.getLogger("shiva.manager_api.store")

PATIENCE = 1.5  # seconds that a transaction waits for a lock, a statement for its answer
REST = 1.0  # seconds for which nobody asks a PostgreSQL again that was silent so long
MOST_WAITING = 40  # to write a file, of 64 threads
MIGRATING = 6001  # the lock of whoever migrates


class Kind(Protocol):
    """What differs between the two: a module for each."""

    def engine(self, url: URL, *, patience: float) -> Engine:
        """Return what connects to it; nobody waits longer than so many seconds."""

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """Return an INSERT that can say what happens when there is such a row already."""

    def lock(self, connection: Connection, number: int) -> None:
        """Let those who name the same number go one after the other, until their transactions end."""

    def unhurried(self, connection: Connection) -> AbstractContextManager[None]:
        """Wait as long as it takes, in this transaction."""


def _kind(is_file: bool) -> Kind:
    if is_file:
        from shiva_manager_api.adapters.store import files

        return files
    from shiva_manager_api.adapters.store import postgres  # not at the top: the driver is large, and most have none

    return postgres


class Database:
    """Where everything is. Opening it asks nothing of it."""

    def __init__(self, url: str) -> None:
        """`url` is of SQLite, with the whole path of its file, or of PostgreSQL.

        Raises:
            UnfitDatabaseError: it is neither.
        """
        try:
            self.url = make_url(url)
        except (SQLAlchemyError, ValueError):  # their messages have parts of the password
            raise UnfitDatabaseError(
                "The address of the database cannot be read. In a password, write @ as %40, / as %2F, : as %3A and % as %25."
            ) from None
        self.is_file = self.url.get_backend_name() == "sqlite"
        self._kind = _kind(self.is_file)
        self._engine = self._kind.engine(self.url, patience=PATIENCE)
        self._writing = self._engine.execution_options(writing=True)
        self.failures = 0  # transactions that came to nothing, since the start
        self._silent_until = 0.0
        self._turn, self._places = threading.Lock(), Places(MOST_WAITING)
        self._locked_at = 0.0  # monotonic; when somebody had waited in vain to write the file
        self._well = True

    def __str__(self) -> str:
        """Return what people call it: a path, or a name and its host; no password."""
        if self.is_file:
            return str(self.url.database)
        return f"{self.url.database} on {self.url.host or 'this machine'}"

    def close(self) -> None:
        """Close what rests in the pool."""
        self._engine.dispose()

    def new_row(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """See `Kind.insert`."""
        return self._kind.insert(table)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one transaction.

        Raises:
            StoreUnavailableError: the database does not answer.
        """
        with self._transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self, *, lock: int | None = None) -> Iterator[Connection]:
        """Write in one transaction: all of it is kept, or nothing. Those with the same `lock` go one after the other.

        Raises:
            StoreUnavailableError: the database does not answer, or cannot be written.
        """
        with self._my_turn(), self._transaction(self._writing) as connection:
            if lock is not None:
                self._kind.lock(connection, lock)
            yield connection

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """Wait for who came before: SQLite lets those who wait try at random, and one of many would wait for ever."""
        if not self.is_file:
            yield
            return
        begun = time.monotonic()
        with self._places.one() as free:
            got = free and self._turn.acquire(timeout=PATIENCE)
        try:
            if not got or self._locked_at > begun:
                self.failures += 1
                raise StoreUnavailableError(f"The database {self} is being written, and does not become free.")
            yield
        finally:
            if got:
                self._turn.release()

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Write for as long as it takes, while no other process does this."""
        with self._transaction(self._writing) as connection, self._kind.unhurried(connection):
            self._kind.lock(connection, MIGRATING)
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        begun = time.monotonic()
        if begun < self._silent_until:
            raise StoreUnavailableError(f"The database {self} did not answer a moment ago.")
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            if (now := time.monotonic()) - begun > REST:
                self._locked_at = now
                self._silent_until = 0.0 if self.is_file else now + REST
            raise self._failed(error) from error
        if not self._well:
            self._well = True
            log.info("the database is used again", extra={"database": str(self)})

    def _failed(self, error: SQLAlchemyError) -> StoreUnavailableError:
        cause = self._cause(error)
        if self._well:  # said once, not for each who asks meanwhile
            self._well = False
            log.error("the database cannot be used", extra={"database": str(self), "cause": cause})
        self.failures += 1
        return StoreUnavailableError(f"The database {self} cannot be used now: {cause}.")

    def _cause(self, error: SQLAlchemyError) -> str:
        """Return why, in the database's own words, without the password."""
        said = str(getattr(error, "orig", None) or type(error).__name__).strip().partition("\n")[0].rstrip(".")
        return said.replace(self.url.password, "…") if self.url.password else said
