"""Whatever a driver says in its types: never a crash, never one series twice, never a value that cannot be."""

import pickle
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from shiva_exporters import serve
from shiva_exporters.gpu.attribution import Attributed
from shiva_exporters.gpu.card import SELDOM_SECONDS
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.dcgm import LABELS, VALUES, XID
from shiva_exporters.gpu.facts import ABOUT
from shiva_exporters.gpu.memory import MAX_CARD_BYTES
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.sampler import Sampler
from shiva_exporters.gpu.source import GpuReadError, GpuSource, Kind, NoDriverError, Owner, Reading

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Busy, Card, FakeNvml, Process
from tests.unit.exporters.test_facts import SEEN

ERRORS = st.sampled_from(
    [
        *(error() for error in fakes.NVMLError.__subclasses__()),
        fakes.NVMLError(),
        fakes.NVMLLibraryMismatchError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ]
)
QUIET = st.sampled_from([fakes.NVMLError_NotSupported(), fakes.NVMLError_Unknown(), fakes.NVMLError_NoPermission()])
NUMBERS = st.sampled_from([0, 1, 50, 100, 101, 2147483632, 2**32 - 1, 2**62, 2**64 - 1, -1]) | st.integers(
    -(2**63), 2**64
)
NAMES = st.sampled_from(["", "GPU-1", "GPU-2", 'a "b"\\c\nd']) | st.text(max_size=8)
REALS = st.floats() | NUMBERS
PIDS = st.sampled_from([0, 7, 8, 2**22, 2**32 - 1, -1]) | st.integers(1, 40)


def told(answer: st.SearchStrategy[Any], *, instead: st.SearchStrategy[Any] = QUIET) -> st.SearchStrategy[Any]:
    """Return an answer, or in one case of sixteen another: after some errors no further question is asked."""
    return st.integers(0, 15).flatmap(lambda number: instead if number == 7 else answer)


