"""The broker's list of containers, read once for all who ask within a moment, and anew after each change of ours."""

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shiva_manager_api.domain.machines import Tenant
from shiva_manager_api.domain.ports import BrokerUnavailableError, Container
from shiva_manager_api.waiting import Places

KEEP_SECONDS = 0.25
KEEP_TIMES = 4.0  # as long as it took: a long list is a costly one
GRACE_SECONDS = 5.0  # so old a list may be where somebody reads it just now, or it could not be read; longer than the broker is waited for
PATIENCE_SECONDS = 3.0  # for somebody else's reading of the first one
MOST_WAITING = 8  # for that; whoever made a change, or keeps the overview, waits beside them


class _Read(NamedTuple):
    began: float
    took: float
    containers: list[Container]
    tenants: list[Tenant]


class ContainerList:
    """What did not change is the same object in the next list."""

    def __init__(
        self, ask: Callable[[], Sequence[Container]], tenant: Callable[[Container], Tenant],
        *, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        """`ask` and `tenant` may raise what they like; `clock` is monotonic, in seconds."""
        self._ask, self._tenant, self._clock = ask, tenant, clock
        self._reading = threading.Lock()
        self._places = Places(MOST_WAITING)
        self._last: _Read | None = None

    def read(self, *, anew: bool = False) -> tuple[Sequence[Container], Sequence[Tenant]]:
        """Return the list; with `anew` none that was asked for before now.

        Raises:
            BrokerUnavailableError: somebody reads it, and does not come to an end.
        """
        now = self._clock()
        known = self._last
        if known is not None and not anew and self._serves(known, now):
            return known.containers, known.tenants
        if not self._reading.acquire(blocking=False) and not self._awaited(anew):
            raise BrokerUnavailableError("the list of containers does not come")
        try:
            known = self._last
            if known is None or known.began < now:
                self._last = known = self._renewed(known)
        except BrokerUnavailableError:
            if known is None or anew or now - known.began > GRACE_SECONDS:
                raise
        finally:
            self._reading.release()
        return known.containers, known.tenants

    def _awaited(self, anew: bool) -> bool:
        if anew:
            return self._reading.acquire(timeout=PATIENCE_SECONDS)
        with self._places.one() as free:
            return free and self._reading.acquire(timeout=PATIENCE_SECONDS)

    def changed(self) -> None:
        """Read anew what was read before, so that whoever made a change sees it; what cannot be read now is forgotten."""
        if self._last is not None:
            before = self._last
            try:
                self.read(anew=True)
            finally:
                self._last = None if self._last is before else self._last

    def _serves(self, known: _Read, now: float) -> bool:
        least = GRACE_SECONDS if self._reading.locked() else KEEP_SECONDS
        keep = max(least, KEEP_TIMES * known.took)
        return now - known.began <= keep

    def _renewed(self, before: _Read | None) -> _Read:
        began = self._clock()
        known = (
            {} if before is None else {c["id"]: (c, t) for c, t in zip(before.containers, before.tenants, strict=True)}
        )
        containers, tenants = [], []
        for container in self._ask():
            old = known.get(container["id"])
            same, tenant = old if old is not None and old[0] == container else (container, self._tenant(container))
            containers.append(same)
            tenants.append(tenant)
        return _Read(began, self._clock() - began, containers, tenants)
