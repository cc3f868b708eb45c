"""What SQLite needs: a file that is never made by the way, one writer at a time, and readers who do not wait for it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import insert

__all__ = ["engine", "insert", "lock", "unhurried"]

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def engine(url: URL, *, patience: float) -> Engine:
    """Return what opens it; `preparing` makes it."""
    file = URL.create("sqlite", database=f"file:{quote(url.database or '')}?mode=rw", query={"uri": "true"})
    # No bound on connections, which are as many as threads: those that wait to write must leave some to read.
    made = create_engine(file, hide_parameters=True, max_overflow=-1, connect_args={"timeout": patience})

    @event.listens_for(made, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions, later than it should
        try:
            for each in PRAGMAS:
                connection.execute(f"PRAGMA {each}").close()
        except sqlite3.Error:
            connection.close()
            raise

    @event.listens_for(made, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


def lock(connection: Connection, number: int) -> None:
    """Writers go one after the other anyway."""
    del connection, number


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Nobody waits for a statement here."""
    del connection
    yield
