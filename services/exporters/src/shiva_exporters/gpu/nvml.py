"""GpuSource over NVML, the driver's own library, through nvidia-ml-py (imported as pynvml)."""

import ctypes
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from shiva_exporters.gpu.asking import Asking
from shiva_exporters.gpu.card import Card
from shiva_exporters.gpu.processes import Processes, now_us
from shiva_exporters.gpu.source import GpuReadError, GpuSample, NoDriverError, Reading
from shiva_exporters.gpu.xids import Xids

DRIVER_LIBRARY = "libnvidia-ml.so.1"
MAX_GPUS = 1024  # more are garbage


def binding() -> Any:
    """Return pynvml where the driver is; importing it costs 19 MB, which a machine without GPUs does not pay.

    Raises:
        NoDriverError: the driver's library cannot be loaded.
        GpuReadError: another package has taken the binding's name.
    """
    try:
        ctypes.CDLL(DRIVER_LIBRARY)
    except OSError as error:
        raise NoDriverError(str(error)) from error
    import pynvml

    if not hasattr(pynvml, "nvmlDeviceGetMarginTemperature"):
        raise GpuReadError("an old package pynvml hides nvidia-ml-py: uninstall both, and install nvidia-ml-py again")
    return pynvml


class Nvml:
    """Reads through NVML; initialises again after any failure, because drivers come, go and are updated."""

    def __init__(
        self,
        load: Callable[[], Any] = binding,
        *,
        clock_us: Callable[[], int] = now_us,
        steady: Callable[[], float] = time.monotonic,
        xids: Xids | None = None,
    ) -> None:
        """`load` returns something with pynvml's functions and errors, or raises NoDriverError."""
        self._load = load
        self._clock_us = clock_us
        self._steady = steady
        self._nvml: Any = None
        self._asking: Asking
        self._processes: Processes
        self._ready = False
        self._xids = xids or Xids()
        self._cards: dict[str, Card] = {}  # by UUID
        self._named: list[GpuSample | None] = []  # who sits where; a lost card cannot say its name any more

    def read(self) -> Reading:
        """Return one reading; see `GpuSource.read`."""
        if self._nvml is None:
            self._nvml = self._load()
            self._asking = Asking(self._nvml)
            self._processes = Processes(self._asking, clock_us=self._clock_us)
        must = self._asking.must
        try:
            if not self._ready:
                must("nvmlInit")
                self._ready = True
            version = str(must("nvmlSystemGetDriverVersion"))
            cuda = self._cuda_version()
            gpus = self._gpus(int(must("nvmlDeviceGetCount")))
        except self._asking.absent as error:
            self._let_go()
            raise NoDriverError(str(error)) from error
        except self._asking.all as error:
            self._let_go()
            raise GpuReadError(str(error)) from error
        return Reading(
            driver_version=version,
            cuda_version=cuda,
            gpus=gpus,
            xids=self._xids.so_far(),
            errors=dict(self._asking.errors),
        )

    def _cuda_version(self) -> str:
        """Return the newest CUDA that the driver serves, as 12.4; empty where it does not tell."""
        try:
            number = int(self._asking.must("nvmlSystemGetCudaDriverVersion"))
        except self._asking.gone:
            raise
        except self._asking.all:
            return ""
        return f"{number // 1000}.{number % 1000 // 10}"

    def _let_go(self) -> None:
        """End our use of the driver: NVML counts its users, and only the first one's start is a real one."""
        for card in self._cards.values():
            card.end()
        self._named, self._cards = [], {}
        self._xids.end()
        if self._ready:
            self._ready = False
            with suppress(*self._asking.all):
                self._nvml.nvmlShutdown()

    def _gpus(self, count: int) -> Sequence[GpuSample]:
        if not 0 <= count <= MAX_GPUS:
            raise GpuReadError(f"the driver tells of {count} GPUs")
        if len(self._named) != count:  # one fell off, or came: an index may be another card's now
            self._named = [None] * count
        return distinct([self._gpu(index) for index in range(count)])

    def _gpu(self, index: int) -> GpuSample:
        """Return one GPU; one that is lost does not take the others along, a driver that is gone does."""
        must = self._asking.must
        down = self._named[index] or GpuSample(index=index, uuid=None, model="unknown", up=False)
        try:
            handle = must("nvmlDeviceGetHandleByIndex", index)
            uuid, model = str(must("nvmlDeviceGetUUID", handle)), str(must("nvmlDeviceGetName", handle))
            if not uuid:
                return GpuSample(index=index, uuid=None, model=model, up=False)
            card = self._cards.setdefault(uuid, Card(self._asking, self._processes, self._xids, steady=self._steady))
            down = self._named[index] = _down(card, index, uuid, model)
            sample = card.sample(handle, index=index, uuid=uuid, model=model)
            self._named[index] = _down(card, index, uuid, model)
        except self._asking.gone:
            raise
        except self._asking.all:
            return down
        return sample


def _down(card: Card, index: int, uuid: str, model: str) -> GpuSample:
    return GpuSample(index=index, uuid=uuid, model=model, up=False, identity=card.identity)


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
