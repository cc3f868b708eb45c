"""What a card tells beside its use: each fact in our unit; what it does not support is asked once, and nothing is made up."""

from collections import Counter

import pytest
from shiva_exporters.gpu.card import SELDOM_SECONDS
from shiva_exporters.gpu.facts import ABOUT
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import Fact, GpuReadError, GpuSample, Identity, Reading

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Card, FakeNvml

SILENT = fakes.NVMLError_NotSupported("not supported")
SEEN = {
    "TemperatureV.0": 29, "TemperatureThreshold.1": 96, "MarginTemperature": -2, "EncoderUtilization": [5, 167000],
    "DecoderUtilization": [6, 167000], "PowerUsage": 151234, "EnforcedPowerLimit": 180000, "TotalEnergyConsumption": 123456789,
    "ClockInfo.0": 139, "ClockInfo.1": 140, "ClockInfo.2": 405, "ClockInfo.3": 544, "PerformanceState": 8,
    "ClocksEventReasons": 0x48, "NumFans": 2, "FanSpeed_v2.0": 55, "FanSpeed_v2.1": 104, "PcieReplayCounter": 2,
    "TotalEccErrors.0.0": 1, "TotalEccErrors.0.1": 2, "TotalEccErrors.1.0": 3, "TotalEccErrors.1.1": 4,
    "RemappedRows": (5, 6, 1, 0), "FieldValues.82": (0, 1, {"uiVal": 36}), "FieldValues.197": (0, 3, {"ullVal": 9}),
    "FieldValues.198": (0, 2, {"ulVal": 4}), "FieldValues.230": (0, 1, {"uiVal": 2}),
}  # fmt: skip
TOLD: dict[Fact, float] = {
    ("shiva_gpu_memory_bandwidth_utilization_ratio",): 0.4, ("shiva_gpu_encoder_utilization_ratio",): 0.05,
    ("shiva_gpu_decoder_utilization_ratio",): 0.06, ("shiva_gpu_memory_reserved_bytes",): 2**29,
    ("shiva_gpu_memory_free_bytes",): 7 * 2**30, ("shiva_gpu_memory_temperature_celsius",): 36,
    ("shiva_gpu_temperature_slowdown_celsius",): 96, ("shiva_gpu_temperature_margin_celsius",): -2,
    ("shiva_gpu_power_watts",): 151.234, ("shiva_gpu_power_limit_watts",): 180, ("shiva_gpu_energy_joules_total",): 123456.789,
    ("shiva_gpu_fan_speed_ratio", "0"): 0.55, ("shiva_gpu_fan_speed_ratio", "1"): 1.04,
    ("shiva_gpu_clock_hertz", "graphics"): 139e6, ("shiva_gpu_clock_hertz", "sm"): 140e6,
    ("shiva_gpu_clock_hertz", "memory"): 405e6, ("shiva_gpu_clock_hertz", "video"): 544e6,
    ("shiva_gpu_performance_state",): 8, ("shiva_gpu_throttle_active", "gpu_idle"): 0,
    ("shiva_gpu_throttle_active", "application_clocks"): 0, ("shiva_gpu_throttle_active", "sw_power_cap"): 0,
    ("shiva_gpu_throttle_active", "hw_slowdown"): 1, ("shiva_gpu_throttle_active", "sync_boost"): 0,
    ("shiva_gpu_throttle_active", "sw_thermal"): 0, ("shiva_gpu_throttle_active", "hw_thermal"): 1,
    ("shiva_gpu_throttle_active", "hw_power_brake"): 0, ("shiva_gpu_throttle_active", "display_clock"): 0,
    ("shiva_gpu_pcie_transmit_bytes_total",): 9, ("shiva_gpu_pcie_receive_bytes_total",): 4,
    ("shiva_gpu_pcie_replays_total",): 2, ("shiva_gpu_ecc_errors_total", "corrected", "volatile"): 1,
    ("shiva_gpu_ecc_errors_total", "corrected", "aggregate"): 2, ("shiva_gpu_ecc_errors_total", "uncorrected", "volatile"): 3,
    ("shiva_gpu_ecc_errors_total", "uncorrected", "aggregate"): 4, ("shiva_gpu_remapped_rows", "corrected"): 5,
    ("shiva_gpu_remapped_rows", "uncorrected"): 6, ("shiva_gpu_row_remap_pending",): 1,
    ("shiva_gpu_row_remap_failure",): 0, ("shiva_gpu_recovery_action",): 2,
}  # fmt: skip

