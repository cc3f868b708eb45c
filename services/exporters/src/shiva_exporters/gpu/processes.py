"""The processes on a GPU, as NVML lists them: three lists that overlap, and a history of who computed."""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from shiva_exporters.gpu.asking import Asking, within
from shiva_exporters.gpu.source import GpuProcess

MAX_PID = 1 << 22  # the kernel's own limit
CLOCK_SLACK_US = 60_000_000


class Processes:
    """Asks for the processes of each GPU; remembers up to when the driver told who computed."""

    def __init__(self, nvml: Any, asking: Asking, *, clock_us: Callable[[], int]) -> None:
        """`nvml` has pynvml's functions; `clock_us` returns microseconds since 1970, as the driver's stamps are."""
        self._nvml = nvml
        self._asking = asking
        self._clock_us = clock_us
        self._told: dict[str, int] = {}  # by UUID

    def on(self, handle: object, uuid: str, *, card_bytes: int) -> Sequence[GpuProcess] | None:
        """Return who is on a GPU with that much memory, by pid; None where the driver does not tell all of them.

        Raises as `Asking.asked` does.
        """
        held = self._asking.asked(lambda: self._held(handle, card_bytes))
        if held is None:
            return None
        active = self._asking.asked(lambda: self._active(handle, uuid))
        return [
            GpuProcess(
                pid=pid,
                memory_used_bytes=held[pid],
                active_ratio=None if active is None else active.get(pid, 0.0),
            )
            for pid in sorted(held)
        ]

    def _held(self, handle: object, card_bytes: int) -> dict[int, int | None] | None:
        """Return memory by pid; one that computes and draws is in two lists with the same memory."""
        nvml = self._nvml
        computing = self._listed(
            handle, nvml.nvmlDeviceGetComputeRunningProcesses_v3, nvml.nvmlDeviceGetComputeRunningProcesses_v2
        )
        drawing = self._listed(
            handle, nvml.nvmlDeviceGetGraphicsRunningProcesses_v3, nvml.nvmlDeviceGetGraphicsRunningProcesses_v2
        )
        sharing = self._listed(
            handle, nvml.nvmlDeviceGetMPSComputeRunningProcesses_v3, nvml.nvmlDeviceGetMPSComputeRunningProcesses_v2
        )
        if computing is None:
            return None
        held: dict[int, int | None] = {}
        for each in chain(computing, drawing or (), sharing or ()):
            if 0 < each.pid <= MAX_PID:
                told = [held.get(each.pid), within(each.usedGpuMemory, 0, card_bytes)]
                held[each.pid] = max((amount for amount in told if amount is not None), default=None)
        return held

    def _listed(self, handle: object, *lists: Callable[[object], Iterable[Any]]) -> Iterable[Any] | None:
        """Return a list in the newest version that this driver has; None where this card or driver has no such list."""
        for ask in lists:
            try:
                return ask(handle)
            except self._nvml.NVMLError_FunctionNotFound:
                continue
            except self._nvml.NVMLError_NotSupported:
                break
        return None

    def _active(self, handle: object, uuid: str) -> dict[int, float | None]:
        """Return the share of time by pid since we asked last; who did nothing is not in it, None is garbage."""
        since = self._told.get(uuid, 0)
        if since > self._clock_us() + CLOCK_SLACK_US:
            since = 0  # the clock was set back, or the stamp was garbage: nobody would ever be newer
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(handle, since)
        except self._nvml.NVMLError as error:
            if isinstance(error, self._nvml.NVMLError_NotFound) or getattr(error, "value", None) == 0:
                return {}  # its two ways to say that nobody did anything
            raise
        fresh = sorted(
            (each for each in samples if 0 < each.pid <= MAX_PID and each.timeStamp > since),
            key=lambda each: int(each.timeStamp),
        )
        if fresh:
            self._told[uuid] = fresh[-1].timeStamp
        return {each.pid: each.smUtil / 100 if 0 <= each.smUtil <= 100 else None for each in fresh}


def now_us() -> int:
    """Return microseconds since 1970."""
    return time.time_ns() // 1000
