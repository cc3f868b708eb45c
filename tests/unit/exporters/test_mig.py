"""A divided card: each part's memory and processes are told by the part, and a new division is no lost card."""

from dataclasses import replace

import pytest
from shiva_exporters.gpu.card import SELDOM_SECONDS
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import GpuSample, MigSample

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Card, FakeNvml, Process

SILENT = fakes.NVMLError_NotSupported("not supported")
GIB = 2**30


def part(number: int, *processes: Process) -> Card:
    """Return a MIG device."""
    return Card(
        uuid=f"MIG-{number}", memory_v2=Amount(total=10 * GIB, used=number * GIB, free=GIB), compute=list(processes),
        told={"GpuInstanceId": number},
    )  # fmt: skip


class Machine:
    """One card with MIG and a clock."""

    def __init__(self, *parts: Card, **more: object) -> None:
        self.card = Card(
            memory_v2=Amount(total=80 * GIB, used=40 * GIB), utilization=SILENT, busy=SILENT, migs=dict(enumerate(parts, 1)),
            told={"MigMode": [1, 1], "MaxMigDeviceCount": 7},
        )  # fmt: skip
        vars(self.card).update(more)
        self.now = 0.0
        self._source = Nvml(lambda: FakeNvml([self.card]), steady=lambda: self.now)

    def sample(self, *, later: float = 0.0) -> GpuSample:
        self.now += later
        [sample] = self._source.read().gpus
        return sample

    def held(self, *, later: float = 0.0) -> dict[int, int | None] | None:
        processes = self.sample(later=later).processes
        return None if processes is None else {each.pid: each.memory_used_bytes for each in processes}


def test_each_part_tells_its_memory_and_empty_slots_are_no_error() -> None:
    machine = Machine(part(1), part(2))
    assert machine.sample().mig == (
        MigSample(uuid="MIG-1", instance=1, memory_total_bytes=10 * GIB, memory_used_bytes=GIB),
        MigSample(uuid="MIG-2", instance=2, memory_total_bytes=10 * GIB, memory_used_bytes=2 * GIB),
    )
    assert machine.sample().utilization_ratio is None
    assert machine._source.read().errors == {}


@pytest.mark.parametrize("listed", [SILENT, fakes.NVMLError_NoPermission(), [], [Process(7, None)], [Process(7, GIB)]])
def test_processes_are_those_of_the_card_and_of_its_parts(listed: object) -> None:
    machine = Machine(part(1, Process(7, GIB)), part(2, Process(8, 2 * GIB)), compute=listed)
    assert machine.held() == {7: GIB, 8: 2 * GIB}
    assert [each.active_ratio for each in machine.sample().processes or ()] == [None, None]


@pytest.mark.parametrize("nobody", [[], fakes.NVMLError_NotFound()])
def test_a_divided_card_that_tells_of_nobody_at_work_makes_nobody_idle(nobody: object) -> None:
    sample = Machine(part(1, Process(7, GIB), Process(8, GIB)), busy=nobody).sample()
    assert [each.active_ratio for each in sample.processes or ()] == [None, None]


@pytest.mark.parametrize("error", [SILENT, fakes.NVMLError_NoPermission(), fakes.NVMLError_Unknown()])
def test_where_one_part_does_not_tell_its_processes_nobody_is_known(error: Exception) -> None:
    machine = Machine(part(1, Process(7)), replace(part(2), compute=error))
    assert machine.held() is None
    assert machine.sample().up


def test_a_part_that_is_gone_is_no_lost_card_and_a_new_one_is_found() -> None:
    machine = Machine(part(1, Process(7)), part(2, Process(8)))
    machine.sample()
    gone, new = machine.card.migs.pop(1), part(3, Process(9))
    gone.memory_v2 = gone.compute = fakes.NVMLError_GpuIsLost()
    machine.card.migs[2] = new
    sample = machine.sample(later=2)
    assert (sample.up, sample.mig) == (True, ())
    assert [each.uuid for each in machine.sample(later=2).mig] == ["MIG-3"]
    machine.card.migs[5] = part(5)
    assert [each.uuid for each in machine.sample(later=SELDOM_SECONDS).mig] == ["MIG-3", "MIG-5"]


def test_a_part_without_a_name_or_number_is_left_out() -> None:
    assert Machine(replace(part(1), uuid=""), replace(part(2), told={}), part(3)).sample().mig[0].uuid == "MIG-3"


def test_a_part_that_is_told_twice_is_there_once() -> None:
    assert [each.uuid for each in Machine(part(1), part(2), part(1)).sample().mig] == ["MIG-1", "MIG-2"]


def test_a_lost_card_is_lost_with_its_parts() -> None:
    machine = Machine(part(1))
    machine.sample()
    machine.card.memory_v2 = fakes.NVMLError_GpuIsLost()
    assert (machine.sample().up, machine.sample().mig) == (False, ())


def test_without_mig_no_part_is_asked_for() -> None:
    machine = Machine(part(1))
    machine.card.told["MigMode"] = [0, 1]
    assert machine.sample().mig == ()
    assert "MaxMigDeviceCount" not in machine.card.asked
