"""Everything from one database into another, which nobody has used."""

from collections.abc import Mapping

from sqlalchemy import func, insert, select, text

from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import audit_log, idle_book, metadata
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError


def move(old: Database, new: Database) -> Mapping[str, int]:
    """Copy everything, or nothing; return how many rows by table.

    Raises:
        UnfitDatabaseError: the new one has been used.
        StoreUnavailableError: one of them does not answer.
    """
    counted: dict[str, int] = {}
    with old.reading() as source, new.migrating() as target:
        target.execute(idle_book.delete())
        for table in metadata.sorted_tables:
            if target.scalar(select(func.count()).select_from(table)):
                raise UnfitDatabaseError(f"{new} has been used already. Nothing was changed.")
            rows = [row._asdict() for row in source.execute(select(table))]
            counted[table.name] = len(rows)
            if rows:
                target.execute(insert(table), rows)
        if not new.is_file:  # the next act comes after those
            last = select(func.max(audit_log.c.id)).scalar_subquery()
            target.execute(select(func.setval(text("'audit_log_id_seq'"), func.coalesce(last, 1), last.is_not(None))))
    return counted
