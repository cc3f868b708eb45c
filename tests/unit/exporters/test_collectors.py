"""What is served, byte for byte: each case is a file in tests/captures. Write them anew with SHIVA_WRITE_CAPTURES=1."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from shiva_exporters.broker.collector import BrokerCollector
from shiva_exporters.broker.source import BrokerAwayError, ContainerFacts
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.sampler import Sampler, Snapshot
from shiva_exporters.gpu.source import GpuSource, Kind, NoDriverError, Owner, Reading
from shiva_exporters.serve import Collector, Framed

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Busy, Card, FakeNvml, Process

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
SILENT = fakes.NVMLError_NotSupported("not supported")
PASCAL = {
    "PciInfo": "00000000:01:00.0", "MinorNumber": 0, "CudaComputeCapability": (6, 1), "TemperatureThreshold.1": 96,
    "EncoderUtilization": [5, 167000], "DecoderUtilization": [0, 167000], "PowerUsage": 151234, "EnforcedPowerLimit": 180000,
    "ClockInfo.0": 1911, "ClockInfo.1": 1911, "ClockInfo.2": 5005, "ClockInfo.3": 1708, "PerformanceState": 2,
    "ClocksEventReasons": 0x44, "NumFans": 2, "FanSpeed_v2.0": 55, "FanSpeed_v2.1": 104, "PcieReplayCounter": 2,
}  # fmt: skip
HOPPER = {
    "PciInfo": "00000000:18:00.0", "MinorNumber": 3, "CudaComputeCapability": (9, 0), "MarginTemperature": 59,
    "TemperatureV.0": 29, "PowerUsage": 76420, "EnforcedPowerLimit": 700000, "TotalEnergyConsumption": 123456789,
    "ClockInfo.0": 345, "ClockInfo.1": 345, "ClockInfo.2": 2619, "ClockInfo.3": 765, "PerformanceState": 0,
    "ClocksEventReasons": 1, "PcieReplayCounter": 0, "MigMode": [0, 0], "RemappedRows": (1, 2, 0, 0),
    "TotalEccErrors.0.0": 0, "TotalEccErrors.0.1": 3, "TotalEccErrors.1.0": 0, "TotalEccErrors.1.1": 0,
    "FieldValues.82": (0, 1, {"uiVal": 36}), "FieldValues.197": (0, 3, {"ullVal": 9_000_000_000}),
    "FieldValues.198": (0, 3, {"ullVal": 4_000_000_000}), "FieldValues.230": (0, 1, {"uiVal": 0}),
}  # fmt: skip
H100 = Card(
    uuid="GPU-h100", name="NVIDIA H100 80GB HBM3", memory=SILENT, utilization=Amount(gpu=0), temperature=34,
    memory_v2=Amount(total=85520809984, used=0, reserved=553648128, free=84967161856), told=HOPPER,
)  # fmt: skip
PART = Card(uuid="MIG-1", memory_v2=Amount(total=40 * 2**30, used=2**30, free=39 * 2**30), compute=[Process(7, 2**30)],
    told={"GpuInstanceId": 3})  # fmt: skip
MIG = replace(
    H100,
    memory_v2=Amount(total=85520809984, used=2**30, reserved=553648128, free=83893420032),
    utilization=SILENT,
    busy=SILENT,
    migs={1: PART},
    told=HOPPER | {"MigMode": [1, 1], "MaxMigDeviceCount": 7, "RemappedRows": SILENT},
)
READY = ContainerFacts(
    id="ada--default", user="ada", machine="gpu-01", image="shiva-jupyter", name="default", state="ready", gpus=("GPU-1",),
    started_at=1795425000.18, last_access_at=1795430527.0, time_to_notebook_seconds=2.31,
)  # fmt: skip
PENDING = replace(
    READY, id="ken--second", user="ken", name="second", state="pending", gpus=(), started_at=None, last_access_at=None,
    time_to_notebook_seconds=None,
)  # fmt: skip


LATER = Busy(0, 0).timeStamp + 2_000_000
TRAINS, RESTS, OLD = "3f" * 32, "5c" * 32, "9e" * 32
ADA, KEN, MEI = (Owner(kind=Kind.CONTAINER, container_id=each) for each in (TRAINS, RESTS, OLD))
HOST = Owner(kind=Kind.HOST, user="yuki")
OWNERS = {7: ADA, 8: ADA, 9: KEN, 10: HOST, 11: Owner(kind=Kind.MPS), 13: MEI}
SHARED = Card(
    memory_v2=Amount(total=8 * 2**30, used=7 * 2**30 + 20 * 2**20), utilization=Amount(gpu=80),
    compute=[Process(7, 2**30), Process(8, 2**30), Process(9, 2 * 2**30), Process(11, 2**29), Process(12, 2**29)],
    graphics=[Process(8, 2**30), Process(10, 2 * 2**30)], busy=[Busy(7, 40), Busy(8, 20), Busy(10, 10)],
)  # fmt: skip
SHARED_LATER = replace(SHARED, busy=[Busy(7, 40, LATER), Busy(8, 20, LATER), Busy(10, 10, LATER)])
ODD = 'a "quoted"\\name\nand more'


@dataclass
class Known:
    """A GpuSource over another, whose owners a test tells."""

    source: GpuSource
    owners: Mapping[int, Owner]

    def read(self) -> Reading:
        return replace(self.source.read(), owners=self.owners)


def gpu(
    library: FakeNvml | None, *, later: FakeNvml | None = None, owners: Mapping[int, Owner] = OWNERS
) -> GpuCollector:
    """Read `library`, and 2 seconds later what became of it, through the real adapter and sampler; None has no driver."""

    def load() -> FakeNvml:
        if library is None:
            raise NoDriverError("no library")
        return library

    steady = iter([100.0, 102.0])
    sampler = Sampler(
        Known(Nvml(load), owners), interval_seconds=2, clock=lambda: 1795430000.0, steady=lambda: next(steady)
    )
    sampler.sample()
    if library is not None and later is not None:
        vars(library).update(vars(later))
        sampler.sample()
    snapshot = replace(sampler.snapshot(), duration_seconds=0.004)
    return GpuCollector(lambda: snapshot)


@dataclass
class Containers:
    """A ContainerSource with one answer; None is no answer."""

    answer: Sequence[ContainerFacts] | None

    def containers(self) -> Sequence[ContainerFacts]:
        if self.answer is None:
            raise BrokerAwayError("away")
        return self.answer


CASES: dict[str, Callable[[], Collector]] = {
    "gpu-two-gtx-1080": lambda: gpu(
        FakeNvml([Card(told=PASCAL), Card(uuid="GPU-2", utilization=Amount(gpu=0), told=PASCAL | {"MinorNumber": 1})])
    ),
    "gpu-h100-idle": lambda: gpu(FakeNvml([H100])),
    "gpu-card-that-tells-little": lambda: gpu(FakeNvml([Card(utilization=SILENT, temperature=SILENT)])),
    "gpu-one-lost": lambda: gpu(FakeNvml([Card(), Card(uuid="GPU-2", temperature=fakes.NVMLError_GpuIsLost())])),
    "gpu-no-driver": lambda: gpu(None),
    "gpu-driver-failed": lambda: gpu(FakeNvml([Card()]), later=FakeNvml(count=fakes.NVMLError_Unknown())),
    "gpu-shared": lambda: gpu(FakeNvml([SHARED]), later=FakeNvml([SHARED_LATER])),
    "gpu-container-left": lambda: gpu(
        FakeNvml([Card(compute=[Process(13)])]), later=FakeNvml([Card(utilization=Amount(gpu=0))])
    ),
    "gpu-one-container-on-an-old-card": lambda: gpu(
        FakeNvml([Card(compute=[Process(7), Process(8, None)], busy=SILENT)]),
        later=FakeNvml([Card(compute=[Process(7), Process(8, None)], busy=SILENT)]),
    ),
    "gpu-two-containers-on-an-old-card": lambda: gpu(FakeNvml([Card(compute=[Process(7), Process(9)], busy=SILENT)])),
    "gpu-mig": lambda: gpu(FakeNvml([MIG])),
    "gpu-odd-names": lambda: gpu(
        FakeNvml([Card(uuid='GPU-"1"', name=ODD, compute=[Process(10)])]), owners={10: replace(HOST, user=ODD)}
    ),
    "gpu-one-uuid-twice": lambda: gpu(FakeNvml([Card(), Card(), Card(uuid="GPU-3")])),
    "gpu-not-read-yet": lambda: GpuCollector(Snapshot),
    "broker-two-containers": lambda: BrokerCollector(Containers([READY, PENDING])),
    "broker-no-container": lambda: BrokerCollector(Containers([])),
    "broker-away": lambda: BrokerCollector(Containers(None)),
}


def text_of(collector: Collector) -> str:
    """Return what is served, without the frame's own duration."""
    registry = CollectorRegistry()
    registry.register(Framed([collector]))
    lines = generate_latest(registry).decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("shiva_collector_duration_seconds{"))


