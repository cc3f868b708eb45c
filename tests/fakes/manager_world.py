"""A manager over ports in memory and a real store, with people in it, and a client that the door has signed for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from shiva_common import identity
from shiva_common.identity import Identity
from shiva_manager_api import use_cases
from shiva_manager_api.api.access import Keys
from shiva_manager_api.api.app import create_app
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.machines import GpuReading, MachineReading
from shiva_manager_api.domain.people import Claims
from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    BrokerUnavailableError,
    IdleUnavailableError,
    MetricsUnavailableError,
)
from shiva_manager_api.use_cases import Ports, UseCases
from werkzeug.test import TestResponse

from tests.contract.described import contract
from tests.fakes.idle_world import Book
from tests.fakes.manager_ports import (
    FakeBroker,
    FakeContainerCurves,
    FakeCurves,
    FakeHeldTimes,
    FakeMetrics,
    FakePasts,
    container,
    declared,
)
from tests.fakes.manager_store import Away, stores

CONTRACT = contract("manager-api")
KEY = b"k" * 32
DOOR, METRICS = "d" * 32, "x" * 32
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LAUNCH = container()["launch_id"]
WARNED = Told(
    state="warned", reason="warned", sentence="A warning.", stop_at=NOW + timedelta(hours=1), step=1, idle_seconds=3600.0
)  # fmt: skip
IDLE = IdleState(
    passed_at=NOW, lasting=timedelta(minutes=3), dry_run=False,
    launches={LAUNCH: Launch(container_id="ada--default", owner="ada", gpus=1, told=WARNED)},
)  # fmt: skip
RULES = AccessRules(
    hosted_domains=frozenset({"example.org"}), home_domain="example.org", admins=frozenset({"root@example.org"})
)  # fmt: skip

ADA = Identity(name="ada", shown_name="Ada", client="192.0.2.7", csrf_token="c" * 64)
ROOT = Identity(name="root", shown_name="Root", client="192.0.2.9", csrf_token="r" * 64)
KEN = Identity(name="ken", shown_name="Ken", client="192.0.2.8", csrf_token="e" * 64)
NOBODY = Identity(name="", shown_name="", client="192.0.2.10")


def claims(name: str, **changes: Any) -> Claims:
    """Return what the provider says of somebody of the company."""
    given: dict[str, Any] = {
        "issuer": "https://id.example", "subject": f"s-{name}", "email": f"{name}@example.org", "email_verified": True,
        "hosted_domain": "example.org", "shown_name": name.title(),
    }  # fmt: skip
    return Claims(**given | changes)


@dataclass
class Clock:
    """The world's time."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        """Return it."""
        return self.at


