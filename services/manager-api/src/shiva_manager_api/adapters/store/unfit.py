"""What keeps the manager, or the culler, from starting on a database."""

from sqlalchemy import Connection, column, inspect, select, table

from shiva_manager_api.adapters.store.tables import REVISION


class UnfitDatabaseError(Exception):
    """The database cannot be used; the message says which, why, and what to do. It is as it was."""


def revision(connection: Connection, name: str) -> str | None:
    """Return which version of the code made its tables; None: they are still to be made.

    Raises:
        UnfitDatabaseError: a newer one, or something else.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise UnfitDatabaseError(f"{name} is a database of something else. Name one that is Shiva's alone.")
        return None
    found = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
    if found is not None and found > REVISION:
        raise UnfitDatabaseError(
            f"{name} is of a newer version of Shiva ({found}; this one knows {REVISION}). Nothing was changed."
            " Start the newer version again, or restore the backup that was made before the update."
        )
    return None if found is None else str(found)
