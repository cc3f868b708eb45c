"""A machine as lines of the state file; `state.py` tells their form."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from tests.fakes.nvml_stub.state import Gpu, Machine, Memory, Mig, Process, replace_file

UNTOLD = 2**64 - 1


def write(machine: Machine, path: Path) -> None:
    """Let the drivers that read `path` say what `machine` is, from their next call on."""
    replace_file(path, "".join(f"{line}\n" for line in _machine(machine)))


def _machine(machine: Machine) -> Iterator[str]:
    yield from _faults(machine.errors, machine.hangs)
    yield f"nvmlSystemGetDriverVersion {_escaped(machine.driver_version)}"
    yield f"nvmlSystemGetNVMLVersion {_escaped(machine.nvml_version)}"
    yield f"nvmlSystemGetCudaDriverVersion {machine.cuda_version}"
    yield f"nvmlSystemGetCudaDriverVersion_v2 {machine.cuda_version}"
    for gpu in machine.gpus:
        yield from chain(_gpu(gpu), *map(_mig, gpu.mig))


def _faults(errors: Mapping[str, int], hangs: Mapping[str, float]) -> Iterator[str]:
    """Yield these first: the first line with a key counts."""
    yield from (f"{symbol} !{code}" for symbol, code in errors.items())
    yield from (f"hang {symbol} {seconds}" for symbol, seconds in hangs.items())


def _gpu(gpu: Gpu) -> Iterator[str]:
    yield f"gpu {gpu.bus_id}"
    yield from _faults(gpu.errors, gpu.hangs)
    for symbol, values in chain(gpu.more.items(), _identity(gpu), _now(gpu), _health(gpu), _indexed(gpu)):
        if values is not None:
            yield f"{symbol} {_words(values)}"
    yield from _memory(gpu.memory)
    yield from _processes(gpu.processes)
    yield from (f"ring {kind} {at} {value}" for kind, ring in gpu.ring.items() for at, value in ring)
    yield from (f"event {number} {event.type} {event.data}" for number, event in enumerate(gpu.events, 1))


Told = Iterator[tuple[str, int | Iterable[int] | None]]


def _identity(gpu: Gpu) -> Iterator[tuple[str, str | int | Iterable[int] | None]]:
    yield "nvmlDeviceGetUUID", gpu.uuid
    yield "nvmlDeviceGetName", gpu.name
    yield "nvmlDeviceGetSerial", gpu.serial
    yield "nvmlDeviceGetMinorNumber", gpu.minor
    yield "nvmlDeviceGetPciInfo_v3", gpu.pci_ids
    yield "nvmlDeviceGetCudaComputeCapability", gpu.compute_capability


def _now(gpu: Gpu) -> Told:
    yield "nvmlDeviceGetUtilizationRates", gpu.utilization
    for engine, percent in (("Encoder", gpu.encoder), ("Decoder", gpu.decoder)):
        yield f"nvmlDeviceGet{engine}Utilization", None if percent is None else (percent, 167_000)
    yield "nvmlDeviceGetTemperature.0", gpu.temperature
    yield "nvmlDeviceGetTemperatureV.0", gpu.temperature
    yield "nvmlDeviceGetMarginTemperature", None if gpu.margin is None else gpu.margin % 2**64
    yield "nvmlDeviceGetPowerUsage", gpu.power_mw
    yield "nvmlDeviceGetEnforcedPowerLimit", gpu.power_limit_mw
    yield "nvmlDeviceGetPowerManagementLimit", gpu.power_limit_mw
    yield "nvmlDeviceGetTotalEnergyConsumption", gpu.energy_mj
    yield "nvmlDeviceGetNumFans", len(gpu.fans)
    yield "nvmlDeviceGetFanSpeed", gpu.fans[0] if gpu.fans else None
    yield "nvmlDeviceGetPerformanceState", gpu.performance_state
    yield "nvmlDeviceGetCurrentClocksEventReasons", gpu.clock_reasons
    yield "nvmlDeviceGetCurrentClocksThrottleReasons", gpu.clock_reasons


def _health(gpu: Gpu) -> Told:
    yield "nvmlDeviceGetPersistenceMode", 1
    yield "nvmlDeviceGetComputeMode", 0
    yield "nvmlDeviceGetDisplayMode", 0
    yield "nvmlDeviceGetDisplayActive", 0
    yield "nvmlDeviceGetPcieReplayCounter", gpu.pcie_replays
    yield "nvmlDeviceGetEccMode", None if gpu.ecc_errors is None else (1, 1)
    yield "nvmlDeviceGetRemappedRows", gpu.remapped_rows
    yield "nvmlDeviceGetSupportedEventTypes", gpu.event_types
    yield "nvmlDeviceGetMigMode", gpu.mig_mode
    yield "nvmlDeviceGetMaxMigDeviceCount", 0 if gpu.mig_mode is None else 7
    yield "nvmlGpmQueryDeviceSupport", int(gpu.gpm is not None)


def _indexed(gpu: Gpu) -> Told:
    for fan, percent in enumerate(gpu.fans):
        yield f"nvmlDeviceGetFanSpeed_v2.{fan}", percent
    for way, rate in enumerate(gpu.pcie_kb_per_second or ()):
        yield f"nvmlDeviceGetPcieThroughput.{way}", rate
    for (kind, lifetime), count in (gpu.ecc_errors or {}).items():
        yield f"nvmlDeviceGetTotalEccErrors.{kind}.{lifetime}", count
    for symbol, mapping in (
        ("nvmlDeviceGetTemperatureThreshold", gpu.thresholds),
        ("nvmlDeviceGetClockInfo", gpu.clocks),
        ("nvmlDeviceGetMaxClockInfo", gpu.max_clocks),
        ("nvmlDeviceGetFieldValues", gpu.fields),
        ("nvmlGpmMetricsGet", gpu.gpm or {}),
    ):
        for key, value in mapping.items():
            yield f"{symbol}.{key}", value


def _memory(memory: Memory | None) -> Iterator[str]:
    if memory is not None:
        free = memory.total - memory.reserved - memory.used
        yield f"nvmlDeviceGetMemoryInfo {memory.total} {free} {memory.used + memory.reserved}"
        yield f"nvmlDeviceGetMemoryInfo_v2 {memory.total} {memory.reserved} {free} {memory.used}"
        yield f"nvmlDeviceGetBAR1MemoryInfo {2**28} {2**28 - 2**21} {2**21}"


def _processes(processes: Sequence[Process]) -> Iterator[str]:
    for one in processes:
        memory = UNTOLD if one.memory is None else one.memory
        for kind in one.kinds:
            yield f"process {kind} {one.pid} {memory} {one.gpu_instance} {one.compute_instance}"
        if one.sm is not None:
            percents = _words([one.sm, one.memory_percent, one.encoder, one.decoder, 0, 0])
            yield f"sample {one.pid} {one.sampled_us} {percents}"


def _mig(mig: Mig) -> Iterator[str]:
    yield f"mig {mig.uuid} {mig.slot}"
    yield from _faults(mig.errors, {})
    yield f"nvmlDeviceGetUUID {mig.uuid}"
    yield f"nvmlDeviceGetName {_escaped(mig.name)}"
    yield f"nvmlDeviceGetGpuInstanceId {mig.gpu_instance}"
    yield f"nvmlDeviceGetComputeInstanceId {mig.compute_instance}"
    counts = [mig.multiprocessors, mig.slices, 0, 0, 0, 0, mig.slices, mig.slices, mig.memory.total // 2**20]
    yield f"nvmlDeviceGetAttributes_v2 {_words(counts)}"
    yield from _memory(mig.memory)
    yield from (f"nvmlGpmMetricsGet.{metric} {percent}" for metric, percent in (mig.gpm or {}).items())
    yield from _processes(mig.processes)


def _words(values: str | int | Iterable[int]) -> str:
    if isinstance(values, str):
        return _escaped(values)
    return str(values) if isinstance(values, int) else " ".join(map(str, values))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
