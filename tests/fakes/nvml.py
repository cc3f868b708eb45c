"""A driver's library as nvidia-ml-py (`pynvml`) shows it: cards, their failures and the driver's are a test's to set.

Names are the library's own; `tests/unit/exporters/test_nvml.py` compares them with the real module.
"""

from dataclasses import dataclass, field


class NVMLError(Exception):
    """What the driver answers instead of a value."""


class NVMLLibraryMismatchError(Exception):
    """The driver is older than the binding; no NVMLError, as in the real module."""


class NVMLError_Uninitialized(NVMLError):
    """NVML was not initialised, or not any more."""


class NVMLError_NotSupported(NVMLError):
    """This card cannot tell."""


class NVMLError_NoPermission(NVMLError):
    """The driver is there and refuses us."""


class NVMLError_DriverNotLoaded(NVMLError):
    """The library is there, the kernel's module is not."""


class NVMLError_LibraryNotFound(NVMLError):
    """There is no library."""


class NVMLError_FunctionNotFound(NVMLError):
    """The driver is older than the question."""


class NVMLError_GpuIsLost(NVMLError):
    """The card fell off the bus."""


class NVMLError_LibRmVersionMismatch(NVMLError):
    """The driver was updated under a running process."""


class NVMLError_Unknown(NVMLError):
    """The driver does not know either."""


@dataclass
class FakeMemory:
    """Memory of a card; version 1 has nothing reserved and counts it as used."""

    total: int
    used: int
    reserved: int = 0


@dataclass
class FakeUtilization:
    """Percent."""

    gpu: int
    memory: int


@dataclass
class FakeGpu:
    """A card; `failing` is the function that fails → with what."""

    uuid: str
    name: str = "NVIDIA GeForce GTX 1080"
    memory: FakeMemory = field(default_factory=lambda: FakeMemory(8 * 2**30, 3 * 2**30, 100 * 2**20))
    utilization: int = 76
    temperature: int = 71
    failing: dict[str, type[Exception]] = field(default_factory=dict)


@dataclass
class FakeNvml:
    """The module; `failing` as of a card, for what concerns all of them."""

    gpus: list[FakeGpu] = field(default_factory=list)
    driver: str = "580.65.06"
    failing: dict[str, type[Exception]] = field(default_factory=dict)
    references: int = 0  # how often it was initialised without a shutdown
    calls: list[str] = field(default_factory=list)

    NVML_TEMPERATURE_GPU = 0
    nvmlMemory_v2 = 0x02000028
    NVMLError = NVMLError
    NVMLLibraryMismatchError = NVMLLibraryMismatchError
    NVMLError_Uninitialized = NVMLError_Uninitialized
    NVMLError_NotSupported = NVMLError_NotSupported
    NVMLError_NoPermission = NVMLError_NoPermission
    NVMLError_DriverNotLoaded = NVMLError_DriverNotLoaded
    NVMLError_LibraryNotFound = NVMLError_LibraryNotFound
    NVMLError_FunctionNotFound = NVMLError_FunctionNotFound
    NVMLError_GpuIsLost = NVMLError_GpuIsLost
    NVMLError_LibRmVersionMismatch = NVMLError_LibRmVersionMismatch
    NVMLError_Unknown = NVMLError_Unknown

    def nvmlInit(self) -> None:
        """Count a user."""
        self._called("nvmlInit")
        self.references += 1

    def nvmlShutdown(self) -> None:
        """Count a user less."""
        self._asked("nvmlShutdown")
        self.references -= 1

    def nvmlSystemGetDriverVersion(self) -> str:
        """Return the driver's version."""
        self._asked("nvmlSystemGetDriverVersion")
        return self.driver

    def nvmlDeviceGetCount(self) -> int:
        """Return how many cards there are, reachable or not."""
        self._asked("nvmlDeviceGetCount")
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:
        """Return a card."""
        return self._of(self.gpus[index], "nvmlDeviceGetHandleByIndex")

    def nvmlDeviceGetUUID(self, handle: FakeGpu) -> str:
        """Return what identifies it."""
        return self._of(handle, "nvmlDeviceGetUUID").uuid

    def nvmlDeviceGetName(self, handle: FakeGpu) -> str:
        """Return its model."""
        return self._of(handle, "nvmlDeviceGetName").name

    def nvmlDeviceGetMemoryInfo(self, handle: FakeGpu, version: int | None = None) -> FakeMemory:
        """Return its memory; name version 2 `nvmlDeviceGetMemoryInfo_v2` in `failing`, as the library does."""
        memory = self._of(handle, "nvmlDeviceGetMemoryInfo" + ("_v2" if version else "")).memory
        return memory if version else FakeMemory(memory.total, memory.used + memory.reserved)

    def nvmlDeviceGetUtilizationRates(self, handle: FakeGpu) -> FakeUtilization:
        """Return how busy it is."""
        return FakeUtilization(self._of(handle, "nvmlDeviceGetUtilizationRates").utilization, 0)

    def nvmlDeviceGetTemperature(self, handle: FakeGpu, sensor: int) -> int:
        """Return how hot it is."""
        assert sensor == self.NVML_TEMPERATURE_GPU
        return self._of(handle, "nvmlDeviceGetTemperature").temperature

    def _of(self, gpu: FakeGpu, name: str) -> FakeGpu:
        self._asked(name)
        if name in gpu.failing:
            raise gpu.failing[name]
        return gpu

    def _asked(self, name: str) -> None:
        self._called(name)
        if not self.references:
            raise NVMLError_Uninitialized

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise self.failing[name]
