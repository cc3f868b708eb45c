"""What people may do with containers that are there: look, end, keep longer. Admins with anybody's, and that is noted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from shiva_common.identity import Identity

from shiva_manager_api.audit import Audit
from shiva_manager_api.domain.idle_ports import IdleBook
from shiva_manager_api.domain.idle_state import IdleState, kept_longer
from shiva_manager_api.domain.permissions import owner_of
from shiva_manager_api.domain.ports import (
    Container,
    ContainerBroker,
    IdleUnavailableError,
    Log,
    NotYoursError,
    RefusedError,
)
from shiva_manager_api.people import People


class Containers:
    """One's own for everybody."""

    def __init__(
        self, broker: ContainerBroker, people: People, audit: Audit, *, now: Callable[[], datetime],
        idle: IdleBook | None = None,
    ) -> None:  # fmt: skip
        """`now` is aware; without `idle` no culler runs."""
        self._broker = broker
        self._people = people
        self._audit = audit
        self._idle = idle
        self._now = now

    def own(self, who: Identity) -> Sequence[Container]:
        """Return the person's own, asked now."""
        return [each for each in self._broker.containers() if each["owner"] == who.name]

    def everybodys(self, who: Identity) -> Sequence[Container]:
        """Return all, to an admin.

        Raises:
            RefusedError: it is none.
        """
        if not self._people.acts_as_admin(who):
            raise RefusedError("admins-only")
        self._audit.sees(who, "all")
        return self._broker.containers()

    def shown(self, who: Identity, container_id: str) -> Container:
        """Return one, asked now."""
        if self._is_anothers(who, container_id):
            self._audit.sees(who, container_id)
        return self._broker.container(container_id)

    def log(self, who: Identity, container_id: str, lines: int) -> Log:
        """Return the last lines that one wrote, read now."""
        if self._is_anothers(who, container_id):
            self._audit.sees(who, container_id, "container.log")
        return self._broker.log(container_id, lines)

    def stop(self, who: Identity, container_id: str) -> None:
        """End one."""
        with self._acting(who, "container.stop", container_id):
            self._broker.stop(container_id)

    def extend(self, who: Identity, container_id: str) -> datetime:
        """Keep one longer although nobody uses it; return until when."""
        with self._acting(who, "container.extend", container_id):
            if self._idle is None:
                raise IdleUnavailableError("no culler runs")
            launch_id, now = self._broker.container(container_id)["launch_id"], self._now()
            until = now

            def change(state: IdleState) -> IdleState:
                nonlocal until
                changed, until = kept_longer(state, launch_id, now)
                return changed

            self._idle.update(change)
            return until

    @contextmanager
    def _acting(self, who: Identity, action: str, container_id: str) -> Iterator[None]:
        if not self._is_anothers(who, container_id):
            yield
            return
        with self._audit.act(who, action, container_id):
            yield

    def _is_anothers(self, who: Identity, container_id: str) -> bool:
        """Whether an admin reaches for what is another's; NotYoursError where it is no admin, whether it exists or not."""
        if owner_of(container_id) == who.name:
            return False
        if not self._people.acts_as_admin(who):
            raise NotYoursError(container_id)
        return True
