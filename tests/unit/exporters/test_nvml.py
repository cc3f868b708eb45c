"""What the driver's library answers becomes samples; what it does not answer stays None."""

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import pynvml
import pytest
from shiva_exporters.gpu import asking, card, facts, gpm, memory, mig, processes, xids
from shiva_exporters.gpu import nvml as adapter
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import GpuReadError, GpuSample, NoDriverError

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Card, FakeNvml, Process

SILENT = fakes.NVMLError_NotSupported("not supported")


def source(library: FakeNvml) -> Nvml:
    return Nvml(lambda: library)


def only(card: Card) -> GpuSample:
    """Read a machine with one card."""
    [sample] = source(FakeNvml([card])).read().gpus
    return sample


def test_a_card_tells_everything() -> None:
    reading = source(FakeNvml([Card(), Card(uuid="GPU-2")])).read()
    assert reading.driver_version == "550.90.07"
    assert [gpu.uuid for gpu in reading.gpus] == ["GPU-1", "GPU-2"]
    assert reading.gpus[0] == GpuSample(
        index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=True, memory_total_bytes=8 * 2**30,
        memory_used_bytes=2**29, utilization_ratio=0.87, temperature_celsius=71.0, processes=[],
        facts={
            ("shiva_gpu_memory_reserved_bytes",): 2**29, ("shiva_gpu_memory_free_bytes",): 7 * 2**30,
            ("shiva_gpu_memory_bandwidth_utilization_ratio",): 0.4,
        },
    )  # fmt: skip


def test_a_zero_is_a_zero() -> None:
    sample = only(Card(utilization=Amount(gpu=0), temperature=0, memory_v2=Amount(total=1, used=0)))
    assert (sample.utilization_ratio, sample.temperature_celsius, sample.memory_used_bytes) == (0.0, 0.0, 0)


def test_what_a_card_does_not_tell_is_none() -> None:
    sample = only(Card(utilization=SILENT, temperature=SILENT, memory=SILENT, memory_v2=SILENT, compute=SILENT))
    assert sample == GpuSample(index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=True)


def test_an_old_driver_tells_memory_the_old_way() -> None:
    assert only(Card(memory_v2=fakes.NVMLError_FunctionNotFound())).memory_used_bytes == 2**30


MEMBERS = ["handle", "uuid", "name", "memory_v2", "utilization", "temperature", "compute", "graphics", "mps", "busy"]


@pytest.mark.parametrize(
    "error", [fakes.NVMLError_GpuIsLost(), fakes.NVMLError_ResetRequired(), fakes.NVMLError_GpuNotFound()]
)
@pytest.mark.parametrize("member", MEMBERS)
def test_a_lost_card_is_down_and_takes_no_other_along(member: str, error: Exception) -> None:
    lost = Card(uuid="GPU-2")
    setattr(lost, member, error)
    first, second, third = source(FakeNvml([Card(), lost, Card(uuid="GPU-3")])).read().gpus
    assert (first.up, second.up, third.up) == (True, False, True)
    values = (second.memory_total_bytes, second.memory_used_bytes, second.utilization_ratio, second.temperature_celsius)
    assert values == (None, None, None, None)
    assert (second.index, second.uuid) == (1, None if member in {"handle", "uuid", "name"} else "GPU-2")


@pytest.mark.parametrize("member", ["memory", "utilization", "temperature", "compute", "graphics", "mps", "busy"])
@pytest.mark.parametrize(
    "error", [fakes.NVMLError_Unknown(), fakes.NVMLError_NoPermission(), fakes.NVMLLibraryMismatchError(), ValueError()]
)
def test_one_question_that_fails_costs_one_answer(member: str, error: Exception) -> None:
    card = Card(memory_v2=SILENT, compute=[Process(7)])
    setattr(card, member, error)
    sample = only(card)
    values = {
        "memory": sample.memory_used_bytes,
        "utilization": sample.utilization_ratio,
        "temperature": sample.temperature_celsius,
        "busy": sample.processes[0].active_ratio if sample.processes else None,
        "processes": sample.processes,
    }
    hidden = {"busy": {"busy"}, "compute": {"processes", "busy"}, "graphics": {"processes", "busy"}}
    assert sample.up
    assert {name for name, value in values.items() if value is None} == (
        hidden["compute"] if member == "mps" else hidden.get(member, {member})
    )


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("error", [fakes.NVMLError_Uninitialized(), fakes.NVMLError_LibRmVersionMismatch()])
def test_a_driver_that_goes_away_amid_a_round_gives_no_sample(member: str, error: Exception) -> None:
    card = Card(uuid="GPU-2")
    setattr(card, member, error)
    library = FakeNvml([Card(), card])
    with pytest.raises(GpuReadError):
        source(library).read()
    assert library.shutdowns == 1


def test_a_card_that_is_lost_keeps_its_name_until_cards_move() -> None:
    first, second = Card(), Card(uuid="GPU-2", name="Titan")
    library = FakeNvml([first, second])
    read = source(library).read
    read()
    second.handle = fakes.NVMLError_GpuIsLost()
    assert read().gpus[1] == GpuSample(index=1, uuid="GPU-2", model="Titan", up=False)
    library.cards = [second]
    assert read().gpus == [GpuSample(index=0, uuid=None, model="unknown", up=False)]


