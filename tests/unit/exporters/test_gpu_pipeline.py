"""From the driver and /proc to what is served: who holds which GPU with how much, also when things fail."""

from pathlib import Path

import pytest
from shiva_exporters.gpu.attribution import Attributed, Owners
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.sampler import Sampler

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Busy, Card, FakeNvml, Process
from tests.fakes.proc import FakeProc

ADA, KEN, FOREIGN = "ada0" * 8, "be40" * 8, "f0" * 32
GIB = 2**30


class Machine:
    """Two cards; Ada's container on both, Ken's on the second, and Yuki without any on the first."""

    def __init__(self, folder: Path) -> None:
        self.proc = FakeProc(folder)
        self.proc.runs(7, cgroup=f"0::/system.slice/docker-{'1' * 64}.scope", launch=ADA)
        self.proc.runs(8, cgroup=f"0::/docker/{'2' * 64}", launch=KEN)
        self.proc.runs(9, uid=1003)
        memory = Amount(total=8 * GIB, used=4 * GIB)
        self.first = Card(memory_v2=memory, compute=[Process(7, 2 * GIB), Process(9, GIB)], busy=[Busy(7, 50)])
        self.second = Card(uuid="GPU-2", memory_v2=memory, compute=[Process(7, GIB), Process(8, 2 * GIB)])
        self.driver = FakeNvml([self.first, self.second])
        self.now = 100.0
        owners = Owners(folder, launcher_uid=1001, names={1003: "yuki"}.__getitem__)
        source = Attributed(Nvml(lambda: self.driver), owners)
        self._sampler = Sampler(source, interval_seconds=2, steady=lambda: self.now)
        self._sampler.sample()

    def later(self) -> dict[tuple[str, ...], float]:
        """Return what is served two seconds later, by name and the labels that tell who."""
        self.now += 2
        for card in self.driver.cards:
            if isinstance(card.busy, list):
                card.busy = [Busy(each.pid, each.smUtil, each.timeStamp + 2_000_000) for each in card.busy]
        self._sampler.sample()
        return {
            (sample.name.removeprefix("shiva_"), *(v for k, v in sample.labels.items() if k not in {"gpu", "name"})): sample.value
            for family in GpuCollector(self._sampler.snapshot).collect()
            for sample in family.samples
        }  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_everyone_has_a_share_and_the_shares_add_up(machine: Machine) -> None:
    told = machine.later()
    assert told["container_gpu_memory_used_bytes", "GPU-1", ADA] == 2 * GIB
    assert told["container_gpu_memory_used_bytes", "GPU-2", ADA] == GIB
    assert told["container_gpu_memory_used_bytes", "GPU-2", KEN] == 2 * GIB
    assert told["gpu_unmanaged_process_memory_used_bytes", "GPU-1", "", "9", "yuki"] == GIB
    assert told["gpu_memory_unattributed_bytes", "GPU-1"] == told["gpu_memory_unattributed_bytes", "GPU-2"] == GIB
    assert told["container_gpu_active_seconds_total", "GPU-1", ADA] == 1.0
    assert told["container_gpu_active_seconds_total", "GPU-2", ADA] == 0.0


def test_a_container_that_somebody_started_by_hand_is_unmanaged(machine: Machine) -> None:
    machine.proc.runs(8, cgroup=f"0::/docker/{FOREIGN}", start=2000, uid=1003)
    told = machine.later()
    assert told["gpu_process_group_memory_used_bytes", "GPU-2", "foreign"] == 2 * GIB
    assert told["gpu_unmanaged_process_memory_used_bytes", "GPU-2", FOREIGN, "8", "yuki"] == 2 * GIB
    assert ("container_gpu_processes", "GPU-2", KEN) not in told


def test_a_lost_card_takes_its_own_shares_along_and_no_others(machine: Machine) -> None:
    machine.second.compute = fakes.NVMLError_GpuIsLost()
    told = machine.later()
    assert (told["gpu_up", "GPU-1"], told["gpu_up", "GPU-2"]) == (1, 0)
    assert told["container_gpu_memory_used_bytes", "GPU-1", ADA] == 2 * GIB
    assert {name for name in told if "GPU-2" in name} == {
        ("gpu_up", "GPU-2"),
        ("gpu_info", "GPU-2", "", "", "", "", "550.90.07", "12.4"),
    }


def test_what_a_dead_container_still_holds_is_nobodys_then(machine: Machine) -> None:
    machine.proc.ends(8)
    told = machine.later()
    assert told["gpu_process_group_memory_used_bytes", "GPU-2", "orphan"] == 2 * GIB
    assert ("container_gpu_memory_used_bytes", "GPU-2", KEN) not in told
    machine.second.compute = machine.second.compute[:1]
    told = machine.later()
    assert told["gpu_processes", "GPU-2", "orphan"] == 0
    assert told["gpu_memory_unattributed_bytes", "GPU-2"] == 3 * GIB


def test_a_pid_that_another_container_reuses_is_the_others(machine: Machine) -> None:
    machine.proc.runs(8, cgroup=f"0::/docker/{'1' * 64}", start=2000, launch=ADA)
    told = machine.later()
    assert told["container_gpu_memory_used_bytes", "GPU-2", ADA] == 3 * GIB
    assert ("container_gpu_processes", "GPU-2", KEN) not in told


def test_after_the_driver_came_back_counting_goes_on(machine: Machine) -> None:
    machine.later()
    machine.driver.count = fakes.NVMLError_DriverNotLoaded()
    assert not [name for name in machine.later() if "GPU-1" in name]
    machine.driver.count = None
    assert machine.later()["container_gpu_active_seconds_total", "GPU-1", ADA] == 3.0
