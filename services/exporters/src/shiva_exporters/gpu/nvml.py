"""GpuSource over NVML, the driver's own library, through nvidia-ml-py (imported as pynvml)."""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from shiva_exporters.gpu.source import GpuReadError, GpuSample, NoDriverError, Reading

T = TypeVar("T")

DRIVER_LIBRARY = "libnvidia-ml.so.1"


def binding() -> Any:
    """Return pynvml where the driver is; importing it costs 19 MB, which a machine without GPUs does not pay.

    Raises:
        NoDriverError: the driver's library cannot be loaded.
    """
    try:
        ctypes.CDLL(DRIVER_LIBRARY)
    except OSError as error:
        raise NoDriverError(str(error)) from error
    import pynvml

    return pynvml


class Nvml:
    """Reads through NVML; initialises again after any failure, because drivers come, go and are updated."""

    def __init__(self, load: Callable[[], Any] = binding) -> None:
        """`load` returns something with pynvml's functions and errors, or raises NoDriverError."""
        self._load = load
        self._nvml: Any = None
        self._ready = False

    def read(self) -> Reading:
        """Return one reading; see `GpuSource.read`."""
        if self._nvml is None:
            self._nvml = self._load()
        try:
            if not self._ready:
                self._nvml.nvmlInit()
                self._ready = True
            version = str(self._nvml.nvmlSystemGetDriverVersion())
            count = int(self._nvml.nvmlDeviceGetCount())
        except self._no_driver as error:
            self._let_go()
            raise NoDriverError(str(error)) from error
        except self._errors as error:
            self._let_go()
            raise GpuReadError(str(error)) from error
        return Reading(driver_version=version, gpus=[self._gpu(index) for index in range(count)])

    def _let_go(self) -> None:
        """End our use of the driver: NVML counts its users, and only the first one's start is a real one."""
        if self._ready:
            self._ready = False
            with suppress(*self._errors):
                self._nvml.nvmlShutdown()

    @property
    def _no_driver(self) -> tuple[type[Exception], ...]:
        nvml = self._nvml
        return (nvml.NVMLError_LibraryNotFound, nvml.NVMLError_DriverNotLoaded)

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        # NVMLLibraryMismatchError is no NVMLError
        return (self._nvml.NVMLError, self._nvml.NVMLLibraryMismatchError)

    def _gpu(self, index: int) -> GpuSample:
        """Return one GPU; one that is lost does not take the others along."""
        nvml = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            uuid, model = str(nvml.nvmlDeviceGetUUID(handle)), str(nvml.nvmlDeviceGetName(handle))
        except self._errors:
            return GpuSample(index=index, uuid=None, model="unknown", up=False)
        try:
            memory = self._memory(handle)
            utilization = self._asked(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            temperature = self._asked(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
        except self._errors:
            return GpuSample(index=index, uuid=uuid, model=model, up=False)
        return GpuSample(
            index=index,
            uuid=uuid,
            model=model,
            up=True,
            memory_total_bytes=None if memory is None else int(memory.total),
            memory_used_bytes=None if memory is None else int(memory.used),
            utilization_ratio=None if utilization is None else utilization / 100,
            temperature_celsius=None if temperature is None else float(temperature),
        )

    def _asked(self, question: Callable[[], T]) -> T | None:
        """Return the answer, or None where this card or driver does not know the question."""
        try:
            return question()
        except (self._nvml.NVMLError_NotSupported, self._nvml.NVMLError_FunctionNotFound):
            return None

    def _memory(self, handle: object) -> Any:
        """Return total and used bytes; version 2 leaves the driver's own share out of `used`, older drivers lack it."""
        nvml = self._nvml
        second = self._asked(lambda: nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2))
        return second if second is not None else self._asked(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
