"""The audit log, and starts by the client's own key."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from shiva_manager_api.adapters.store.columns import values
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import audit_log, start_requests
from shiva_manager_api.domain.people import Act, StartRequest

KEPT = timedelta(days=1)  # a start request


class ActsTable:
    """See `AuditLog` and `StartRequests`."""

    _database: Database

    def append(self, act: Act) -> int:
        """See `AuditLog.append`."""
        with self._database.writing() as connection:
            new = insert(audit_log).values(values(act, "id")).returning(audit_log.c.id)
            return int(connection.execute(new).scalar_one())

    def acts(
        self, *, before: int | None = None, limit: int = 100, actor: str | None = None, target: str | None = None
    ) -> Sequence[Act]:
        """See `AuditLog.acts`."""
        found = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        if before is not None:
            found = found.where(audit_log.c.id < before)
        if actor is not None:
            found = found.where(audit_log.c.actor == actor)
        if target is not None:
            found = found.where(audit_log.c.target == target)
        with self._database.reading() as connection:
            return [Act(**row._asdict()) for row in connection.execute(found)]

    def begin(self, request: StartRequest) -> StartRequest:
        """See `StartRequests.begin`."""
        new = self._database.new_row(start_requests).values(values(request)).on_conflict_do_nothing()
        with self._database.writing() as connection:
            connection.execute(delete(start_requests).where(start_requests.c.at < request.at - KEPT))
            if connection.execute(new.returning(start_requests.c.key)).first() is not None:
                return request
            kept = connection.execute(select(start_requests).where(_of(request.owner, request.key))).one()
            return StartRequest(**kept._asdict())

    def answered(self, owner: str, key: str, *, container_id: str, launch_id: str) -> None:
        """See `StartRequests.answered`."""
        with self._database.writing() as connection:
            told = {"container_id": container_id, "launch_id": launch_id}
            connection.execute(update(start_requests).where(_of(owner, key)).values(**told))

    def forget(self, owner: str, key: str) -> None:
        """See `StartRequests.forget`."""
        with self._database.writing() as connection:
            connection.execute(delete(start_requests).where(_of(owner, key)))


def _of(owner: str, key: str) -> ColumnElement[bool]:
    return (start_requests.c.owner == owner) & (start_requests.c.key == key)
