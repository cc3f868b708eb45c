"""The driver's library in memory: cards whose answers and failures a test sets. Offers only what the real one has."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.nvml_events import Events, EventSet
from tests.fakes.nvml_facts import Facts, said


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


class NVMLError_InvalidArgument(NVMLError):
    """This driver does not know what is asked for."""


class NVMLError_Deprecated(NVMLError):
    """This driver is too new for that."""


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


class NVMLError_Timeout(NVMLError):
    """Nothing happened meanwhile."""


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
    free: int = 0
    reserved: int = 0
    memory: int = 0


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


@dataclass(eq=False)
class Card:
    """One GPU. A value that is an exception is raised when asked for; a list is in every version unless `old` says."""

    uuid: Any = "GPU-1"
    name: Any = "NVIDIA GeForce GTX 1080"
    memory: Any = field(default_factory=lambda: Amount(total=8 * 2**30, used=2**30, free=7 * 2**30))
    memory_v2: Any = field(default_factory=lambda: Amount(total=8 * 2**30, used=2**29, reserved=2**29, free=7 * 2**30))
    utilization: Any = field(default_factory=lambda: Amount(gpu=87, memory=40))
    temperature: Any = 71
    handle: Any = None
    compute: Any = field(default_factory=list)
    graphics: Any = field(default_factory=list)
    mps: Any = field(default_factory=list)
    busy: Any = field(default_factory=NVMLError_NotFound)
    old: bool = False  # no list in version 3
    asked_since: list[int] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)  # by what a function's name ends with, see `nvml_facts.py`
    migs: dict[int, Any] = field(default_factory=dict)  # cards by slot
    asked: list[str] = field(default_factory=list)

    def __bytes__(self) -> bytes:
        """Return its address, as a pointer does."""
        return str(id(self)).encode()

    def says(self, key: str) -> Any:
        """Answer with what it was told to."""
        self.asked.append(key)
        return said(self.told.get(key, NVMLError_NotSupported()))


@dataclass
class FakeNvml(Facts, Events):
    """The module."""

    cards: list[Card] = field(default_factory=list)
    init: Exception | None = None
    count: Exception | None = None
    cuda: Any = 12040
    inits: int = 0
    shutdowns: int = 0
    event_sets: list[EventSet] = field(default_factory=list)
    NVML_TEMPERATURE_GPU: int = 0
    nvmlMemory_v2: int = 0x02000028
    NVMLError: type[Exception] = NVMLError
    NVMLError_LibraryNotFound: type[Exception] = NVMLError_LibraryNotFound
    NVMLError_DriverNotLoaded: type[Exception] = NVMLError_DriverNotLoaded
    NVMLError_NoPermission: type[Exception] = NVMLError_NoPermission
    NVMLError_NotSupported: type[Exception] = NVMLError_NotSupported
    NVMLError_FunctionNotFound: type[Exception] = NVMLError_FunctionNotFound
    NVMLError_InvalidArgument: type[Exception] = NVMLError_InvalidArgument
    NVMLError_Deprecated: type[Exception] = NVMLError_Deprecated
    NVMLError_GpuIsLost: type[Exception] = NVMLError_GpuIsLost
    NVMLError_ResetRequired: type[Exception] = NVMLError_ResetRequired
    NVMLError_GpuNotFound: type[Exception] = NVMLError_GpuNotFound
    NVMLError_Uninitialized: type[Exception] = NVMLError_Uninitialized
    NVMLError_LibRmVersionMismatch: type[Exception] = NVMLError_LibRmVersionMismatch
    NVMLError_Timeout: type[Exception] = NVMLError_Timeout
    NVMLError_NotFound: type[Exception] = NVMLError_NotFound
    NVMLLibraryMismatchError: type[Exception] = NVMLLibraryMismatchError

    def nvmlInit(self) -> None:
        """Begin."""
        self.inits += 1
        said(self.init)

    def nvmlShutdown(self) -> None:
        """End."""
        self.shutdowns += 1
        said(self.count)

    def nvmlSystemGetDriverVersion(self) -> str:
        """Tell the version."""
        return "550.90.07"

    def nvmlDeviceGetCount(self) -> int:
        """Count the cards."""
        said(self.count)
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        """Find a card."""
        said(self.cards[index].handle)
        return self.cards[index]

    def nvmlDeviceGetUUID(self, handle: Card) -> Any:
        """Tell its identity."""
        return said(handle.uuid)

    def nvmlDeviceGetName(self, handle: Card) -> Any:
        """Tell its model."""
        return said(handle.name)

    def nvmlDeviceGetMemoryInfo(self, handle: Card, version: int | None = None) -> Any:
        """Tell its memory."""
        return said(handle.memory if version is None else handle.memory_v2)

    def nvmlDeviceGetUtilizationRates(self, handle: Card) -> Any:
        """Tell its use."""
        return said(handle.utilization)

    def nvmlDeviceGetTemperature(self, handle: Card, sensor: int) -> Any:
        """Tell its temperature."""
        assert sensor == self.NVML_TEMPERATURE_GPU
        return said(handle.temperature)

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Card) -> Any:
        """List who computes."""
        return _new(handle, handle.compute)

    def nvmlDeviceGetComputeRunningProcesses_v2(self, handle: Card) -> Any:
        """List who computes."""
        return said(handle.compute)

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, handle: Card) -> Any:
        """List who draws."""
        return _new(handle, handle.graphics)

    def nvmlDeviceGetGraphicsRunningProcesses_v2(self, handle: Card) -> Any:
        """List who draws."""
        return said(handle.graphics)

    def nvmlDeviceGetMPSComputeRunningProcesses_v3(self, handle: Card) -> Any:
        """List who computes through the driver's server."""
        return _new(handle, handle.mps)

    def nvmlDeviceGetMPSComputeRunningProcesses_v2(self, handle: Card) -> Any:
        """List who computes through the driver's server."""
        return said(handle.mps)

    def nvmlDeviceGetProcessUtilization(self, handle: Card, timeStamp: int) -> Any:
        """Tell who computed since then."""
        handle.asked_since.append(timeStamp)
        return said(handle.busy)


def _new(handle: Card, value: Any) -> Any:
    return said(NVMLError_FunctionNotFound() if handle.old else value)
