"""All use cases over one set of ports."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shiva_manager_api.administration import Administration
from shiva_manager_api.audit import Audit
from shiva_manager_api.containers import Containers
from shiva_manager_api.devices import Devices
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.container_history import ContainerHistories
from shiva_manager_api.domain.foretelling import Pasts
from shiva_manager_api.domain.held_time import HeldTimeSource
from shiva_manager_api.domain.idle_ports import IdleBook
from shiva_manager_api.domain.machine_history import MachineHistories
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import ContainerBroker, MetricsSource
from shiva_manager_api.events import EventLog, Sight
from shiva_manager_api.histories import Histories
from shiva_manager_api.people import People
from shiva_manager_api.predictions import Predictions
from shiva_manager_api.service import Manager
from shiva_manager_api.starts import Starts
from shiva_manager_api.tokens import Tokens
from shiva_manager_api.usages import Usages


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the manager stands on."""

    metrics: MetricsSource
    curves: MachineHistories
    container_curves: ContainerHistories
    held_times: HeldTimeSource
    pasts: Pasts
    broker: ContainerBroker
    store: Store
    rules: Callable[[], AccessRules]  # those that hold now
    idle: IdleBook | None = None  # None: no culler runs
    dev: bool = False  # people who only typed a name may come in
    clock: Callable[[], float] = time.monotonic  # in seconds
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the API offers."""

    manager: Manager
    histories: Histories
    usages: Usages
    people: People
    containers: Containers
    starts: Starts
    predictions: Predictions
    tokens: Tokens
    devices: Devices
    administration: Administration
    events: EventLog
    now: Callable[[], datetime]


def over(ports: Ports) -> UseCases:
    """Return all of them, put together."""
    now, broker, store = ports.now, ports.broker, ports.store
    manager = Manager(ports.metrics, broker, clock=ports.clock, now=now, idle=ports.idle)
    audit = Audit(store, now=now)
    people = People(store, ports.rules, audit, now=now, dev=ports.dev)
    tokens = Tokens(store, people, audit, now=now)

    def sight() -> Sight:
        states = {view.reading.name: view.state.value for view in manager.overview().machines}
        return Sight(containers=broker.containers(), idle=manager.idle(), machines=states)

    return UseCases(
        manager=manager,
        histories=Histories(ports.curves, ports.container_curves, manager.truth, now=now),
        usages=Usages(ports.held_times, manager.truth, now=now),
        people=people,
        tokens=tokens,
        containers=Containers(broker, people, audit, now=now, idle=ports.idle),
        starts=Starts(broker, manager, store, ports.rules, now=now),
        predictions=Predictions(ports.pasts, clock=ports.clock),
        devices=Devices(store, people, tokens, audit, now=now),
        administration=Administration(store, people, broker, audit, now=now),
        events=EventLog(sight, clock=ports.clock, now=now),
        now=now,
    )
