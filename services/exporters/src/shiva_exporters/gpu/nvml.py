"""GpuSource over NVML, the driver's own library, through nvidia-ml-py (imported as pynvml)."""

import ctypes
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from shiva_exporters.gpu.asking import Asking, within
from shiva_exporters.gpu.processes import Processes, now_us
from shiva_exporters.gpu.source import GpuReadError, GpuSample, NoDriverError, Reading

DRIVER_LIBRARY = "libnvidia-ml.so.1"
MAX_CARD_BYTES = 1 << 50
COLDEST, HOTTEST = -100, 250


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

    def __init__(self, load: Callable[[], Any] = binding, *, clock_us: Callable[[], int] = now_us) -> None:
        """`load` returns something with pynvml's functions and errors, or raises NoDriverError."""
        self._load = load
        self._clock_us = clock_us
        self._nvml: Any = None
        self._asking: Asking
        self._processes: Processes
        self._ready = False
        self._named: list[GpuSample | None] = []  # who sits where; a lost card cannot say its name any more

    def read(self) -> Reading:
        """Return one reading; see `GpuSource.read`."""
        if self._nvml is None:
            self._nvml = self._load()
            self._asking = Asking(self._nvml)
            self._processes = Processes(self._nvml, self._asking, clock_us=self._clock_us)
        try:
            if not self._ready:
                self._nvml.nvmlInit()
                self._ready = True
            version = str(self._nvml.nvmlSystemGetDriverVersion())
            gpus = self._cards(int(self._nvml.nvmlDeviceGetCount()))
        except self._asking.absent as error:
            self._let_go()
            raise NoDriverError(str(error)) from error
        except self._asking.all as error:
            self._let_go()
            raise GpuReadError(str(error)) from error
        return Reading(driver_version=version, gpus=gpus)

    def _let_go(self) -> None:
        """End our use of the driver: NVML counts its users, and only the first one's start is a real one."""
        self._named = []
        if self._ready:
            self._ready = False
            with suppress(*self._asking.all):
                self._nvml.nvmlShutdown()

    def _cards(self, count: int) -> Sequence[GpuSample]:
        if len(self._named) != count:  # one fell off, or came: an index may be another card's now
            self._named = [None] * count
        return distinct([self._gpu(index) for index in range(count)])

    def _gpu(self, index: int) -> GpuSample:
        """Return one GPU; one that is lost does not take the others along, a driver that is gone does."""
        nvml = self._nvml
        down = self._named[index] or GpuSample(index=index, uuid=None, model="unknown", up=False)
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            uuid, model = str(nvml.nvmlDeviceGetUUID(handle)), str(nvml.nvmlDeviceGetName(handle))
            down = self._named[index] = GpuSample(index=index, uuid=uuid or None, model=model, up=False)
            return self._values(handle, index, uuid, model) if uuid else down
        except self._asking.gone:
            raise
        except self._asking.all:
            return down

    def _values(self, handle: object, index: int, uuid: str, model: str) -> GpuSample:
        nvml, asked = self._nvml, self._asking.asked
        memory = self._memory(handle)
        total = None if memory is None else within(int(memory.total), 1, MAX_CARD_BYTES)
        used = None if memory is None else within(int(memory.used), 0, total or MAX_CARD_BYTES)
        utilization = within(asked(lambda: int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)), 0, 100)
        temperature = asked(lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)))
        return GpuSample(
            index=index,
            uuid=uuid,
            model=model,
            up=True,
            memory_total_bytes=total,
            memory_used_bytes=used,
            utilization_ratio=None if utilization is None else utilization / 100,
            temperature_celsius=within(temperature, COLDEST, HOTTEST),
            processes=self._processes.on(handle, uuid, card_bytes=total or MAX_CARD_BYTES),
        )

    def _memory(self, handle: object) -> Any:
        """Return total and used bytes; version 2 leaves the driver's own share out of `used`, older drivers lack it."""
        nvml, asked = self._nvml, self._asking.asked
        second = asked(lambda: nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2))
        return second if second is not None else asked(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))


def distinct(samples: Sequence[GpuSample]) -> list[GpuSample]:
    """Return the samples; those that tell the same UUID are nobody in particular, and a lost card yields to a living one."""
    living = Counter(each.uuid for each in samples if each.up)
    every = Counter(each.uuid for each in samples)
    return [
        each
        if (living if each.up else every)[each.uuid] == 1
        else GpuSample(index=each.index, uuid=None, model="unknown", up=False)
        for each in samples
    ]
