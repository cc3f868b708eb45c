"""Transactions on SQLite or PostgreSQL, and how long one may wait for them."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from shiva_manager_api.adapters.store import patient
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.domain.ports import StoreUnavailableError

log = logging.getLogger("shiva.manager_api.store")

PATIENCE = 1.5  # seconds that a transaction waits for a lock, a statement for its answer
MIGRATION = 60  # seconds that a starting process waits for another one
MIGRATING = 6001  # PostgreSQL's lock of whoever migrates
REST = 1.0  # seconds for which nobody asks a PostgreSQL again that was silent so long


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
        self._engine = _sqlite(self.url) if self.is_file else _postgresql(self.url)
        self._writing = self._engine.execution_options(writing=True)
        self._silent_until = 0.0

    def __str__(self) -> str:
        """Return what people call it: a path, or a name and its host; no password."""
        if self.is_file:
            return str(self.url.database)
        return f"{self.url.database} on {self.url.host or 'this machine'}"

    def close(self) -> None:
        """Close what rests in the pool."""
        self._engine.dispose()

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
        with self._transaction(self._writing) as connection:
            if lock is not None and not self.is_file:  # SQLite's writers go one after the other anyway
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock:d})")
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Write for as long as it takes, while no other process does this."""
        with self._transaction(self._writing) as connection:
            if self.is_file:
                yield connection
                return
            with patient.patience(cast(patient.PatientConnection, connection.connection.driver_connection), None):
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{MIGRATION}s'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
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
            if not self.is_file and time.monotonic() - begun > REST:
                self._silent_until = time.monotonic() + REST
            cause = self.cause(error)
            log.error("the database cannot be used", extra={"database": str(self), "cause": cause})
            raise StoreUnavailableError(f"The database {self} cannot be used now: {cause}.") from error

    def cause(self, error: SQLAlchemyError) -> str:
        """Return why, in the database's own words, without the password."""
        said = str(getattr(error, "orig", None) or type(error).__name__).strip().partition("\n")[0].rstrip(".")
        return said.replace(self.url.password, "…") if self.url.password else said


def new_row(database: Database, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what happens when there is such a row already."""
    return sqlite.insert(table) if database.is_file else postgresql.insert(table)


def _sqlite(url: URL) -> Engine:
    # `mode=rw`: a database that is not there is never made by the way; `preparing` makes it.
    file = URL.create("sqlite", database=f"file:{quote(url.database or '')}?mode=rw", query={"uri": "true"})
    engine = create_engine(file, hide_parameters=True, pool_timeout=PATIENCE, connect_args={"timeout": PATIENCE})

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions, later than it should
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error:
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_timeout=PATIENCE, use_native_hstore=False)

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, arguments: list[Any], parameters: dict[str, Any]) -> object:
        return patient.connect(*arguments, patience=PATIENCE, **parameters)

    @event.listens_for(engine, "checkout")
    def checked(connection: patient.PatientConnection, _: object, __: object) -> None:
        connection.check()

    return engine
