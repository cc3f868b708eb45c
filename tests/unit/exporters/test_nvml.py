"""Reading the driver: what it does not tell is None, what is lost is alone, and everything may come back."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pynvml
import pytest
import shiva_exporters
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import GpuReadError, GpuSample, NoDriverError

from tests.fakes import nvml as fakes
from tests.fakes.nvml import FakeGpu, FakeMemory, FakeNvml

GIB = 2**30
SOURCES = Path(shiva_exporters.__file__).parent
OFFERED = {name for name in dir(FakeNvml) if re.match("(?i)nvml", name)}
FUNCTIONS = {name for name in OFFERED if inspect.isfunction(getattr(FakeNvml, name))}
ERRORS = {name for name in OFFERED if isinstance(getattr(FakeNvml, name), type)}
PER_CARD = ["nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetTemperature"]
IDENTITY = ["nvmlDeviceGetHandleByIndex", "nvmlDeviceGetUUID", "nvmlDeviceGetName"]


def two(**first: Any) -> FakeNvml:
    """Return a driver with two cards; the first one differs as wanted."""
    return FakeNvml([FakeGpu("GPU-1", **first), FakeGpu("GPU-2", utilization=0, temperature=30)])


def the_first(library: FakeNvml) -> GpuSample:
    """Return the first of two cards, after a look at the other: it is never taken along."""
    first, second = Nvml(library).read().gpus
    assert (second.uuid, second.up, second.utilization_ratio, second.temperature_celsius) == ("GPU-2", True, 0.0, 30.0)
    return first


def test_every_name_of_the_fake_is_in_the_real_module_and_means_the_same() -> None:
    for name in OFFERED - FUNCTIONS - ERRORS:
        assert getattr(FakeNvml, name) == getattr(pynvml, name), name
    for name in FUNCTIONS:
        fake, real = (inspect.signature(getattr(module, name)) for module in (FakeNvml, pynvml))
        assert [p.name for p in fake.parameters.values() if p.name != "self"] == list(real.parameters), name
    for name in ERRORS:
        fake_error, real_error = getattr(FakeNvml, name), getattr(pynvml, name)
        assert issubclass(fake_error, fakes.NVMLError) == issubclass(real_error, pynvml.NVMLError), name


def test_the_exporter_uses_no_name_that_the_fake_lacks() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES.rglob("*.py")]
    used = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used = {name for name in used if re.match("nvml[A-Z]|NVML", name)}
    assert used
    assert used <= OFFERED


def test_a_card_is_read_in_base_units() -> None:
    reading = Nvml(two()).read()
    assert reading.driver_version == "580.65.06"
    assert reading.gpus[0] == GpuSample(
        index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=True, memory_total_bytes=8 * GIB,
        memory_used_bytes=3 * GIB, utilization_ratio=0.76, temperature_celsius=71.0,
    )  # fmt: skip


def test_a_driver_without_cards_is_a_driver() -> None:
    assert Nvml(FakeNvml()).read().gpus == []


@pytest.mark.parametrize("error", [fakes.NVMLError_LibraryNotFound, fakes.NVMLError_DriverNotLoaded])
def test_no_driver_is_a_state_and_it_may_come_later(error: type[Exception]) -> None:
    library = two()
    library.failing = {"nvmlInit": error}
    source = Nvml(library)
    for _ in range(2):
        with pytest.raises(NoDriverError):
            source.read()
    library.failing = {}
    assert len(source.read().gpus) == 2


@pytest.mark.parametrize("function", ["nvmlInit", "nvmlSystemGetDriverVersion", "nvmlDeviceGetCount"])
@pytest.mark.parametrize("error", [
    fakes.NVMLError_LibRmVersionMismatch, fakes.NVMLLibraryMismatchError, fakes.NVMLError_Unknown,
    fakes.NVMLError_Uninitialized, fakes.NVMLError_NoPermission,
])  # fmt: skip
def test_a_driver_that_fails_is_a_fault_and_it_may_recover(error: type[Exception], function: str) -> None:
    library = two()
    source = Nvml(library)
    library.failing = {function: error}
    with pytest.raises(GpuReadError):
        source.read()
    library.failing = {}
    assert len(source.read().gpus) == 2


@pytest.mark.parametrize("error", [fakes.NVMLError_Unknown, fakes.NVMLError_DriverNotLoaded])
def test_after_a_failure_the_driver_is_let_go_and_initialised_anew(error: type[Exception]) -> None:
    library = two()
    source = Nvml(library)
    source.read()
    library.failing = {"nvmlDeviceGetCount": error, "nvmlShutdown": fakes.NVMLError_Unknown}
    with pytest.raises((GpuReadError, NoDriverError)):
        source.read()
    library.failing, library.references, library.calls = {}, 0, []
    source.read()
    assert library.calls.count("nvmlInit") == 1
    library.failing = {"nvmlDeviceGetCount": error}
    with pytest.raises((GpuReadError, NoDriverError)):
        source.read()
    assert library.references == 0


def test_while_all_is_well_it_is_initialised_once() -> None:
    library = two()
    source = Nvml(library)
    for _ in range(3):
        source.read()
    assert library.calls.count("nvmlInit") == 1


@pytest.mark.parametrize("function", IDENTITY)
def test_a_card_that_cannot_name_itself_is_down_and_alone(function: str) -> None:
    first = the_first(two(failing={function: fakes.NVMLError_GpuIsLost}))
    assert first == GpuSample(index=0, uuid=None, model="unknown", up=False)


@pytest.mark.parametrize("function", PER_CARD)
@pytest.mark.parametrize("error", [fakes.NVMLError_GpuIsLost, fakes.NVMLError_Unknown, fakes.NVMLLibraryMismatchError])
def test_a_card_that_is_lost_amid_a_round_shows_no_half_values(error: type[Exception], function: str) -> None:
    first = the_first(two(failing={function: error}))
    assert first == GpuSample(index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=False)


@pytest.mark.parametrize("error", [fakes.NVMLError_NotSupported, fakes.NVMLError_FunctionNotFound])
def test_what_a_card_does_not_tell_is_none_and_never_zero(error: type[Exception]) -> None:
    first = the_first(two(failing=dict.fromkeys([*PER_CARD, "nvmlDeviceGetMemoryInfo"], error)))
    assert first == GpuSample(index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=True)


@pytest.mark.parametrize("error", [fakes.NVMLError_NotSupported, fakes.NVMLError_FunctionNotFound])
def test_an_old_driver_tells_memory_in_the_first_version(error: type[Exception]) -> None:
    memory = FakeMemory(total=8 * GIB, used=3 * GIB, reserved=GIB)
    first = the_first(two(memory=memory, failing={"nvmlDeviceGetMemoryInfo_v2": error}))
    assert (first.memory_total_bytes, first.memory_used_bytes) == (8 * GIB, 4 * GIB)


def test_the_cards_are_counted_anew_each_round() -> None:
    library = two()
    source = Nvml(library)
    source.read()
    del library.gpus[0]
    assert [gpu.uuid for gpu in source.read().gpus] == ["GPU-2"]