@pytest.mark.parametrize("case", CASES)
def test_what_is_served_is_what_was_captured(case: str) -> None:
    path = CAPTURES / f"{case}.metrics"
    served = text_of(CASES[case]())
    if os.environ.get("SHIVA_WRITE_CAPTURES"):
        path.write_text(served, encoding="utf-8")
    assert served == path.read_text(encoding="utf-8")


def test_no_capture_is_left_over() -> None:
    assert {path.stem for path in CAPTURES.glob("*.metrics")} == set(CASES)


@pytest.mark.parametrize("case", ["gpu-no-driver", "gpu-driver-failed", "gpu-not-read-yet"])
def test_without_a_good_reading_no_value_of_a_gpu_is_served(case: str) -> None:
    served = text_of(CASES[case]())
    assert "utilization" not in served
    assert "memory" not in served
    assert "shiva_gpu_up" not in served
    assert ('shiva_collector_success{collector="gpu"} 1.0' in served) == (case == "gpu-no-driver")


def test_a_broker_that_is_away_is_no_empty_cluster() -> None:
    away, empty = text_of(CASES["broker-away"]()), text_of(CASES["broker-no-container"]())
    assert "shiva_broker_up 0.0" in away
    assert "shiva_container" not in away
    assert "shiva_broker_up 1.0" in empty


