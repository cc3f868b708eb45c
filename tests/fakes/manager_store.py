"""The manager's real store over a fresh SQLite file, which a test can take away."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.preparing import prepared
from shiva_manager_api.adapters.store.remembered import Remembered
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import PortError, StoreUnavailableError

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # what a test writes need not reach a disk


@dataclass
class Away:
    """A store that does not answer while `away` is true, and whose methods in `failing` raise what is told there."""

    store: Remembered
    away: bool = False
    failing: dict[str, PortError] = field(default_factory=dict)
    other: dict[str, Callable[..., Any]] = field(default_factory=dict)  # methods that stand in for the store's

    def __getattr__(self, name: str) -> Any:
        """Return a method of the store that heeds it."""
        method = self.other.get(name) or getattr(self.store, name)

        def called(*given: Any, **named: Any) -> Any:
            if self.away:
                raise StoreUnavailableError("taken away by the test")
            if name in self.failing:
                raise self.failing[name]
            return method(*given, **named)

        return called

    @property
    def port(self) -> Store:
        """Return it as what it serves as."""
        return cast("Store", self)


@cache
def _template() -> Path:
    """Return a file of this version that nobody has used."""
    folder = Path(tempfile.mkdtemp(prefix="shiva-store-", dir=MEMORY))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    prepared(f"sqlite:///{folder}/manager.db").close()
    return folder / "manager.db"


@contextmanager
def stores(now: Callable[[], datetime]) -> Iterator[Away]:
    """Make one, by the clock `now`, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="shiva-store-", dir=MEMORY) as folder:
        shutil.copy(_template(), folder)
        database = Database(f"sqlite:///{folder}/manager.db")
        try:
            yield Away(Remembered(database, now=now))
        finally:
            database.close()
