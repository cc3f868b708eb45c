"""What admins do. Every act is in the audit log before it is done, with how it ended after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shiva_common.identity import Identity

from shiva_manager_api.audit import Audit
from shiva_manager_api.domain import admission, quotas
from shiva_manager_api.domain.names import is_user_name
from shiva_manager_api.domain.people import Act, Announcement, Person, Quota, Role
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import ContainerBroker, PortError, RefusedError
from shiva_manager_api.domain.quotas import Held
from shiva_manager_api.people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A person as admins see one."""

    person: Person
    role: Role
    refused: str | None  # the code with which a login would be refused now
    own_quota: Quota | None
    quota: Quota
    held: Held | None  # None: the broker is away


class Administration:
    """Whoever gets here is an admin."""

    def __init__(
        self, store: Store, people: People, broker: ContainerBroker, audit: Audit, *, now: Callable[[], datetime]
    ) -> None:
        """`now` is aware."""
        self._store = store
        self._people = people
        self._broker = broker
        self._audit = audit
        self._now = now

    def people(self) -> Sequence[Row]:
        """Return everybody who logged in at least once, by name."""
        rules, own = self._people.rules(), self._store.quotas()
        try:
            containers = self._broker.containers()
        except PortError:
            containers = None
        rows = []
        for person in self._store.people():
            refusal = self._people.refusal(person)
            rows.append(
                Row(
                    person=person,
                    role=admission.role(person, rules) if refusal is None else Role.USER,
                    refused=None if refusal is None else refusal.code,
                    own_quota=own.get(person.name),
                    quota=own.get(person.name) or rules.quota,
                    held=None if containers is None else quotas.held(containers, person.name),
                )
            )
        return rows

    def set_quota(self, who: Identity, name: str, quota: Quota | None) -> None:
        """Give a person an own quota, or (None) everybody's."""
        self._known(name)
        facts = {} if quota is None else {"containers": quota.containers, "gpus": quota.gpus}
        with self._audit.act(who, "quota.reset" if quota is None else "quota.set", name, **facts):
            self._store.set_quota(name, quota)

    def bar(self, who: Identity, name: str, reason: str | None) -> None:
        """Shut a person out, or (None) let in again.

        Raises:
            RefusedError: it is who asks: nobody would be left to undo it.
        """
        self._known(name)
        if reason is not None and name == who.name:
            raise RefusedError("not-yourself")
        facts = {} if reason is None else {"reason": reason}
        with self._audit.act(who, "person.admit" if reason is None else "person.bar", name, **facts):
            self._store.bar(name, reason)

    def end_sessions(self, who: Identity, name: str) -> None:
        """End all sessions of a person."""
        self._known(name)
        self._people.log_out(who, name)

    def _known(self, name: str) -> None:
        if not is_user_name(name) or self._store.person(name) is None:
            raise RefusedError("person-not-found", name=name)

    def drain(self, who: Identity, machine: str, reason: str | None) -> None:
        """Keep new containers off a machine, or (None) open it."""
        facts = {} if reason is None else {"reason": reason}
        with self._audit.act(who, "machine.open" if reason is None else "machine.drain", machine, **facts):
            self._broker.drain(machine, reason)

    def disable(self, who: Identity, gpu: str, reason: str | None) -> None:
        """Keep new containers off a GPU, or (None) give it back."""
        facts = {} if reason is None else {"reason": reason}
        with self._audit.act(who, "gpu.enable" if reason is None else "gpu.disable", gpu, **facts):
            self._broker.disable(gpu, reason)

    def pull(self, who: Identity, image: str, machines: Sequence[str] | None) -> None:
        """Have an image fetched to machines, or (None) to all that answer; it goes on in the background."""
        facts = {} if machines is None else {"machines": list(machines)}
        with self._audit.act(who, "image.pull", image, **facts):
            self._broker.pull(image, machines)

    def announce(self, who: Identity, *, text: str, level: str, ends_at: datetime | None) -> None:
        """Put a sentence above every page."""
        told = Announcement(text=text, level=level, by=who.name, at=self._now(), ends_at=ends_at)
        with self._audit.act(who, "announcement.set", "announcement", text=text, level=level):
            self._store.announce(told)

    def unannounce(self, who: Identity) -> None:
        """Take it away."""
        with self._audit.act(who, "announcement.remove", "announcement"):
            self._store.announce(None)

    def acts(
        self, *, before: int | None, limit: int, actor: str | None, target: str | None
    ) -> tuple[Sequence[Act], int | None]:
        """Return lines of the audit log, the newest first, and before which to go on; None: there are no more."""
        found = self._store.acts(before=before, limit=limit + 1, actor=actor, target=target)
        more = len(found) > limit
        return found[:limit], found[limit - 1].id if more else None
