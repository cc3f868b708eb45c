"""Programs that wait to be let in."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from shiva_manager_api.adapters.store.columns import values
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import device_logins
from shiva_manager_api.domain.people import DeviceLogin, DeviceState
from shiva_manager_api.domain.ports import TooManyWaitingError

WAITING = 1000  # at once
OF_ONE_ADDRESS = 100  # nobody alone shuts the others out
COUNTING = 6002  # PostgreSQL's lock of whoever counts them


class DevicesTable:
    """See `DeviceLogins`."""

    _database: Database

    def add_login(self, login: DeviceLogin) -> None:
        """See `DeviceLogins.add_login`."""
        waiting = select(func.count()).where(device_logins.c.state == DeviceState.PENDING)
        with self._database.writing(lock=COUNTING) as connection:
            connection.execute(delete(device_logins).where(device_logins.c.expires_at <= login.created_at))
            mine = waiting.where(device_logins.c.asked_from == login.asked_from)
            all_of_them, of_one = (connection.execute(each).scalar_one() for each in (waiting, mine))
            if all_of_them >= WAITING or of_one >= OF_ONE_ADDRESS:
                raise TooManyWaitingError
            connection.execute(insert(device_logins).values(values(login)))

    def by_user_code(self, user_code: str) -> DeviceLogin | None:
        """See `DeviceLogins.by_user_code`."""
        return self._one(device_logins.c.user_code == user_code)

    def by_device(self, device_digest: bytes) -> DeviceLogin | None:
        """See `DeviceLogins.by_device`."""
        return self._one(device_logins.c.device_digest == device_digest)

    def _one(self, which: ColumnElement[bool]) -> DeviceLogin | None:
        with self._database.reading() as connection:
            row = connection.execute(select(device_logins).where(which)).first()
            return None if row is None else DeviceLogin(**row._asdict())

    def decide(self, user_code: str, *, owner: str, state: DeviceState, days: int | None) -> bool:
        """See `DeviceLogins.decide`."""
        waits = (device_logins.c.user_code == user_code) & (device_logins.c.state == DeviceState.PENDING)
        return self._changed(waits, owner=owner, state=state, days=days)

    def polled(self, device_digest: bytes, *, at: datetime) -> None:
        """See `DeviceLogins.polled`."""
        self._changed(device_logins.c.device_digest == device_digest, polled_at=at)

    def take(self, device_digest: bytes) -> bool:
        """See `DeviceLogins.take`."""
        approved = device_logins.c.state == DeviceState.APPROVED
        return self._changed((device_logins.c.device_digest == device_digest) & approved, state=DeviceState.TAKEN)

    def _changed(self, which: ColumnElement[bool], **new: object) -> bool:
        with self._database.writing() as connection:
            return connection.execute(update(device_logins).where(which).values(**new)).rowcount > 0
