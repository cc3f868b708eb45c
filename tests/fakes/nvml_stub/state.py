"""What the stub's driver says, and the file that tells it.

A line is `KEY VALUE…`, the key being the symbol that answers with it; `.N` after a symbol is its argument (a sensor, a clock, a field).
No line means NOT_SUPPORTED, and `KEY !N` the error N; `*` is every symbol. `gpu BUS_ID` and `mig UUID SLOT` begin a card and a MIG
device of it; what stands before is the driver's. `hang SYMBOL SECONDS`, `process`, `sample`, `ring`, `event`: see `lines.py`.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY = "*"
NO_INSTANCE = 0xFFFFFFFF

NOT_SUPPORTED = 3
NO_PERMISSION = 4
DRIVER_NOT_LOADED = 9
FUNCTION_NOT_FOUND = 13
GPU_IS_LOST = 15
VERSION_MISMATCH = 18
UNKNOWN = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process on a card, as the driver lists it."""

    pid: int
    memory: int | None  # bytes; None: the driver does not tell
    kinds: str = "C"  # any of C (compute), G (graphics), M (MPS client): it is in each such list
    sm: int | None = None  # percent; None: no utilisation sample, as of a process that only holds memory
    memory_percent: int = 0
    encoder: int = 0
    decoder: int = 0
    sampled_us: int = 0  # microseconds since 1970; 0 is the moment of each question
    gpu_instance: int = NO_INSTANCE
    compute_instance: int = NO_INSTANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes. `used` is without `reserved`, as the second version of the question tells it."""

    total: int
    reserved: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mig:
    """One MIG device of a card."""

    uuid: str
    name: str
    slot: int
    gpu_instance: int
    compute_instance: int
    memory: Memory
    slices: int  # of the card's seven
    multiprocessors: int
    processes: Sequence[Process] = ()
    gpm: Mapping[int, int] | None = None  # percent by metric; 2 is SM utilisation
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to a card; type 8 is an XID. It is told to who waits when it is added to the state."""

    data: int
    type: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One card. None and what a mapping lacks: the card does not tell (NOT_SUPPORTED)."""

    bus_id: str  # domain:bus:device.function; the card's identity
    uuid: str
    name: str
    minor: int = 0
    serial: str | None = None
    pci_ids: tuple[int, int] = (0x1B8010DE, 0)  # device, subsystem
    compute_capability: tuple[int, int] = (6, 1)
    utilization: tuple[int, int] | None = (0, 0)  # percent: card, memory
    encoder: int | None = 0  # percent
    decoder: int | None = 0
    memory: Memory | None = None
    temperature: int | None = None  # °C
    thresholds: Mapping[int, int] = field(default_factory=dict)  # °C by threshold; 0 shutdown, 1 slowdown
    margin: int | None = None  # °C
    power_mw: int | None = None
    power_limit_mw: int | None = None
    energy_mj: int | None = None
    fans: Sequence[int] = ()  # percent
    clocks: Mapping[int, int] = field(default_factory=dict)  # MHz by clock: graphics, sm, memory, video
    max_clocks: Mapping[int, int] = field(default_factory=dict)
    clock_reasons: int | None = 0  # bits
    performance_state: int | None = 0
    pcie_kb_per_second: tuple[int, int] | None = (0, 0)  # sent, received
    pcie_replays: int | None = 0
    ecc_errors: Mapping[tuple[int, int], int] | None = None  # by (type, lifetime); None: no ECC
    remapped_rows: tuple[int, int, int, int] | None = None  # corrected, uncorrected, pending, failure
    fields: Mapping[int, tuple[int, int]] = field(default_factory=dict)  # (type, value) by field
    ring: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)  # (µs since 1970, value) by kind
    gpm: Mapping[int, int] | None = None  # percent by metric; None: no performance monitor
    mig_mode: tuple[int, int] | None = None  # now, after the next reset; None: it has no MIG
    mig: Sequence[Mig] = ()
    processes: Sequence[Process] = ()
    event_types: int | None = 8  # bits; None: registering is refused
    events: Sequence[Event] = ()  # only grows
    errors: Mapping[str, int] = field(default_factory=dict)  # by symbol, or EVERY
    hangs: Mapping[str, float] = field(default_factory=dict)  # seconds by symbol, or EVERY
    more: Mapping[str, str] = field(default_factory=dict)  # what a symbol answers instead, or beside all this


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The driver and its cards, in the order of its list."""

    gpus: Sequence[Gpu] = ()
    driver_version: str = "580.65.06"
    nvml_version: str = "13.580.65"
    cuda_version: int = 13000
    errors: Mapping[str, int] = field(default_factory=dict)
    hangs: Mapping[str, float] = field(default_factory=dict)  # a hang ends early when the state says so


LOST: Mapping[str, int] = {EVERY: GPU_IS_LOST}
GONE: Mapping[str, int] = {EVERY: DRIVER_NOT_LOADED}
MISMATCHED: Mapping[str, int] = {EVERY: VERSION_MISMATCH}
# a driver before 510: what it lacks
OLD: Mapping[str, int] = dict.fromkeys(
    [
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetGraphicsRunningProcesses_v3",
        "nvmlDeviceGetMPSComputeRunningProcesses_v3",
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetMarginTemperature",
        "nvmlDeviceGetProcessesUtilizationInfo",
        "nvmlDeviceGetCurrentClocksEventReasons",
    ],
    FUNCTION_NOT_FOUND,
)


def replace_file(path: Path, text: str) -> None:
    """Write `text` so that a reader sees the old file or the new one."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    os.replace(new, path)


def calls(path: Path) -> Counter[str]:
    """Return how often each symbol was called; `path` is the file of NVML_STUB_CALLS."""
    return Counter(line.split()[1] for line in path.read_text(encoding="utf-8").splitlines())
