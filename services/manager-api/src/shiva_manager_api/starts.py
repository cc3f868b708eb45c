"""Starting containers: within the quota, and once however often it is asked for."""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Protocol

from shiva_common.identity import Identity

from shiva_manager_api.domain import quotas
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.people import StartRequest
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    Container,
    ContainerBroker,
    Explanation,
    PortError,
    RefusedError,
    StartUnansweredError,
    StoreUnavailableError,
    Wish,
)
from shiva_manager_api.domain.quotas import Excess
from shiva_manager_api.waiting import Places

log = logging.getLogger("shiva.manager_api.starts")

PATIENCE_SECONDS = 5.0  # for one's own start that goes on
MOST_WAITING = 24  # for that, of everybody's


class Cards(Protocol):
    """The part of the overview that a start heeds."""

    def unwanted(self) -> tuple[list[str], list[str]]:
        """Return GPUs that something else uses, and GPUs in quarantine."""


class Starts:
    """One at a time for each person, so that two at once do not both pass the quota."""

    def __init__(
        self, broker: ContainerBroker, cards: Cards, store: Store, rules: Callable[[], AccessRules], *,
        now: Callable[[], datetime], patience: float = PATIENCE_SECONDS, most_waiting: int = MOST_WAITING,
    ) -> None:  # fmt: skip
        """`rules` holds everybody's quota; `now` is aware; `patience` is in seconds, for so many at once."""
        self._broker = broker
        self._cards = cards
        self._store = store
        self._rules = rules
        self._now = now
        self._patience = patience
        self._places = Places(most_waiting)
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def start(self, who: Identity, wish: Wish, key: str | None = None) -> tuple[Container, bool]:
        """Start the person's own container; a running one of that name is returned as it is, and so is that of the same `key`.

        It keeps away from GPUs in use by others, and never gets one in quarantine, also where Prometheus is away since.

        Raises:
            RefusedError: above the quota; the key was used for something else, or for what has ended.
            StartUnansweredError: another start of the same person does not end.
        """
        with self._alone(who.name):
            if key is None:
                return self._started(who.name, wish)
            request = StartRequest(owner=who.name, key=key, fingerprint=_fingerprint(wish), at=self._now())
            kept = self._store.begin(request)
            if kept.fingerprint != request.fingerprint:
                raise RefusedError("key-reused")
            if kept.container_id is not None:
                return self._again(kept, kept.container_id), False
            return self._under(key, who.name, wish)

    def _under(self, key: str, owner: str, wish: Wish) -> tuple[Container, bool]:
        try:
            container, new = self._started(owner, wish)
        except StartUnansweredError:
            raise  # it may come about: the key stays, and asking again finds what runs
        except PortError:
            self._quietly(lambda: self._store.forget(owner, key))
            raise
        self._quietly(
            lambda: self._store.answered(
                owner, key, container_id=container["id"], launch_id=container["launch_id"]
            )
        )  # fmt: skip
        return container, new

    def _started(self, owner: str, wish: Wish) -> tuple[Container, bool]:
        if (excess := self._excess(owner, wish)) is not None:
            raise RefusedError("quota-exceeded", **asdict(excess))
        avoided, excluded = self._cards.unwanted()
        return self._broker.launch(owner, wish, avoided, excluded)

    def _again(self, kept: StartRequest, container_id: str) -> Container:
        try:
            container = self._broker.container(container_id)
        except BrokerRefusedError as error:
            if error.status != 404:
                raise
            raise RefusedError("start-ended", container_id=container_id) from error
        if container["launch_id"] != kept.launch_id:
            raise RefusedError("start-ended", container_id=container_id)
        return container

    def _excess(self, owner: str, wish: Wish) -> Excess | None:
        quota = self._store.quota(owner) or self._rules().quota
        if quota.containers is None and quota.gpus is None:
            return None
        containers = self._broker.containers()
        if quotas.runs_already(containers, owner, wish.name):
            return None
        return quotas.excess(quota, wish, quotas.held(containers, owner))

    def explain(self, who: Identity, wish: Wish) -> Explanation:
        """Return whether `start` would succeed now, and why not."""
        excess = self._excess(who.name, wish)
        told = self._broker.explain(who.name, wish, *self._cards.unwanted())
        if excess is None:
            return told
        text = f"Your limit of {excess.kind} is {excess.limit}; you hold {excess.held}, and this would add {excess.wanted}."
        return {
            **told,
            "fits": False,
            "machine": None,
            "everywhere": {"rule": "quota-exceeded", "text": text},
            "offers": [],
        }

    @contextmanager
    def _alone(self, owner: str) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault(owner, threading.Lock())
        if not lock.acquire(blocking=False) and not self._awaited(lock):
            raise StartUnansweredError("an earlier start of the same person goes on")
        try:
            yield
        finally:
            lock.release()

    def _awaited(self, lock: threading.Lock) -> bool:
        with self._places.one() as free:
            return free and lock.acquire(timeout=self._patience)

    def _quietly(self, note: Callable[[], None]) -> None:
        """Keep what is known of a key, where that is possible: what was started is started, and asking again finds it."""
        try:
            note()
        except StoreUnavailableError:
            log.warning("the answer to a start is not kept")


def _fingerprint(wish: Wish) -> str:
    return hashlib.sha256(json.dumps(asdict(wish), sort_keys=True).encode()).hexdigest()
