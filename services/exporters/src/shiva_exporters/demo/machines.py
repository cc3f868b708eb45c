"""What a simulated machine shows at a moment: smooth, plausible, and a pure function of its name and the time."""

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.containers.cgroups import Use
from shiva_exporters.containers.watching import Uses
from shiva_exporters.gpu.source import Fact, GpuProcess, GpuSample, Kind, Owner, Reading

BOOTED_SECONDS_AGO = 6 * 86400
DISK_BYTES = 500 * 10**9
POWER_LIMIT_WATTS = 250
FIRST_PID = 4000
CONTAINER_BYTES = 4 * 2**30
DRIVER_BYTES = 60 * 2**20  # that no process holds


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedGpu:
    """A card that is used by a simulated person, or not."""

    uuid: str
    index: int
    model: str
    memory_bytes: int
    launch_id: str | None  # of the simulated container that works on it

    @property
    def busy(self) -> bool:
        """Whether somebody works on it."""
        return self.launch_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMachine:
    """A machine with its cards."""

    name: str
    cpus: int
    memory_bytes: int
    gpus: Sequence[SimulatedGpu]


def wave(seed: str, at: float, *, period: float, low: float, high: float) -> float:
    """Return a value between `low` and `high` that swings with `period` seconds and a slower overtone."""
    phase = zlib.crc32(seed.encode()) / 2**32 * math.tau
    swing = 0.7 * math.sin(math.tau * at / period + phase) + 0.3 * math.sin(math.tau * at / (period * 4.7) + 2 * phase)
    return low + (high - low) * (swing + 1) / 2


def wave_sum(seed: str, at: float, *, period: float, low: float, high: float) -> float:
    """Return the integral of `wave` from 0 to `at`, so that a counter's rate is the wave itself."""
    phase = zlib.crc32(seed.encode()) / 2**32 * math.tau
    total = (low + high) / 2 * at
    for weight, factor, shift in ((0.7, 1.0, phase), (0.3, 4.7, 2 * phase)):
        speed = math.tau / (period * factor)
        total += (high - low) / 2 * weight * (math.cos(shift) - math.cos(speed * at + shift)) / speed
    return total


def gpus(machine: SimulatedMachine, at: float) -> Reading:
    """Return what the driver of `machine` would say at `at` (seconds since 1970)."""
    samples: list[GpuSample] = []
    owners: dict[int, Owner] = {}
    for gpu in machine.gpus:
        busy = wave(gpu.uuid, at, period=90, low=0.55, high=0.98)
        idle = wave(gpu.uuid, at, period=60, low=0.0, high=0.02)
        used = int(gpu.memory_bytes * (wave(gpu.uuid + "m", at, period=400, low=0.6, high=0.85) if gpu.busy else 0.01))
        ratio = round(busy if gpu.busy else idle, 2)
        process = GpuProcess(pid=FIRST_PID + gpu.index, memory_used_bytes=used - DRIVER_BYTES, active_ratio=ratio)
        owners[process.pid] = Owner(kind=Kind.CONTAINER, launch_id=gpu.launch_id)
        samples.append(
            GpuSample(
                index=gpu.index,
                uuid=gpu.uuid,
                model=gpu.model,
                up=True,
                memory_total_bytes=gpu.memory_bytes,
                memory_used_bytes=used,
                utilization_ratio=ratio,
                temperature_celsius=round(
                    wave(gpu.uuid + "t", at, period=120, low=33, high=39) + (34 if gpu.busy else 0)
                ),
                facts=_facts(gpu.memory_bytes - used, ratio),
                processes=[process] if gpu.busy else [],
            )
        )
    return Reading(driver_version="simulated", gpus=samples, owners=owners)


def uses(machine: SimulatedMachine, at: float) -> Uses:
    """Return what the simulated containers of `machine` use at `at` (seconds since 1970)."""
    since = at - (at // BOOTED_SECONDS_AGO) * BOOTED_SECONDS_AGO
    return {
        launch: Use(
            memory_used_bytes=int(wave(launch + "m", at, period=500, low=0.2, high=0.7) * CONTAINER_BYTES),
            cpu_seconds=wave_sum(launch, since, period=110, low=0.1, high=1.8),
        )
        for launch in {gpu.launch_id for gpu in machine.gpus if gpu.launch_id is not None}
    }


def _facts(free: int, ratio: float) -> dict[Fact, float]:
    """Return what follows from how much a card does."""
    return {
        ("shiva_gpu_memory_free_bytes",): free,
        ("shiva_gpu_memory_bandwidth_utilization_ratio",): round(ratio / 2, 2),
        ("shiva_gpu_power_watts",): round(30 + (POWER_LIMIT_WATTS - 30) * ratio, 1),
        ("shiva_gpu_power_limit_watts",): POWER_LIMIT_WATTS,
        ("shiva_gpu_clock_hertz", "sm"): round(300 + 1600 * ratio) * 1e6,
        ("shiva_gpu_temperature_slowdown_celsius",): 96,
        ("shiva_gpu_fan_speed_ratio", "0"): round(0.27 + 0.5 * ratio, 2),
        ("shiva_gpu_throttle_active", "hw_thermal"): 0,
    }


def node(machine: SimulatedMachine, at: float) -> Iterator[Metric]:
    """Yield what node_exporter on `machine` would say, under its own names, as far as Shiva reads them."""
    since = at - (at // BOOTED_SECONDS_AGO) * BOOTED_SECONDS_AGO
    cpu = CounterMetricFamily("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.", labels=["cpu", "mode"])
    for number in range(machine.cpus):
        used = wave_sum(f"{machine.name}{number}", since, period=80, low=0.05, high=0.7)
        cpu.add_metric([str(number), "user"], used)
        cpu.add_metric([str(number), "idle"], since - used)
    yield cpu
    free = 1 - wave(machine.name + "mem", at, period=300, low=0.25, high=0.6)
    yield GaugeMetricFamily("node_memory_MemTotal_bytes", "Memory.", value=machine.memory_bytes)
    yield GaugeMetricFamily("node_memory_MemAvailable_bytes", "Memory left.", value=int(machine.memory_bytes * free))
    left = 1 - wave(machine.name + "disk", at, period=3000, low=0.35, high=0.5)
    for name, value in (("size", DISK_BYTES), ("avail", int(DISK_BYTES * left))):
        disk = GaugeMetricFamily(f"node_filesystem_{name}_bytes", "Disk.", labels=["device", "fstype", "mountpoint"])
        disk.add_metric(["/dev/nvme0n1p1", "ext4", "/"], value)
        yield disk
    for way, high in (("receive", 9e6), ("transmit", 3e6)):
        network = CounterMetricFamily(f"node_network_{way}_bytes_total", "Network.", labels=["device"])
        network.add_metric(["eth0"], wave_sum(machine.name + way, since, period=50, low=2e4, high=high))
        yield network
    heat = GaugeMetricFamily("node_hwmon_temp_celsius", "Temperature.", labels=["chip", "sensor"])
    heat.add_metric(
        ["platform_coretemp_0", "temp1"], round(wave(machine.name + "heat", at, period=150, low=42, high=66), 1)
    )
    yield heat
    yield GaugeMetricFamily("node_time_seconds", "The machine's clock.", value=at)
    yield GaugeMetricFamily("node_boot_time_seconds", "When it booted.", value=at - since)
