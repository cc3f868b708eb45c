"""The processes on a GPU, as NVML lists them: three lists that overlap, and a history of who computed."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiva_exporters.gpu.asking import Asking, Questions, within
from shiva_exporters.gpu.memory import Memory
from shiva_exporters.gpu.source import GpuProcess

MAX_PID = 1 << 22  # the kernel's own limit
CLOCK_SLACK_US = 60_000_000
BESIDE_US = 60_000_000
COMPUTING = ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2")
DRAWING = ("nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2")
SHARING = ("nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2")
UTILIZATION = "nvmlDeviceGetProcessUtilization"

Held = dict[int, int | None]  # bytes by pid


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A MIG device of a card, and how much of it works, 0 to 1."""

    questions: Questions
    ratio: float | None

    def active(self, pids: set[int]) -> dict[int, float]:
        """Return who did how much: all is theirs who are alone, and of nothing everybody did nothing."""
        if self.ratio is None or (self.ratio > 0 and len(pids) > 1):
            return {}
        return dict.fromkeys(pids, self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    at_us: int
    used: int | None  # memory in use then: nobody comes or goes without changing it
    held: Mapping[int, int | None]


class _UntoldError(Exception):
    """A list that there is was not given."""


class Processes:
    """Asks for the processes of each GPU; remembers up to when the driver told who computed."""

    def __init__(self, asking: Asking, *, clock_us: Callable[[], int]) -> None:
        """`clock_us` returns microseconds since 1970, as the driver's stamps are."""
        self._asking = asking
        self._clock_us = clock_us
        self._told: dict[str, int] = {}  # by UUID
        self._beside: dict[str, _Beside] = {}  # by UUID

    def on(
        self, card: Questions, uuid: str, memory: Memory, parts: Sequence[Share] = ()
    ) -> Sequence[GpuProcess] | None:
        """Return who is on a GPU or on its MIG devices, by pid; None where the driver does not tell all of them.

        Raises as `Questions.ask` does.
        """
        try:
            held, shares = self._held(card, uuid, memory, parts)
        except _UntoldError:
            return None
        # Of MIG devices the driver does not tell who computes: its "nobody" means nothing there.
        active = None if parts else card.asked((UTILIZATION,), lambda: self._active(card.handle, uuid))
        return [
            GpuProcess(
                pid=pid,
                memory_used_bytes=held[pid],
                active_ratio=shares.get(pid) if active is None else active.get(pid, 0.0),
            )
            for pid in sorted(held)
        ]

    def _held(
        self, card: Questions, uuid: str, memory: Memory, parts: Sequence[Share]
    ) -> tuple[Held, dict[int, float]]:
        """Return memory by pid, and what MIG devices tell of their work; who computes and draws is in two lists."""
        held, shares = self._in_parts(memory, parts)
        computing = self._computing(card)
        if computing is None and not parts:  # of all its MIG devices a card need not tell
            raise _UntoldError
        _add(held, computing or (), memory.most)
        before = self._beside.get(uuid)
        if before is None or memory.used is None or before.used != memory.used or self._old(before):
            before = self._beside[uuid] = self._look_beside((card, *(part.questions for part in parts)), memory)
        for pid, amount in before.held.items():
            _put(held, pid, amount)
        return held, shares

    def _in_parts(self, memory: Memory, parts: Sequence[Share]) -> tuple[Held, dict[int, float]]:
        held: Held = {}
        shares: dict[int, float] = {}
        for part in parts:
            own: Held = {}
            computing = self._computing(part.questions)
            if computing is None:
                raise _UntoldError
            _add(own, computing, memory.most)
            shares |= part.active(set(own))
            for pid, amount in own.items():
                _put(held, pid, amount)
        return held, shares

    def _computing(self, card: Questions) -> Iterable[Any] | None:
        try:
            return self._listed(card, COMPUTING)
        except _UntoldError:
            return None

    def _old(self, before: _Beside) -> bool:
        return not 0 <= self._clock_us() - before.at_us < BESIDE_US

    def _look_beside(self, every: Iterable[Questions], memory: Memory) -> _Beside:
        """Ask for the lists that take the driver long, and rarely hold anybody."""
        held: Held = {}
        for each in every:
            for calls in (DRAWING, SHARING):
                _add(held, self._listed(each, calls) or (), memory.most)
        return _Beside(at_us=self._clock_us(), used=memory.used, held=held)

    def _listed(self, card: Questions, calls: Iterable[str]) -> Iterable[Any] | None:
        """Return a list in the newest version that this driver has; None where this card or driver has no such list."""
        for call in calls:
            answer: Iterable[Any] | None = card.ask(call)
            if answer is not None:
                return answer
            if not card.lacks(call):
                raise _UntoldError
        return None

    def _active(self, handle: object, uuid: str) -> dict[int, float | None]:
        """Return the share of time by pid since we asked last; who did nothing is not in it, None is garbage."""
        since = self._told.get(uuid, 0)
        if since > self._clock_us() + CLOCK_SLACK_US:
            since = 0  # the clock was set back, or the stamp was garbage: nobody would ever be newer
        nvml = self._asking.nvml
        try:
            samples = nvml.nvmlDeviceGetProcessUtilization(handle, since)
        except nvml.NVMLError as error:
            if isinstance(error, self._asking.nothing) or getattr(error, "value", None) == 0:
                return {}  # its two ways to say that nobody did anything
            raise
        fresh = sorted(
            (each for each in samples if 0 < each.pid <= MAX_PID and each.timeStamp > since),
            key=lambda each: int(each.timeStamp),
        )
        if fresh:
            self._told[uuid] = fresh[-1].timeStamp
        return {each.pid: each.smUtil / 100 if 0 <= each.smUtil <= 100 else None for each in fresh}


def _add(held: Held, listed: Iterable[Any], card_bytes: int) -> None:
    for each in listed:
        if 0 < each.pid <= MAX_PID:
            _put(held, each.pid, within(each.usedGpuMemory, 0, card_bytes))


def _put(held: Held, pid: int, amount: int | None) -> None:
    told = [each for each in (held.get(pid), amount) if each is not None]
    held[pid] = max(told, default=None)


def now_us() -> int:
    """Return microseconds since 1970."""
    return time.time_ns() // 1000
