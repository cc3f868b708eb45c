"""How the culler comes to the database: the manager makes and changes it, and nobody else."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import REVISION
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError, revision
from shiva_manager_api.domain.ports import StoreUnavailableError

PAUSE = 0.25  # seconds between two looks


def attached(url: str, *, looks: int, sleep: Callable[[float], None] = time.sleep) -> Database:
    """Return the database, once the manager has brought it to this version; look so often.

    Raises:
        UnfitDatabaseError: it has not, or the database cannot be used.
    """
    database = Database(url)
    with ExitStack() as unfit:
        unfit.callback(database.close)
        obstacle = _obstacle(database)
        for _ in range(looks - 1):
            if obstacle is None:
                break
            sleep(PAUSE)
            obstacle = _obstacle(database)
        if obstacle is not None:
            raise UnfitDatabaseError(obstacle)
        unfit.pop_all()
    return database


def _obstacle(database: Database) -> str | None:
    """Return what may yet pass."""
    try:
        with database.reading() as connection:
            found = revision(connection, str(database))
    except StoreUnavailableError as error:
        return f"{error} The manager makes it at its start: look whether shiva-manager-api runs."
    if found == REVISION:
        return None
    return f"The database {database} is of an older version: start the shiva-manager-api of this version, which brings it up to date."