@dataclass
class World:
    """Everything that a test may change, before or between requests. Each look at the monotonic clock is a minute later."""

    store: Away
    clock: Clock
    broker: FakeBroker = field(default_factory=lambda: FakeBroker([container("ada"), container("ken")], [declared()]))
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    curves: FakeCurves = field(default_factory=FakeCurves)
    container_curves: FakeContainerCurves = field(default_factory=FakeContainerCurves)
    held_times: FakeHeldTimes = field(default_factory=FakeHeldTimes)
    pasts: FakePasts = field(default_factory=FakePasts)
    idle: Book = field(default_factory=lambda: Book(IDLE))
    rules: AccessRules = RULES
    dev: bool = False
    step: float = 60.0  # seconds between two looks
    ticked: float = 0.0
    use: UseCases = field(init=False)
    app: Flask = field(init=False)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        """Build the manager, and let ada, ken and root have logged in."""
        gpus = tuple(GpuReading(uuid=f"GPU-{n}", index=n - 1, model="GTX 1080", up=True) for n in (1, 2))
        self.metrics.readings = [MachineReading(name="gpu-01", up=True, sample_age_seconds=1.0, gpus=gpus)]
        ports = Ports(
            metrics=self.metrics, curves=self.curves, container_curves=self.container_curves, held_times=self.held_times,
            pasts=self.pasts, broker=self.broker, store=self.store.port, rules=lambda: self.rules, idle=self.idle,
            dev=self.dev, clock=self._tick, now=self.clock,
        )  # fmt: skip
        self.use = use_cases.over(ports)
        keys = Keys(identity=KEY, door=DOOR, metrics=METRICS)
        self.app = create_app(self.use, keys, clock=self.clock, registry=CollectorRegistry())
        self.client = self.app.test_client()
        for name in ("ada", "ken", "root"):
            self.use.people.log_in(claims(name), "192.0.2.1")

    def _tick(self) -> float:
        self.ticked += self.step
        return self.ticked

    def still(self) -> "World":
        """Let the monotonic clock stand: what is known is kept."""
        self.step = 0.0
        return self

    def sign(self, who: Identity) -> str:
        """Return the door's word."""
        return identity.sign(who, key=KEY, now=self.clock())

    def call(
        self, name: str, /, who: Identity | None = ADA, *, id: str = "ada--default", signed: str | None = None,
        path: dict[str, str] | None = None, bearer: str | None = None, headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:  # fmt: skip
        """Use an operation: as a person, with `signed` as the door's word, or with a service's `bearer` token; None: nobody."""
        method, url, operation = CONTRACT.operations[name]
        given = dict(headers or {})
        if operation["x-shiva-access"] in {"door", "metrics"} and bearer is None and signed is None and who is ADA:
            bearer = DOOR if operation["x-shiva-access"] == "door" else METRICS
        if bearer is not None:
            given["Authorization"] = f"Bearer {bearer}"
        elif who is not None or signed is not None:
            given[identity.HEADER] = self.sign(who) if signed is None and who is not None else signed or ""
        for key, value in {"container_id": id, **PATHS, **(path or {})}.items():
            url = url.replace(f"{{{key}}}", value)
        if "requestBody" in operation and not options.keys() & {"data", "json"}:
            options["json"] = operation["requestBody"]["content"]["application/json"]["example"] | BODIES.get(name, {})
        return self.client.open(url, method=method.upper(), headers=given, **options)

    def refusing(self, status: int, code: str) -> "World":
        """Let the broker refuse."""
        self.broker.failure = BrokerRefusedError(status, code, "A title", "A detail.", {})
        return self

    def extended(self, *ago: timedelta) -> "World":
        """Let ada have asked for more time before."""
        kept = replace(IDLE.launches[LAUNCH], extensions=tuple(NOW - each for each in ago))
        self.idle.state = replace(IDLE, launches={LAUNCH: kept})
        return self

    def without_book(self) -> "World":
        """Let the state of idle containers have no place."""
        self.idle.failure = IdleUnavailableError()
        return self

    def without_broker(self) -> "World":
        """Let the broker be away."""
        self.broker.failure = BrokerUnavailableError()
        return self

    def without_memory(self) -> "World":
        """Let nobody know what was."""
        for memory in (self.curves, self.container_curves, self.held_times):
            memory.failure = MetricsUnavailableError()
        return self

    def without_store(self) -> "World":
        """Let the database be away, and what is known of people be old."""
        self.store.away = True
        self.clock.at += timedelta(minutes=2)
        return self

    def later(self, span: timedelta) -> "World":
        """Let time go by."""
        self.clock.at += span
        return self

    def acts(self) -> list[tuple[str, str, str, str]]:
        """Return actor, action, target and outcome of the audit log, oldest first; without the logins of the start."""
        lines = reversed(self.store.store.acts(limit=1000))
        return [
            (each.actor, each.action, each.target, each.outcome) for each in lines if each.id > len(("a", "k", "r"))
        ]


PATHS = {
    "token_id": "0123456789abcdef", "user_code": "BDGH-KLMN", "name": "ken", "machine": "gpu-01", "uuid": "GPU-1", "image": "shiva-jupyter",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "login": {"issuer": "https://id.example", "subject": "s-ada", "email": "ada@example.org", "hosted_domain": "example.org"},
    "pull_image": {"machines": ["gpu-01"]},
}  # fmt: skip


@contextmanager
def worlds(**changes: Any) -> Iterator[World]:
    """Make one, and take it away again."""
    clock = Clock()
    with stores(clock) as store:
        yield World(store, clock, **changes)
