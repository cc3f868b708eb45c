"""The driver's library in memory: cards whose answers and failures a test sets. Offers only what the real one has."""

from dataclasses import dataclass, field
from typing import Any


class NVMLError(Exception):
    """Base of the library's errors; `value` is NVML's code."""

    value = 999


class NVMLError_LibraryNotFound(NVMLError):
    """The library is not there."""


class NVMLError_DriverNotLoaded(NVMLError):
    """The kernel module is not there."""


class NVMLError_NoPermission(NVMLError):
    """The device files are not for us."""


class NVMLError_NotSupported(NVMLError):
    """This card does not tell that."""


class NVMLError_FunctionNotFound(NVMLError):
    """This driver is too old for that."""


class NVMLError_GpuIsLost(NVMLError):
    """The card fell off the bus."""


class NVMLError_ResetRequired(NVMLError):
    """The card needs a reset."""


class NVMLError_GpuNotFound(NVMLError):
    """The card was taken out."""


class NVMLError_Uninitialized(NVMLError):
    """The driver has forgotten us."""


class NVMLError_LibRmVersionMismatch(NVMLError):
    """The driver was updated under us."""


class NVMLError_NotFound(NVMLError):
    """There is no such thing, or nothing new."""


class NVMLError_Success(NVMLError):
    """What the binding makes of a success that it did not expect: an error that says it is none."""

    value = 0


class NVMLError_Unknown(NVMLError):
    """Nobody knows."""


class NVMLLibraryMismatchError(Exception):
    """The driver was updated under us; not an NVMLError in the real library either."""


@dataclass
class Amount:
    """A struct of the library."""

    total: int = 0
    used: int = 0
    gpu: int = 0


@dataclass
class Process:
    """A process in one of the lists."""

    pid: int
    usedGpuMemory: int | None = 2**20


@dataclass
class Busy:
    """A sample of who computed."""

    pid: int
    smUtil: int
    timeStamp: int = 1_795_430_000_000_000


@dataclass
class Card:
    """One GPU. A value that is an exception is raised when asked for; a list is in every version unless `old` says."""

    uuid: Any = "GPU-1"
    name: Any = "NVIDIA GeForce GTX 1080"
    memory: Any = field(default_factory=lambda: Amount(total=8 * 2**30, used=2**30))
    memory_v2: Any = field(default_factory=lambda: Amount(total=8 * 2**30, used=2**29))
    utilization: Any = field(default_factory=lambda: Amount(gpu=87))
    temperature: Any = 71
    handle: Any = None
    compute: Any = field(default_factory=list)
    graphics: Any = field(default_factory=list)
    mps: Any = field(default_factory=list)
    busy: Any = field(default_factory=NVMLError_NotFound)
    old: bool = False  # no list in version 3
    asked_since: list[int] = field(default_factory=list)


@dataclass
class FakeNvml:
    """The module."""

    cards: list[Card] = field(default_factory=list)
    init: Exception | None = None
    count: Exception | None = None
    inits: int = 0
    shutdowns: int = 0
    NVML_TEMPERATURE_GPU: int = 0
    nvmlMemory_v2: int = 0x02000028
    NVMLError: type[Exception] = NVMLError
    NVMLError_LibraryNotFound: type[Exception] = NVMLError_LibraryNotFound
    NVMLError_DriverNotLoaded: type[Exception] = NVMLError_DriverNotLoaded
    NVMLError_NoPermission: type[Exception] = NVMLError_NoPermission
    NVMLError_NotSupported: type[Exception] = NVMLError_NotSupported
    NVMLError_FunctionNotFound: type[Exception] = NVMLError_FunctionNotFound
    NVMLError_GpuIsLost: type[Exception] = NVMLError_GpuIsLost
    NVMLError_ResetRequired: type[Exception] = NVMLError_ResetRequired
    NVMLError_GpuNotFound: type[Exception] = NVMLError_GpuNotFound
    NVMLError_Uninitialized: type[Exception] = NVMLError_Uninitialized
    NVMLError_LibRmVersionMismatch: type[Exception] = NVMLError_LibRmVersionMismatch
    NVMLError_NotFound: type[Exception] = NVMLError_NotFound
    NVMLLibraryMismatchError: type[Exception] = NVMLLibraryMismatchError

    def nvmlInit(self) -> None:
        """Begin."""
        self.inits += 1
        _said(self.init)

    def nvmlShutdown(self) -> None:
        """End."""
        self.shutdowns += 1
        _said(self.count)

    def nvmlSystemGetDriverVersion(self) -> str:
        """Tell the version."""
        return "550.90.07"

    def nvmlDeviceGetCount(self) -> int:
        """Count the cards."""
        _said(self.count)
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        """Find a card."""
        _said(self.cards[index].handle)
        return self.cards[index]

    def nvmlDeviceGetUUID(self, handle: Card) -> Any:
        """Tell its identity."""
        return _said(handle.uuid)

    def nvmlDeviceGetName(self, handle: Card) -> Any:
        """Tell its model."""
        return _said(handle.name)

    def nvmlDeviceGetMemoryInfo(self, handle: Card, version: int | None = None) -> Any:
        """Tell its memory."""
        return _said(handle.memory if version is None else handle.memory_v2)

    def nvmlDeviceGetUtilizationRates(self, handle: Card) -> Any:
        """Tell its use."""
        return _said(handle.utilization)

    def nvmlDeviceGetTemperature(self, handle: Card, sensor: int) -> Any:
        """Tell its temperature."""
        assert sensor == self.NVML_TEMPERATURE_GPU
        return _said(handle.temperature)

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Card) -> Any:
        """List who computes."""
        return _new(handle, handle.compute)

    def nvmlDeviceGetComputeRunningProcesses_v2(self, handle: Card) -> Any:
        """List who computes."""
        return _said(handle.compute)

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, handle: Card) -> Any:
        """List who draws."""
        return _new(handle, handle.graphics)

    def nvmlDeviceGetGraphicsRunningProcesses_v2(self, handle: Card) -> Any:
        """List who draws."""
        return _said(handle.graphics)

    def nvmlDeviceGetMPSComputeRunningProcesses_v3(self, handle: Card) -> Any:
        """List who computes through the driver's server."""
        return _new(handle, handle.mps)

    def nvmlDeviceGetMPSComputeRunningProcesses_v2(self, handle: Card) -> Any:
        """List who computes through the driver's server."""
        return _said(handle.mps)

    def nvmlDeviceGetProcessUtilization(self, handle: Card, timeStamp: int) -> Any:
        """Tell who computed since then."""
        handle.asked_since.append(timeStamp)
        return _said(handle.busy)


def _new(handle: Card, value: Any) -> Any:
    return _said(NVMLError_FunctionNotFound() if handle.old else value)


def _said(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value
