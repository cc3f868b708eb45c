"""Databases as the manager makes them, of both kinds; each test begins with one that nobody has used."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.preparing import prepared

from tests.fakes.postgres import Cluster


class Databases(Protocol):
    """One kind of database."""

    def empty(self, folder: Path) -> str:
        """Return the URL of one that has no tables, or is not there yet."""

    def url(self, folder: Path) -> str:
        """Return the URL of one of this version."""


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
    """PostgreSQL."""

    def __init__(self, cluster: Cluster) -> None:
        """Make the one that is copied."""
        self._cluster = cluster
        self._template = cluster.database()
        prepared(self._template).close()

    def empty(self, folder: Path) -> str:
        """See `Databases.empty`."""
        del folder
        return self._cluster.database()

    def url(self, folder: Path) -> str:
        """See `Databases.url`."""
        del folder
        return self._cluster.database(like=self._template)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open one, and close it."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