def test_what_is_unknown_of_a_container_has_no_series() -> None:
    served = text_of(BrokerCollector(Containers([PENDING])))
    assert 'shiva_container_gpus{container_id="ken--second"} 0.0' in served
    for name in ("started_timestamp", "last_access_timestamp", "time_to_notebook"):
        assert f"shiva_container_{name}_seconds{{" not in served


def test_memory_by_kind_and_what_is_unattributed_are_the_memory_in_use() -> None:
    told = {
        (sample.name, sample.labels.get("kind")): sample.value
        for family in CASES["gpu-shared"]().collect()
        for sample in family.samples
    }
    held = sum(value for (name, _), value in told.items() if name == "shiva_gpu_process_group_memory_used_bytes")
    left = told["shiva_gpu_memory_unattributed_bytes", None]
    assert held + left == told["shiva_gpu_memory_used_bytes", None]


def test_where_nobody_tells_the_share_of_a_container_it_does_not_look_idle() -> None:
    for case in ("gpu-mig", "gpu-two-containers-on-an-old-card"):
        assert "shiva_container_gpu_active_seconds_total{" not in text_of(CASES[case]())


def test_of_thousands_that_nobody_manages_the_largest_are_named_and_all_are_counted() -> None:
    card = Card(compute=[Process(pid, pid) for pid in range(1, 3001)])
    served = text_of(gpu(FakeNvml([card]), owners=dict.fromkeys(range(1, 3001), HOST)))
    named = re.findall(r'shiva_gpu_unmanaged_process_info{.*pid="(\d+)"', served)
    assert named == [str(pid) for pid in range(3000, 2968, -1)]
    assert re.search(r'shiva_gpu_processes{.*kind="host".*} 3000.0', served)
