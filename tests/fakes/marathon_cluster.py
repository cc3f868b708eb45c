"""The Marathon launcher over the simulator: no Docker, tasks of a script, and every fault of Marathon by a method."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.adapters import handover, marathon_setup
from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.marathon_app import Cluster
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerSpec,
    ContainerState,
    LaunchId,
    Machine,
)
from shiva_jupyter_broker.marathon_settings import MarathonSettings

from tests.fakes.launcher import machine, spec
from tests.fakes.marathon_rules import broken
from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.memory_engine import MemoryEngine, Script
from tests.marathon_simulator.options import Options, Timers
from tests.marathon_simulator.simulator import MarathonSimulator

KEY = b"k" * 32
MACHINES = tuple(
    replace(machine(name), address=f"10.0.0.{index}") for index, name in enumerate(("gpu-01", "gpu-02"), 1)
)
SECONDS = 30.0
QUICK = Timers(second=0.05, revive=0.01, unreachable=0.1, no_leader=0.05, reconciliation=0.05, heartbeat=0.5)


@dataclass(kw_only=True)
class AnyCluster:
    """A simulated cluster, and launchers that a test opens over it one after the other, as restarts of the broker."""

    simulator: MarathonSimulator
    folder: Path
    machines: tuple[Machine, ...] = MACHINES
    uid_base: int = 0  # of the engines' remap
    stop_grace: timedelta = timedelta(seconds=10)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    opened: list[MarathonLauncher] = field(default_factory=list)

    def launcher(self, *, domain: str = "shiva", **settings: Any) -> MarathonLauncher:
        """Return a launcher that watches."""
        made = self.idle(domain=domain, **settings)
        made.start()
        return made

    def idle(self, *, domain: str = "shiva", **settings: Any) -> MarathonLauncher:
        """Return a launcher that looks at nothing before it is asked."""
        chosen = {"marathon_urls": tuple(self.simulator.urls), **settings}
        made = marathon_setup.launcher(
            MarathonSettings(**chosen),
            Cluster(
                site=Site(domain=domain, uid_base=self.uid_base),
                group=settings.get("marathon_group", "shiva"),
                stop_grace=self.stop_grace,
            ),
            machines=self.machines,
            access={},
            handover=Handover(self.folder, domain=domain, root_uid=self.uid_base),
            token_of=handover.token_of(KEY),
            clock=self.clock,
        )
        self.opened.append(made)
        return made

    def wanted(self, owner: str = "ada", **changes: Any) -> ContainerSpec:
        """Return a container as wanted now."""
        now = datetime.now(UTC)
        launch = LaunchId(f"{time.monotonic_ns():032x}")
        token = handover.token_of(KEY)(launch)
        return spec(owner, launch_id=launch, token=token, requested_at=now, placed_at=now, **changes)

    def apps(self) -> Mapping[str, Any]:
        """Return what Marathon itself holds, by id."""
        with self.simulator.marathon.world.change():
            return dict(self.simulator.marathon.world.root.apps)

    def only_app(self) -> str:
        """Return the id of the only app."""
        [app_id] = self.apps()
        return app_id


@dataclass(kw_only=True)
class MarathonCluster(AnyCluster):
    """One whose tasks are a script's."""

    engine: MemoryEngine


def shown(launcher: MarathonLauncher, container: ContainerId) -> Container | None:
    """Return what the launcher shows of a container."""
    return next((each for each in launcher.containers() if each.id == container), None)


def eventually(check: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Wait until `check` is true."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


def settled(launcher: MarathonLauncher, check: Callable[[], object], what: str) -> None:
    """Settle until `check` is true."""

    def there() -> bool:
        launcher.settle()
        return bool(check())

    eventually(there, what)


def becomes(launcher: MarathonLauncher, container: ContainerId, state: ContainerState) -> Container:
    """Settle until a container is shown in that state, and return it."""
    found: list[Container] = []

    def there() -> bool:
        seen = shown(launcher, container)
        if seen is not None and seen.state is state:
            found.append(seen)
        return bool(found)

    settled(launcher, there, f"{container} is {state}")
    return found[0]


def vanishes(launcher: MarathonLauncher, container: ContainerId) -> None:
    """Settle until a container is shown no more."""
    settled(launcher, lambda: shown(launcher, container) is None, f"{container} is gone")


@contextmanager
def opened(cluster: AnyCluster) -> Iterator[None]:
    """Serve a cluster until the block ends. Everything that was ever sent to it keeps the rules."""
    simulator = cluster.simulator
    with simulator:
        try:
            yield
        finally:
            for each in cluster.opened:
                each.close()
    sent = simulator.recorder
    assert sent.lint(simulator.options.policy) == []
    assert [rule for app in sent.definitions() for rule in broken(app)] == []


@contextmanager
def marathon_cluster(
    folder: Path, *, script: Script | None = None, nodes: int = 1, options: Options | None = None
) -> Iterator[MarathonCluster]:
    """Serve a cluster of two machines in memory."""
    engine = MemoryEngine(script=lambda _: script or Script())
    agents = [Agent(hostname=each.name) for each in MACHINES]
    chosen = replace(options or Options(), timers=QUICK, nodes=nodes)
    cluster = MarathonCluster(simulator=MarathonSimulator(agents, engine, chosen), engine=engine, folder=folder)
    with opened(cluster):
        yield cluster
