"""A broker with everything around it in memory, but for its journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shiva_jupyter_broker.adapters.catalogue import StaticCatalogue, Unpinned
from shiva_jupyter_broker.adapters.files import JournalFile
from shiva_jupyter_broker.adapters.handover import token_of
from shiva_jupyter_broker.adapters.policy_file import UNBOUNDED
from shiva_jupyter_broker.adapters.switch_file import SwitchFile
from shiva_jupyter_broker.domain.containers import Machine
from shiva_jupyter_broker.domain.lifecycle import View
from shiva_jupyter_broker.domain.policy import Policy
from shiva_jupyter_broker.domain.ports import Launcher
from shiva_jupyter_broker.service import Broker, Ports
from shiva_jupyter_broker.upkeep import Upkeep

from tests.fakes.launcher import (
    LIMITS,
    FakeClock,
    FakeHomes,
    FakeInventory,
    FakeLauncher,
    FakeProbe,
    FakeReader,
    machine,
)

BOOT_TIMEOUT = timedelta(minutes=2)


def ports(
    folder: Path,
    launcher: Launcher,
    *,
    machines: Sequence[Machine] = (machine("gpu-01"), machine("gpu-02", gpus=0)),
    homes: FakeHomes | None = None,
    probe: FakeProbe | None = None,
    clock: FakeClock | None = None,
) -> Ports:
    """Return what a broker needs, all in memory but for its two files."""
    return Ports(
        launcher=launcher, probe=probe or FakeProbe(), reader=FakeReader(), homes=homes or FakeHomes(), catalogue=StaticCatalogue(),
        registry=Unpinned(), inventory=FakeInventory(machines), journal=JournalFile(folder / "journal.json"),
        switches=SwitchFile(folder / "switches.json"), clock=clock or FakeClock(), token=token_of(b"k" * 32),
    )  # fmt: skip


def broker_over(around: Ports, policy: Policy | None = None) -> Broker:
    """Return a broker under a policy that forbids nothing."""
    return Broker(around, policy=policy or Policy(defaults=LIMITS, maxima=UNBOUNDED), stop_grace=timedelta(seconds=10))


@dataclass
class World:
    """What outlives a broker, and brokers over it."""

    folder: Path
    launcher: FakeLauncher = field(default_factory=FakeLauncher)
    probe: FakeProbe = field(default_factory=FakeProbe)
    homes: FakeHomes = field(default_factory=FakeHomes)
    clock: FakeClock = field(default_factory=FakeClock)
    policy: Policy = field(default_factory=lambda: Policy(defaults=LIMITS, maxima=UNBOUNDED))
    took: list[float] = field(default_factory=list)

    def broker(self) -> Broker:
        """Return a broker as after a (re)start: its files are read anew."""
        around = ports(self.folder, self.launcher, homes=self.homes, probe=self.probe, clock=self.clock)
        return Broker(around, policy=self.policy, stop_grace=timedelta(seconds=10), on_ready=self._ready)

    def _ready(self, seen: View) -> None:
        assert seen.time_to_notebook_seconds is not None
        self.took.append(seen.time_to_notebook_seconds)


def settled(broker: Broker) -> bool:
    """Do what the watcher does at one look."""
    return Upkeep(broker, boot_timeout=BOOT_TIMEOUT).step()
