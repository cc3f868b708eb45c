"""What a card tells beside its use: which call says it, and what can be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shiva_exporters.gpu.asking import Questions, within
from shiva_exporters.gpu.memory import MAX_CARD_BYTES
from shiva_exporters.gpu.source import Fact

MAX_COUNT = 1 << 62
MAX_FANS = 16
COLDEST, HOTTEST = -100, 250
MEMORY_TEMPERATURE, TRANSMITTED, RECEIVED, RECOVERY = 82, 197, 198, 230  # NVML's fields
SLOWDOWN = 1  # its temperature threshold
CLOCKS = ("graphics", "sm", "memory", "video")
REASONS = {
    1: "gpu_idle",
    2: "application_clocks",
    4: "sw_power_cap",
    8: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal",
    0x40: "hw_thermal",
    0x80: "hw_power_brake",
    0x100: "display_clock",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One metric: its text, its own labels, and the values that can be."""

    text: str
    low: float = 0
    high: float
    labels: Sequence[str] = ()
    counter: bool = False


ABOUT = {
    "shiva_gpu_memory_bandwidth_utilization_ratio": About(
        text="Share of time in which memory was read or written.", high=1
    ),
    "shiva_gpu_encoder_utilization_ratio": About(text="Share of time in which video was encoded.", high=1),
    "shiva_gpu_decoder_utilization_ratio": About(text="Share of time in which video was decoded.", high=1),
    "shiva_gpu_sm_utilization_ratio": About(text="Share of the multiprocessors' time with work.", high=1),
    "shiva_gpu_tensor_utilization_ratio": About(text="Share of the tensor cores' time with work.", high=1),
    "shiva_gpu_memory_reserved_bytes": About(text="Memory that the driver keeps for itself.", high=MAX_CARD_BYTES),
    "shiva_gpu_memory_free_bytes": About(text="Memory that nobody uses.", high=MAX_CARD_BYTES),
    "shiva_gpu_memory_temperature_celsius": About(text="Temperature of the memory.", low=COLDEST, high=HOTTEST),
    "shiva_gpu_temperature_slowdown_celsius": About(text="Temperature of the chip at which it slows down.", low=COLDEST, high=HOTTEST),
    "shiva_gpu_temperature_margin_celsius": About(
        text="How much warmer the chip may become until it slows down.", low=-250, high=250
    ),
    "shiva_gpu_power_watts": About(text="Power that the card draws.", high=10_000),
    "shiva_gpu_power_limit_watts": About(text="Power that it may draw.", high=10_000),
    "shiva_gpu_energy_joules_total": About(
        text="Energy since the driver was loaded.", high=MAX_COUNT, counter=True
    ),
    "shiva_gpu_fan_speed_ratio": About(text="Speed that a fan should have, above 1 too.", high=4, labels=["fan"]),
    "shiva_gpu_clock_hertz": About(text="Frequency of a clock.", high=1e11, labels=["clock"]),
    "shiva_gpu_performance_state": About(text="Performance state, 0 is the fastest.", high=15),
    "shiva_gpu_throttle_active": About(text="1 if the clocks are held down for this reason.", high=1, labels=["reason"]),
    "shiva_gpu_pcie_transmit_bytes_total": About(text="Bytes sent by PCIe.", high=MAX_COUNT, counter=True),
    "shiva_gpu_pcie_receive_bytes_total": About(text="Bytes received by PCIe.", high=MAX_COUNT, counter=True),
    "shiva_gpu_pcie_replays_total": About(text="PCIe transfers that were repeated.", high=1 << 32, counter=True),
    "shiva_gpu_ecc_errors_total": About(
        text="Errors of the card's memories.", high=MAX_COUNT, labels=["type", "lifetime"], counter=True
    ),
    "shiva_gpu_remapped_rows": About(text="Memory rows that spare ones replace.", high=1 << 20, labels=["kind"]),
    "shiva_gpu_row_remap_pending": About(text="1 if a row waits for the next reset to be replaced.", high=1),
    "shiva_gpu_row_remap_failure": About(text="1 if a row could not be replaced.", high=1),
    "shiva_gpu_recovery_action": About(text="What the driver asks for: 0 nothing, 1 reset, 2 reboot.", high=15),
}  # fmt: skip