OF_TWO_ROUNDS = {"shiva_gpu_sm_utilization_ratio", "shiva_gpu_tensor_utilization_ratio"}


class Machine:
    """One card and a clock."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.driver = FakeNvml([card])
        self.now = 0.0
        self._source = Nvml(lambda: self.driver, steady=lambda: self.now)

    def reading(self, *, later: float = 0.0) -> Reading:
        self.now += later
        return self._source.read()

    def sample(self, *, later: float = 0.0) -> GpuSample:
        [sample] = self.reading(later=later).gpus
        return sample

    def asked(self, *, later: float = 0.0) -> Counter[str]:
        """Return what the card is asked in one round."""
        self.card.asked.clear()
        self.sample(later=later)
        return Counter(self.card.asked)


def test_a_card_that_tells_everything_tells_it_in_our_units() -> None:
    sample = Machine(Card(told=SEEN)).sample()
    assert sample.facts == TOLD
    assert {fact[0] for fact in TOLD} == set(ABOUT) - OF_TWO_ROUNDS
    assert sample.temperature_celsius == 29


def test_a_card_that_tells_nothing_has_no_fact() -> None:
    sample = Machine(Card(memory_v2=SILENT, memory=SILENT, utilization=SILENT)).sample()
    assert (sample.facts, sample.identity, sample.mig) == ({}, Identity(), ())


@pytest.mark.parametrize("missing", SEEN)
def test_what_one_call_does_not_tell_costs_that_only(missing: str) -> None:
    lacking = {key: value for key, value in SEEN.items() if key != missing}
    facts = Machine(Card(told=lacking)).sample().facts
    assert facts.items() <= TOLD.items()
    assert len(TOLD) - len(facts) == {
        "TemperatureV.0": 0,
        "NumFans": 2,
        "RemappedRows": 4,
        "ClocksEventReasons": 9,
    }.get(missing, 1)


def test_what_is_not_supported_is_asked_once_until_the_driver_is_started_anew() -> None:
    machine = Machine(Card())
    first = machine.asked()
    assert {"PowerUsage", "FieldValues.82", "TemperatureV.0", "RemappedRows", "TotalEccErrors.1.1"} <= first.keys()
    assert set(first.values()) == {1}
    assert machine.asked(later=2 * SELDOM_SECONDS) == {}
    machine.driver.count = fakes.NVMLError_Unknown()
    with pytest.raises(GpuReadError):
        machine.reading()
    machine.driver.count = None
    assert machine.asked() == first


@pytest.mark.parametrize(
    "error",
    [SILENT, fakes.NVMLError_FunctionNotFound(), fakes.NVMLError_InvalidArgument(), fakes.NVMLError_Deprecated()],
)
def test_all_four_ways_to_support_nothing_are_remembered_and_no_error(error: Exception) -> None:
    machine = Machine(Card(told={"PowerUsage": error}))
    assert machine.reading().errors == {}
    assert "PowerUsage" not in machine.asked()


def test_a_call_that_fails_is_counted_and_asked_again() -> None:
    machine = Machine(Card(told={"PowerUsage": fakes.NVMLError_Unknown()}, temperature=ValueError("garbage")))
    machine.reading()
    assert machine.asked()["PowerUsage"] == 1
    errors = machine.reading().errors
    assert errors == {("nvmlDeviceGetPowerUsage", "999"): 3, ("nvmlDeviceGetTemperature", "other"): 3}
    machine.card.told["PowerUsage"] = 7800
    machine.driver.count = fakes.NVMLError_Unknown()
    with pytest.raises(GpuReadError):
        machine.reading()
    machine.driver.count = None
    reading = machine.reading()
    assert reading.gpus[0].facts["shiva_gpu_power_watts",] == 7.8
    assert reading.errors["nvmlDeviceGetPowerUsage", "999"] == 3  # counting goes on through a new start
    assert reading.errors["nvmlDeviceGetCount", "999"] == 1


def test_what_changes_slowly_is_asked_once_a_minute_and_shown_meanwhile() -> None:
    machine = Machine(Card(told=SEEN | {"MinorNumber": 3}))
    often = machine.asked(later=0) and machine.asked(later=2)
    assert {"PowerUsage", "ClockInfo.1", "ClocksEventReasons", "FieldValues.82"} <= often.keys()
    slow = {
        "EnforcedPowerLimit",
        "NumFans",
        "FanSpeed_v2.0",
        "RemappedRows",
        "TotalEccErrors.1.0",
        "FieldValues.230",
        "MinorNumber",
    }
    assert not slow & often.keys()
    machine.card.told["RemappedRows"] = (5, 6, 1, 1)
    before, after = machine.sample(later=2), machine.sample(later=SELDOM_SECONDS)
    assert (before.facts["shiva_gpu_row_remap_failure",], after.facts["shiva_gpu_row_remap_failure",]) == (0, 1)
    assert slow <= machine.asked(later=SELDOM_SECONDS).keys()


def test_a_new_mig_mode_makes_what_was_not_supported_worth_asking() -> None:
    machine = Machine(Card(utilization=SILENT, told={"MigMode": [1, 1], "MaxMigDeviceCount": 0}))
    assert machine.sample().utilization_ratio is None
    machine.card.utilization, machine.card.told["MigMode"] = Amount(gpu=50), [0, 0]
    assert machine.sample(later=2).utilization_ratio is None
    assert machine.sample(later=SELDOM_SECONDS).utilization_ratio == 0.5


@pytest.mark.parametrize(
    ("told", "identity"),
    [
        ({"PciInfo": b"00000000:01:00.0", "MinorNumber": 0}, Identity(pci_bus_id="00000000:01:00.0", minor="0")),
        ({"CudaComputeCapability": (6, 1), "MigMode": [0, 1]}, Identity(compute_capability="6.1", mig_mode="disabled")),
        ({"PciInfo": b"\xff", "MigMode": [7, 7]}, Identity(pci_bus_id="�")),
    ],
)
def test_an_identity_is_what_the_card_tells(told: dict[str, object], identity: Identity) -> None:
    machine = Machine(Card(told=told))
    assert machine.sample().identity == identity
    machine.card.handle = fakes.NVMLError_GpuIsLost()
    assert machine.sample() == GpuSample(
        index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=False, identity=identity
    )


def test_an_old_driver_is_asked_in_the_old_way() -> None:
    old = SEEN | {"ClocksEventReasons": fakes.NVMLError_FunctionNotFound(), "ClocksThrottleReasons": 0x80}
    facts = Machine(Card(told=old)).sample().facts
    assert facts["shiva_gpu_throttle_active", "hw_power_brake"] == 1
    assert facts["shiva_gpu_throttle_active", "hw_thermal"] == 0


ABSURD = {
    "PowerUsage": 2**32 - 1, "TotalEnergyConsumption": -1, "ClockInfo.1": 2**31, "MarginTemperature": 2**31,
    "TemperatureThreshold.1": 2**32 - 2, "FanSpeed_v2.0": 2**32 - 1, "PerformanceState": 32, "ClocksEventReasons": 2**63,
    "RemappedRows": (2**32 - 1, 2**32 - 1, 7, 7), "TotalEccErrors.1.0": 2**64 - 1, "PcieReplayCounter": -1,
    "EncoderUtilization": [101, 0], "FieldValues.82": (0, 0, {"dVal": float("nan")}), "FieldValues.197": (0, 99, {}),
    "FieldValues.230": (0, 5, {"siVal": -1}), "EnforcedPowerLimit": 2**31,
}  # fmt: skip


def test_what_cannot_be_was_not_told() -> None:
    facts = Machine(Card(told={"NumFans": 2**32 - 1, **ABSURD})).sample().facts
    assert {fact for fact in facts if "memory" not in fact[0]} == set()


def test_of_countless_fans_some_are_asked() -> None:
    machine = Machine(Card(told={"NumFans": 2**32 - 1, "FanSpeed_v2.15": 50, "FanSpeed_v2.16": 50}))
    assert [fact for fact in machine.sample().facts if "fan" in fact[0]] == [("shiva_gpu_fan_speed_ratio", "15")]


@pytest.mark.parametrize(("number", "version"), [(12040, "12.4"), (13000, "13.0"), (fakes.NVMLError_Unknown(), "")])
def test_the_newest_cuda_is_told_as_people_say_it(number: object, version: str) -> None:
    machine = Machine(Card())
    machine.driver.cuda = number
    assert machine.reading().cuda_version == version