def test_cards_that_tell_one_uuid_are_nobody_and_a_lost_one_yields_to_a_living_one() -> None:
    twins = [Card(), Card(uuid="GPU-2"), Card()]
    assert [(gpu.uuid, gpu.up) for gpu in source(FakeNvml(twins)).read().gpus] == [
        (None, False),
        ("GPU-2", True),
        (None, False),
    ]
    first, second = Card(), Card(uuid="GPU-2")
    read = source(FakeNvml([first, second])).read
    read()
    first.handle, second.uuid = fakes.NVMLError_GpuIsLost(), "GPU-1"
    assert [(gpu.uuid, gpu.up) for gpu in read().gpus] == [(None, False), ("GPU-1", True)]


def test_a_card_without_a_uuid_is_down() -> None:
    assert (only(Card(uuid="")).uuid, only(Card(uuid="")).up) == (None, False)


HUGE = Amount(total=2**63, used=2**63, free=2**63, reserved=2**63)


@pytest.mark.parametrize(
    "absurd",
    [
        Card(utilization=Amount(gpu=101, memory=101), temperature=4294967295, memory_v2=HUGE),
        Card(utilization=Amount(gpu=2147483632, memory=-1), temperature=-273, memory_v2=replace(HUGE, total=0)),
    ],
)
def test_what_cannot_be_is_none(absurd: Card) -> None:
    assert only(absurd) == GpuSample(index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=True, processes=[])


def test_more_memory_in_use_than_there_is_is_none() -> None:
    sample = only(Card(memory_v2=Amount(total=8, used=9)))
    assert (sample.memory_total_bytes, sample.memory_used_bytes) == (8, None)


@pytest.mark.parametrize("error", [fakes.NVMLError_LibraryNotFound(), fakes.NVMLError_DriverNotLoaded()])
def test_no_driver_is_a_state(error: Exception) -> None:
    with pytest.raises(NoDriverError):
        source(FakeNvml(init=error)).read()


@pytest.mark.parametrize(
    "error", [fakes.NVMLError_Unknown(), fakes.NVMLError_NoPermission(), fakes.NVMLLibraryMismatchError()]
)
@pytest.mark.parametrize("step", ["init", "count"])
def test_a_driver_that_fails_as_a_whole_gives_no_sample(error: Exception, step: str) -> None:
    library = FakeNvml([Card()])
    setattr(library, step, error)
    with pytest.raises(GpuReadError):
        source(library).read()


def test_after_a_failure_it_begins_anew_and_only_then() -> None:
    library = FakeNvml([Card()])
    read = source(library).read
    read()
    read()
    assert library.inits == 1
    library.count = fakes.NVMLError_Unknown()
    with pytest.raises(GpuReadError):
        read()
    library.count = None
    assert len(read().gpus) == 1
    assert (library.inits, library.shutdowns) == (2, 1)


def test_a_driver_that_is_installed_later_is_found() -> None:
    absences = iter([NoDriverError("no library")])

    def load() -> FakeNvml:
        for absence in absences:
            raise absence
        return FakeNvml([Card()])

    later = Nvml(load)
    with pytest.raises(NoDriverError):
        later.read()
    assert len(later.read().gpus) == 1


def test_without_the_drivers_library_there_is_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "DRIVER_LIBRARY", "libno-such-driver.so.1")
    with pytest.raises(NoDriverError, match="libno-such-driver"):
        Nvml().read()


def test_a_package_that_hides_the_binding_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "DRIVER_LIBRARY", None)  # any library that is loaded
    monkeypatch.setitem(sys.modules, "pynvml", ModuleType("pynvml"))
    with pytest.raises(GpuReadError, match="pynvml hides nvidia-ml-py"):
        Nvml().read()


def test_the_fake_offers_what_the_real_library_has() -> None:
    offered = [name for name in dir(FakeNvml()) if name.lower().startswith("nvml")]
    assert len(offered) > 12
    for name in offered:
        real, fake = getattr(pynvml, name), getattr(FakeNvml(), name)
        if isinstance(fake, type):
            assert issubclass(real, Exception)
            assert issubclass(real, pynvml.NVMLError) == issubclass(fake, fakes.NVMLError)
        elif callable(fake):
            assert _arguments(fake) == _arguments(real)
        else:
            assert fake == real


def _arguments(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_adapter_asks_for_nothing_that_the_fake_lacks() -> None:
    sources = [inspect.getsource(each) for each in (adapter, asking, card, facts, gpm, memory, mig, processes, xids)]
    used = set(re.findall(r"\b(?:nvml|NVML)[A-Z_]\w+", "\n".join(sources))) - {"nvmlReturn", "NVIDIA"}
    assert len(used) > 50
    assert [name for name in used if not hasattr(FakeNvml(), name)] == []


def test_a_number_of_cards_that_cannot_be_is_a_failed_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeNvml, "nvmlDeviceGetCount", lambda _: 2**32 - 1)
    with pytest.raises(GpuReadError, match="4294967295"):
        Nvml(lambda: FakeNvml([Card()])).read()