AMOUNTS = st.builds(Amount, total=NUMBERS, used=NUMBERS, gpu=NUMBERS, free=NUMBERS, reserved=NUMBERS, memory=NUMBERS)
LISTS = st.lists(st.builds(Process, pid=PIDS, usedGpuMemory=st.none() | NUMBERS), max_size=5)
FIELDS = st.tuples(
    st.sampled_from([0, 0, 3, 999]), st.integers(0, 9),
    st.fixed_dictionaries({name: REALS for name in ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")}),
)  # fmt: skip
SHAPES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(SEEN, NUMBERS),
    **{
        key: st.lists(NUMBERS, min_size=2, max_size=2)
        for key in ("EncoderUtilization", "DecoderUtilization", "MigMode")
    },
    **{key: FIELDS for key in SEEN if key.startswith("FieldValues")},
    "RemappedRows": st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    "MigMode": st.sampled_from([[0, 0], [1, 1], [1, 1], [7, 1]]),
    "MaxMigDeviceCount": st.sampled_from([0, 2, 7, 2**32 - 1]),
    "GpuInstanceId": NUMBERS,
    "GpmSupport": NUMBERS,
    "Gpm": st.dictionaries(st.sampled_from([2, 5]), st.tuples(st.sampled_from([0, 0, 3]), REALS)),
    "MinorNumber": NUMBERS,
    "CudaComputeCapability": st.tuples(NUMBERS, NUMBERS),
    "PciInfo": NAMES | st.binary(max_size=8),
}


PARTS = st.builds(
    Card,
    uuid=told(NAMES),
    memory_v2=told(AMOUNTS),
    compute=told(LISTS),
    told=st.fixed_dictionaries({"GpuInstanceId": told(NUMBERS)}),
)
CARDS = st.builds(
    Card, uuid=told(NAMES, instead=ERRORS), name=told(NAMES), memory=told(AMOUNTS), memory_v2=told(AMOUNTS), utilization=told(AMOUNTS),
    temperature=told(NUMBERS, instead=ERRORS), handle=told(st.none(), instead=ERRORS), compute=told(LISTS), graphics=told(LISTS), mps=told(LISTS),
    busy=told(st.lists(st.builds(Busy, pid=PIDS, smUtil=NUMBERS, timeStamp=NUMBERS), max_size=4)),
    told=st.fixed_dictionaries({key: told(shape) for key, shape in SHAPES.items()}),
    migs=st.dictionaries(st.integers(0, 3), PARTS, max_size=2),
)  # fmt: skip
MACHINES = st.lists(CARDS, max_size=2)
OWNERS = {7: Owner(kind=Kind.CONTAINER, launch_id="3f" * 16), 8: Owner(kind=Kind.HOST, user='a "b"\n')}
BOUNDS = {
    "shiva_gpu_utilization_ratio": (0.0, 1.0),
    "shiva_gpu_temperature_celsius": (-100.0, 250.0),
    **{f"DCGM_FI_DEV_{name}": (-100.0, 250.0) for name in ("GPU_TEMP", "MEMORY_TEMP")},
    **{f"DCGM_FI_DEV_{name}_UTIL": (0.0, 100.0) for name in ("GPU", "MEM_COPY", "ENC", "DEC")},
    **{name: (about.low, about.high) for name, about in ABOUT.items()},
}


@dataclass
class Honest:
    """A GpuSource that notes what the sampler would forgive."""

    source: GpuSource
    crashes: list[Exception] = field(default_factory=list)

    def read(self) -> Reading:
        try:
            return self.source.read()
        except (GpuReadError, NoDriverError):
            raise
        except Exception as error:
            self.crashes.append(error)
            raise


class Known:
    """Some owners."""

    def of(self, pids: Any) -> dict[int, Owner]:
        return {pid: OWNERS[pid] for pid in pids if pid in OWNERS}


def most(name: str) -> tuple[float, float]:
    """Return the least and the greatest value that a series can have."""
    if name in BOUNDS:
        return BOUNDS[name]
    return (0, 40 * MAX_CARD_BYTES) if name.endswith("_bytes") else (0, float("inf"))


@settings(max_examples=50, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None)
@given(st.lists(MACHINES, min_size=1, max_size=3), told(NUMBERS))
@example([[Card(told=SEEN)], [Card(told=SEEN), Card(told=SEEN)]], 12040)
def test_no_garbage_breaks_a_page_or_becomes_a_value(rounds: list[list[Card]], cuda: Any) -> None:
    library, now = FakeNvml(cuda=cuda), 0.0
    source = Honest(Attributed(Nvml(lambda: library, steady=lambda: now), Known()))  # type: ignore[arg-type]
    sampler = Sampler(source, interval_seconds=2, clock=lambda: 1795430000.0, steady=lambda: now)
    for machine in rounds:
        library.cards, now = machine, now + SELDOM_SECONDS
        sampler.sample()
        assert source.crashes == []
        snapshot = sampler.snapshot()
        assert pickle.loads(pickle.dumps(snapshot)) == snapshot  # noqa: S301
        registry = CollectorRegistry()
        registry.register(Shown(GpuCollector(lambda: snapshot, dcgm_hostname="gpu-01")))  # noqa: B023
        check(generate_latest(registry).decode())


class Shown:
    """The collector without what it raises where the driver is gone, which is the frame's to tell."""

    def __init__(self, collector: GpuCollector) -> None:
        self._collector = collector

    def collect(self) -> list[Any]:
        families: list[Any] = []
        with suppress(serve.CollectError):
            families.extend(self._collector.collect())
        return families


def check(page: str) -> None:
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    series = Counter((sample.name, *sorted(sample.labels.items())) for sample in samples)
    assert [each for each, times in series.items() if times > 1] == []
    for sample in samples:
        low, high = most(sample.name)
        assert low <= sample.value <= high, sample
        if sample.name.startswith("DCGM"):
            assert (sample.name in {*VALUES, XID}, set(sample.labels)) == (True, set(LABELS))
