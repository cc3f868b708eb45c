"""At the manager's start: look whether the database is whole, and bring it to this version, one process at a time."""

import logging
import os
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL

from shiva_manager_api.adapters.lock_file import locked
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import REVISION
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError, revision
from shiva_manager_api.domain.ports import StoreUnavailableError

log = logging.getLogger("shiva.manager_api.store")

MIGRATIONS = Path(__file__).parent / "migrations"
BESIDE = ("-wal", "-shm")  # SQLite's files of the same name
WHAT_TO_DO = (
    "It is left as it is. Put a backup in its place (deploy/README.md, “Database”). Without one, move it away with its -wal"
    " and -shm files: tokens, quotas and the audit log begin anew; containers and homes are safe."
)


def prepared(url: str) -> Database:
    """Return the database, whole and of this version; a file that is not there yet is made.

    Raises:
        UnfitDatabaseError: it cannot be used.
    """
    database = Database(url)
    with ExitStack() as unfit:
        unfit.callback(database.close)
        try:
            if database.is_file:
                _prepare_file(database, Path(str(database)))
            else:
                _migrate(database)
        except (StoreUnavailableError, OSError) as error:
            raise UnfitDatabaseError(f"{error} Nothing was changed.") from error
        unfit.pop_all()
    return database


def _prepare_file(database: Database, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            _make(path)
        _check(database, path)
        _migrate(database)


def _make(path: Path) -> None:
    """Make a whole one, and only then give it its name: a file that is there is never half of one."""
    for each in BESIDE:
        if Path(f"{path}{each}").exists():
            raise UnfitDatabaseError(
                f"{path} is missing, but {path.name}{each} is there: it was moved or removed in halves. {WHAT_TO_DO}"
            )
    draft = path.with_name(f"{path.name}.new")
    for each in ("", *BESIDE):
        Path(f"{draft}{each}").unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    database = Database(URL.create("sqlite", database=str(draft)).render_as_string())
    try:
        _migrate(database)
    finally:
        database.close()
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _check(database: Database, path: Path) -> None:
    found = "it is empty" if path.stat().st_size == 0 else _damage(database)
    if found is not None:
        raise UnfitDatabaseError(f"{path} is damaged: {found}. {WHAT_TO_DO}")


def _damage(database: Database) -> str | None:
    try:
        with database.reading() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    except StoreUnavailableError as error:
        cause = getattr(error.__cause__, "orig", None)
        if getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return str(cause)
        raise
    return None if found == "ok" else found.replace("\n", " ")


def _migrate(database: Database) -> None:
    with database.migrating() as connection:
        before = revision(connection, str(database))
        if before == REVISION:
            return
        # Not at the top: Alembic is large, and rarely needed.
        from alembic import command
        from alembic.config import Config

        logging.getLogger("alembic").setLevel(logging.WARNING)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")
    log.info("the database is of this version now", extra={"database": str(database), "from": before, "to": REVISION})
