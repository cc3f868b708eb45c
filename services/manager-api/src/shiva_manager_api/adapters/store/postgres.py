"""What PostgreSQL needs: connections that nobody waits for, also where the server is frozen or out of reach."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DisconnectionError

__all__ = ["engine", "insert", "lock", "unhurried"]

T = TypeVar("T")

CONNECTING = 2  # seconds: the driver knows no shorter time
MIGRATION = 60  # seconds that a starting process waits for another one


class PatientConnection(psycopg.Connection[Any]):
    """Closed, with an OperationalError, when an answer takes longer than `patience`."""

    patience: float | None = None  # seconds; None: without an end

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # whatever comes yet is nobody's
            raise

    def check(self) -> None:
        """See whether it rests as it was left: a server that ended said so, and no round trip is needed to read it.

        Raises:
            DisconnectionError: it is over; the pool makes another one.
        """
        said = select.poll()
        if not self.closed:
            said.register(self, select.POLLIN)
        if self.closed or said.poll(0):
            raise DisconnectionError


def engine(url: URL, *, patience: float) -> Engine:
    """Return what connects to it."""
    made = create_engine(url, hide_parameters=True, pool_timeout=patience, use_native_hstore=False)
    milliseconds = int(patience * 1000)
    limits = (
        f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout=10s"
    )

    @event.listens_for(made, "do_connect")
    def connect(_: object, __: object, arguments: list[Any], parameters: dict[str, Any]) -> PatientConnection:
        given = {"connect_timeout": CONNECTING, "application_name": "shiva-manager", **parameters}
        given["options"] = f"{limits} {parameters.get('options', '')}"
        connection = PatientConnection.connect(*arguments, **given)
        connection.patience = patience
        return connection

    @event.listens_for(made, "checkout")
    def checked(connection: PatientConnection, _: object, __: object) -> None:
        connection.check()

    return made


def lock(connection: Connection, number: int) -> None:
    """Let those who name the same number go one after the other."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number:d})")


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Wait as long as it takes, in this transaction."""
    driver = cast(PatientConnection, connection.connection.driver_connection)
    patience, driver.patience = driver.patience, None
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{MIGRATION}s'")
    try:
        yield
    finally:
        driver.patience = patience
