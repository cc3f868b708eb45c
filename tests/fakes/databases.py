"""Databases as the manager makes them, of both kinds; each test begins with one that nobody has used."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.preparing import prepared
from shiva_manager_api.adapters.store.tables import REVISION, metadata

from tests.fakes.postgres import Cluster


class Databases(Protocol):
    """One kind of database."""

    def empty(self, folder: Path) -> str:
        """Return the URL of one that has no tables, or is not there yet."""

    def url(self, folder: Path) -> str:
        """Return the URL of one of this version that nobody has used; what it gave before is over."""


class Files:
    """SQLite."""

    def __init__(self, folder: Path) -> None:
        """`folder` keeps the one that is copied."""
        self._template = folder / "manager.db"
        prepared(self.empty(folder)).close()

    def empty(self, folder: Path) -> str:
        """See `Databases.empty`."""
        return f"sqlite:///{folder}/manager.db"

    def url(self, folder: Path) -> str:
        """See `Databases.url`."""
        shutil.copy(self._template, folder / "manager.db")
        return self.empty(folder)


class Servers:
    """PostgreSQL. One database serves all tests: a copy for each takes half a second, and a disk that nobody has."""

    def __init__(self, cluster: Cluster) -> None:
        """Make it."""
        self._cluster = cluster
        self._url = cluster.database()
        prepared(self._url).close()

    def empty(self, folder: Path) -> str:
        """See `Databases.empty`."""
        del folder
        return self._cluster.database()

    def url(self, folder: Path) -> str:
        """See `Databases.url`."""
        del folder
        tables = ", ".join(metadata.tables)
        self._cluster.asked(
            "SET session_replication_role = replica",  # what keeps the audit log from an administrator, too
            f"TRUNCATE {tables} RESTART IDENTITY",
            "INSERT INTO idle_book VALUES (1, '')",
            f"UPDATE alembic_version SET version_num = '{REVISION}'",  # noqa: S608
            url=self._url,
        )
        return self._url


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open one, and close it."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
