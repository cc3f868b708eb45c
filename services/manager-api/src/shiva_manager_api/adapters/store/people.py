"""People, their quotas, and the sentence above every page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, or_, select, true, update

from shiva_manager_api.adapters.store.columns import values
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import announcements, people, quotas, session_ends
from shiva_manager_api.domain.people import Announcement, Claims, Person, Quota
from shiva_manager_api.domain.ports import NameTakenError


class PeopleTable:
    """See `People`."""

    _database: Database

    def logged_in(self, name: str, claims: Claims, *, now: datetime) -> Person:
        """See `People.logged_in`."""
        who = {"issuer": claims.issuer, "subject": claims.subject}
        known = {
            "email": claims.email, "hosted_domain": claims.hosted_domain, "groups": claims.groups,
            "shown_name": claims.shown_name or name, "picture": claims.picture, "last_login_at": now,
        }  # fmt: skip
        with self._database.writing() as connection:
            new = self._database.new_row(people).values(name=name, first_login_at=now, **who, **known)
            connection.execute(new.on_conflict_do_nothing())
            mine = (people.c.name == name) & (people.c.issuer == claims.issuer) & (people.c.subject == claims.subject)
            if connection.execute(update(people).where(mine).values(**known)).rowcount == 0:
                raise NameTakenError(name)
            return _persons(connection, mine)[0]

    def of_subject(self, issuer: str, subject: str) -> Person | None:
        """See `People.of_subject`."""
        return self._person((people.c.issuer == issuer) & (people.c.subject == subject))

    def person(self, name: str) -> Person | None:
        """See `People.person`."""
        return self._person(people.c.name == name)

    def _person(self, which: ColumnElement[bool]) -> Person | None:
        with self._database.reading() as connection:
            return next(iter(_persons(connection, which)), None)

    def people(self) -> Sequence[Person]:
        """See `People.people`."""
        with self._database.reading() as connection:
            return _persons(connection, true())

    def end_sessions(self, name: str, *, before: datetime) -> None:
        """See `People.end_sessions`."""
        with self._database.writing() as connection:
            new = self._database.new_row(session_ends).values(name=name, ended_before=before)
            later = new.excluded.ended_before
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=["name"], set_={"ended_before": later}, where=session_ends.c.ended_before < later
                )
            )

    def bar(self, name: str, reason: str | None) -> bool:
        """See `People.bar`."""
        with self._database.writing() as connection:
            return connection.execute(update(people).where(people.c.name == name).values(barred=reason)).rowcount > 0

    def revocations(self, *, since: datetime) -> Sequence[Person]:
        """See `People.revocations`."""
        lately = session_ends.c.ended_before > since
        nobody = select(session_ends).where(lately, session_ends.c.name.not_in(select(people.c.name)))
        with self._database.reading() as connection:
            known = _persons(connection, or_(people.c.barred.is_not(None), lately))
            return [*known, *map(_stranger, connection.execute(nobody))]

    def quota(self, name: str) -> Quota | None:
        """See `Quotas.quota`."""
        return self._quotas(quotas.c.name == name).get(name)

    def quotas(self) -> dict[str, Quota]:
        """See `Quotas.quotas`."""
        return self._quotas(true())

    def _quotas(self, which: ColumnElement[bool]) -> dict[str, Quota]:
        with self._database.reading() as connection:
            rows = connection.execute(select(quotas).where(which))
            return {row.name: Quota(containers=row.containers, gpus=row.gpus) for row in rows}

    def set_quota(self, name: str, quota: Quota | None) -> None:
        """See `Quotas.set_quota`."""
        with self._database.writing() as connection:
            if quota is None:
                connection.execute(delete(quotas).where(quotas.c.name == name))
                return
            new = self._database.new_row(quotas).values(name=name, **values(quota))
            connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=values(quota)))

    def announcement(self) -> Announcement | None:
        """See `Announcements.announcement`."""
        with self._database.reading() as connection:
            row = connection.execute(select(*(each for each in announcements.c if each.name != "id"))).first()
            return None if row is None else Announcement(**row._asdict())

    def announce(self, announcement: Announcement | None) -> None:
        """See `Announcements.announce`."""
        with self._database.writing() as connection:
            if announcement is None:
                connection.execute(delete(announcements))
                return
            new = self._database.new_row(announcements).values(id=1, **values(announcement))
            connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=values(announcement)))


def _persons(connection: Connection, which: ColumnElement[bool]) -> list[Person]:
    ended = people.outerjoin(session_ends, people.c.name == session_ends.c.name)
    found: Select[Any] = select(people, session_ends.c.ended_before).select_from(ended).where(which)
    return [Person(**row._asdict()) for row in connection.execute(found.order_by(people.c.name))]


def _stranger(row: Row[Any]) -> Person:
    """Return a name that has sessions and no person."""
    return Person(
        name=row.name, issuer="", subject="", email=None, hosted_domain=None, groups=frozenset(), shown_name=row.name, picture=None,
        first_login_at=row.ended_before, last_login_at=row.ended_before, ended_before=row.ended_before,
    )  # fmt: skip
