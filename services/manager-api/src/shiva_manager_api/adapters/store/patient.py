"""A connection to PostgreSQL that nobody waits for longer than so long, also where the server is frozen or out of reach."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import DisconnectionError

T = TypeVar("T")


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
        """See whether it rests as it was left: a server that ended said so, and a round trip is not needed to read it.

        Raises:
            DisconnectionError: it is over; the pool makes another one.
        """
        if self.closed or select.select([self], [], [], 0)[0]:
            raise DisconnectionError


def connect(*arguments: Any, patience: float, **parameters: Any) -> PatientConnection:
    """Connect within 2 s, which is the driver's shortest time."""
    milliseconds = int(patience * 1000)
    limits = (
        f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout=10s"
    )
    parameters["options"] = f"{limits} {parameters.get('options', '')}"
    connection = PatientConnection.connect(
        *arguments, **{"connect_timeout": 2, "application_name": "shiva-manager", **parameters}
    )
    connection.patience = patience
    return connection


@contextmanager
def patience(connection: PatientConnection, seconds: float | None) -> Iterator[None]:
    """Wait for the answers to one connection so long instead."""
    before, connection.patience = connection.patience, seconds
    try:
        yield
    finally:
        connection.patience = before