Told = Iterator[tuple[Fact, float | None]]


def possible(told: Iterable[tuple[Fact, float | None]]) -> dict[Fact, float]:
    """Keep what was told and can be."""
    kept = ((fact, within(value, ABOUT[fact[0]].low, ABOUT[fact[0]].high)) for fact, value in told)
    return {fact: value for fact, value in kept if value is not None}


def _scaled(value: float | None, *, times: float = 1, per: float = 1) -> float | None:
    return None if value is None else value * times / per


def often(card: Questions) -> Told:
    """Yield what changes at any moment."""
    encoder, decoder = card.ask("nvmlDeviceGetEncoderUtilization"), card.ask("nvmlDeviceGetDecoderUtilization")
    yield ("shiva_gpu_encoder_utilization_ratio",), _scaled(encoder and encoder[0], per=100)
    yield ("shiva_gpu_decoder_utilization_ratio",), _scaled(decoder and decoder[0], per=100)
    yield ("shiva_gpu_memory_temperature_celsius",), card.field(MEMORY_TEMPERATURE)
    yield ("shiva_gpu_temperature_margin_celsius",), card.ask("nvmlDeviceGetMarginTemperature")
    yield ("shiva_gpu_power_watts",), _scaled(card.ask("nvmlDeviceGetPowerUsage"), per=1000)
    yield ("shiva_gpu_energy_joules_total",), _scaled(card.ask("nvmlDeviceGetTotalEnergyConsumption"), per=1000)
    for number, clock in enumerate(CLOCKS):
        yield ("shiva_gpu_clock_hertz", clock), _scaled(card.ask("nvmlDeviceGetClockInfo", number), times=1e6)
    yield ("shiva_gpu_performance_state",), card.ask("nvmlDeviceGetPerformanceState")
    reasons = within(
        card.newest("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"), 0, 0xFFFF
    )
    for bit, reason in REASONS.items():
        yield ("shiva_gpu_throttle_active", reason), None if reasons is None else float(bool(reasons & bit))
    yield ("shiva_gpu_pcie_transmit_bytes_total",), card.field(TRANSMITTED)
    yield ("shiva_gpu_pcie_receive_bytes_total",), card.field(RECEIVED)


def seldom(card: Questions) -> Told:
    """Yield what changes slowly, or takes the driver long."""
    yield ("shiva_gpu_temperature_slowdown_celsius",), card.ask("nvmlDeviceGetTemperatureThreshold", SLOWDOWN)
    yield ("shiva_gpu_power_limit_watts",), _scaled(card.ask("nvmlDeviceGetEnforcedPowerLimit"), per=1000)
    for fan in range(min(card.ask("nvmlDeviceGetNumFans") or 0, MAX_FANS)):
        yield ("shiva_gpu_fan_speed_ratio", str(fan)), _scaled(card.ask("nvmlDeviceGetFanSpeed_v2", fan), per=100)
    yield ("shiva_gpu_pcie_replays_total",), card.ask("nvmlDeviceGetPcieReplayCounter")
    for kind, name in enumerate(("corrected", "uncorrected")):
        for lifetime, lasts in enumerate(("volatile", "aggregate")):
            yield ("shiva_gpu_ecc_errors_total", name, lasts), card.ask("nvmlDeviceGetTotalEccErrors", kind, lifetime)
    corrected, uncorrected, pending, failure = card.ask("nvmlDeviceGetRemappedRows") or [None] * 4
    yield ("shiva_gpu_remapped_rows", "corrected"), corrected
    yield ("shiva_gpu_remapped_rows", "uncorrected"), uncorrected
    yield ("shiva_gpu_row_remap_pending",), pending
    yield ("shiva_gpu_row_remap_failure",), failure
    yield ("shiva_gpu_recovery_action",), card.field(RECOVERY)
