"""The performance monitor: between two rounds, of a card or of each MIG device; and whose work that is."""

from dataclasses import replace

import pytest
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import GpuReadError, GpuSample

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Card, FakeNvml, Process

SILENT = fakes.NVMLError_NotSupported("not supported")
HAS = {"GpmSupport": 1}
WORKS = (0, 25.0)


class Machine:
    """One card and a clock."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.driver = FakeNvml([card])
        self.now = 0.0
        self._source = Nvml(lambda: self.driver, steady=lambda: self.now)

    def sample(self, *, later: float = 2.0) -> GpuSample:
        self.now += later
        [sample] = self._source.read().gpus
        return sample

    def ratios(self, *, later: float = 2.0) -> tuple[float | None, float | None]:
        """Return what multiprocessors and tensor cores did."""
        facts = self.sample(later=later).facts
        return facts.get(("shiva_gpu_sm_utilization_ratio",)), facts.get(("shiva_gpu_tensor_utilization_ratio",))

    def fails(self) -> None:
        self.driver.count = fakes.NVMLError_Unknown()
        with pytest.raises(GpuReadError):
            self._source.read()
        self.driver.count = None


def test_the_second_round_tells_what_was_done_since_the_first() -> None:
    machine = Machine(Card(told=HAS | {"Gpm": {2: WORKS, 5: (0, 12.5)}}))
    assert machine.ratios() == (None, None)
    assert machine.ratios() == (0.25, 0.125)
    machine.card.told["Gpm"] = {2: (0, 0.0), 5: (3, 0.0)}
    assert machine.ratios() == (0.0, None)


def test_within_a_second_the_last_answer_stands() -> None:
    machine = Machine(Card(told=HAS | {"Gpm": {2: WORKS}}))
    machine.sample()
    machine.sample()
    machine.card.told["Gpm"] = {2: (0, 75.0)}
    assert machine.ratios(later=0.5) == (0.25, None)
    assert machine.ratios(later=0.5) == (0.75, None)


@pytest.mark.parametrize("told", [{}, {"GpmSupport": 0, "Gpm": {2: WORKS}}])
def test_a_card_without_one_is_asked_once(told: dict[str, object]) -> None:
    machine = Machine(Card(told=told))
    assert [machine.ratios() for _ in range(3)] == [(None, None)] * 3
    assert machine.card.asked.count("GpmSupport") == 1
    assert machine.driver.gpm_samples == 0


def test_after_a_look_that_failed_two_new_ones_are_needed() -> None:
    machine = Machine(Card(told=HAS | {"Gpm": {2: WORKS}}))
    machine.sample()
    machine.card.told["Gpm"] = fakes.NVMLError_Unknown()
    assert machine.ratios() == (None, None)
    machine.card.told["Gpm"] = {2: WORKS}
    assert [machine.ratios(), machine.ratios()] == [(None, None), (0.25, None)]


@pytest.mark.parametrize("value", [101.0, -1.0, float("nan")])
def test_what_cannot_be_was_not_told(value: float) -> None:
    machine = Machine(Card(told=HAS | {"Gpm": {2: (0, value), 5: WORKS}}))
    machine.sample()
    assert machine.ratios() == (None, 0.25)


def test_what_the_driver_holds_for_us_is_given_back() -> None:
    machine = Machine(Card(told=HAS | {"Gpm": {2: WORKS}}))
    machine.sample()
    assert machine.driver.gpm_samples == 2
    machine.fails()
    assert machine.driver.gpm_samples == 0
    machine.sample()
    assert machine.ratios() == (0.25, None)


def divided(percent: float, *pids: int) -> Machine:
    """Return a card whose MIG device has these processes and works so much; a second one rests."""
    part = Card(uuid="MIG-1", compute=[Process(pid) for pid in pids], told={"GpuInstanceId": 3})
    other = Card(uuid="MIG-2", compute=[Process(90), Process(91)], told={"GpuInstanceId": 5})
    told = HAS | {"MigMode": [1, 1], "MaxMigDeviceCount": 7, "Gpm.3": {2: (0, percent)}, "Gpm.5": {2: (0, 0.0)}}
    return Machine(
        Card(
            memory_v2=Amount(total=2**36, used=2**30),
            utilization=SILENT,
            busy=SILENT,
            told=told,
            migs={0: part, 4: other},
        )
    )


@pytest.mark.parametrize(
    ("percent", "pids", "shares"),
    [
        (25.0, [7], {7: 0.25}),
        (25.0, [7, 8], {7: None, 8: None}),
        (0.0, [7, 8], {7: 0.0, 8: 0.0}),
        (101.0, [7], {7: None}),
    ],
)
def test_a_mig_devices_work_is_its_processes(percent: float, pids: list[int], shares: dict[int, float | None]) -> None:
    machine = divided(percent, *pids)
    first = machine.sample()
    assert {each.active_ratio for each in first.processes or ()} == {None}
    sample = machine.sample()
    assert {each.pid: each.active_ratio for each in sample.processes or ()} == shares | {90: 0.0, 91: 0.0}
    assert [each.sm_utilization_ratio for each in sample.mig] == [
        shares.get(7) if percent == 101 else percent / 100,
        0.0,
    ]
    assert machine.ratios() == (None, None)


def test_a_new_device_with_an_old_number_is_asked_for_its_work() -> None:
    machine = divided(25.0, 7)
    machine.sample()
    machine.sample()
    [gone, *_] = machine.card.migs.values()
    new = replace(gone, uuid="MIG-9", compute=[Process(8)])
    gone.memory_v2 = fakes.NVMLError_GpuIsLost()
    works, machine.card.told["Gpm.3"] = machine.card.told["Gpm.3"], fakes.NVMLError_InvalidArgument()
    machine.card.migs[0] = new
    assert machine.sample().mig == ()
    machine.card.told["Gpm.3"] = works
    machine.sample()
    sample = machine.sample()
    assert [(each.uuid, each.sm_utilization_ratio) for each in sample.mig] == [("MIG-9", 0.25), ("MIG-2", 0.0)]
    assert {each.pid: each.active_ratio for each in sample.processes or ()} == {8: 0.25, 90: 0.0, 91: 0.0}
    assert machine.driver.gpm_samples == 4
