"""`Store`, the whole of it."""

from collections.abc import Callable
from datetime import UTC, datetime

from shiva_manager_api.adapters.store.acts import ActsTable
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.devices import DevicesTable
from shiva_manager_api.adapters.store.people import PeopleTable
from shiva_manager_api.adapters.store.tokens import TokensTable


class Remembered(PeopleTable, TokensTable, DevicesTable, ActsTable):
    """What is remembered about people, in one database; every method is one transaction."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`now` is aware; it tells which tokens ended long ago."""
        self._database = database
        self._now = now
