"""A broker with everything around it in memory, but for its journal."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shiva_jupyter_broker.adapters.catalogue import StaticCatalogue
from shiva_jupyter_broker.adapters.files import JournalFile
from shiva_jupyter_broker.service import Broker, Ports

from tests.fakes.launcher import LIMITS, FakeClock, FakeHomes, FakeInventory, FakeLauncher, FakeProbe, machine


@dataclass
class World:
    """What outlives a broker, and brokers over it."""

    folder: Path
    launcher: FakeLauncher = field(default_factory=FakeLauncher)
    probe: FakeProbe = field(default_factory=FakeProbe)
    homes: FakeHomes = field(default_factory=FakeHomes)
    clock: FakeClock = field(default_factory=FakeClock)
    took: list[float] = field(default_factory=list)

    def broker(self) -> Broker:
        """Return a broker as after a (re)start: its files are read anew."""
        ports = Ports(
            launcher=self.launcher, probe=self.probe, homes=self.homes, catalogue=StaticCatalogue(),
            inventory=FakeInventory([machine("gpu-01"), machine("gpu-02", gpus=0)]),
            journal=JournalFile(self.folder / "journal.json"), clock=self.clock,
        )  # fmt: skip
        return Broker(ports, limits=LIMITS, stop_grace=timedelta(seconds=10), on_ready=self.took.append)
