"""What is served, byte for byte: each case is a file in tests/captures. Write them anew with SHIVA_WRITE_CAPTURES=1."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from shiva_exporters.broker.collector import BrokerCollector
from shiva_exporters.broker.source import BrokerAwayError, ContainerFacts
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.sampler import Sampler, Snapshot
from shiva_exporters.gpu.source import NoDriverError
from shiva_exporters.serve import Collector, Framed

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Card, FakeNvml

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
SILENT = fakes.NVMLError_NotSupported("not supported")
H100 = Card(
    uuid="GPU-h100", name="NVIDIA H100 80GB HBM3", memory=SILENT, utilization=Amount(gpu=0), temperature=34,
    memory_v2=Amount(total=85520809984, used=0),
)  # fmt: skip
READY = ContainerFacts(
    id="ada--default", user="ada", machine="gpu-01", image="shiva-jupyter", name="default", state="ready", gpus=("GPU-1",),
    started_at=1795425000.18, last_access_at=1795430527.0, time_to_notebook_seconds=2.31,
)  # fmt: skip
PENDING = replace(
    READY, id="ken--second", user="ken", name="second", state="pending", gpus=(), started_at=None, last_access_at=None,
    time_to_notebook_seconds=None,
)  # fmt: skip


def gpu(library: FakeNvml | None, *, before: FakeNvml | None = None) -> GpuCollector:
    """Read `before`, then `library`, through the real adapter and sampler; None has no driver."""
    current = before or library

    def load() -> FakeNvml:
        if current is None:
            raise NoDriverError("no library")
        return current

    source = Nvml(load)
    sampler = Sampler(source, interval_seconds=2, clock=lambda: 1795430000.0)
    sampler.sample()
    if before is not None:
        source._nvml = library
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
    "gpu-two-gtx-1080": lambda: gpu(FakeNvml([Card(), Card(uuid="GPU-2", utilization=Amount(gpu=0))])),
    "gpu-h100-idle": lambda: gpu(FakeNvml([H100])),
    "gpu-card-that-tells-little": lambda: gpu(FakeNvml([Card(utilization=SILENT, temperature=SILENT)])),
    "gpu-one-lost": lambda: gpu(FakeNvml([Card(), Card(uuid="GPU-2", temperature=fakes.NVMLError_GpuIsLost())])),
    "gpu-no-driver": lambda: gpu(None),
    "gpu-driver-failed": lambda: gpu(FakeNvml(count=fakes.NVMLError_Unknown()), before=FakeNvml([Card()])),
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
