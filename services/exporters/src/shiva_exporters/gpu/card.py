"""One card between two starts of the driver: what it tells at each round, and what it is asked for once a minute."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from shiva_exporters.gpu.asking import Asking, Questions, within
from shiva_exporters.gpu.facts import COLDEST, HOTTEST, Told, often, possible, seldom
from shiva_exporters.gpu.memory import Memory, memory
from shiva_exporters.gpu.mig import Part, parts
from shiva_exporters.gpu.processes import Processes
from shiva_exporters.gpu.source import Fact, GpuSample, Identity, MigSample
from shiva_exporters.gpu.xids import Xids

SELDOM_SECONDS = 60.0
MIG_MODES = ("disabled", "enabled")


class Card:
    """Reads one card."""

    def __init__(self, asking: Asking, processes: Processes, xids: Xids, *, steady: Callable[[], float]) -> None:
        """`steady` returns seconds that never go back."""
        self._asking = asking
        self._processes = processes
        self._xids = xids
        self._steady = steady
        self._questions = Questions(asking, None)
        self._asked_at = -math.inf
        self._seldom: dict[Fact, float] = {}
        self._parts: Sequence[Part] = ()
        self.identity = Identity()

    def sample(self, handle: object, *, index: int, uuid: str, model: str) -> GpuSample:
        """Return what the card tells now; raises as `Questions.ask` does."""
        self._questions.handle = handle
        now = self._steady()
        if now - self._asked_at >= SELDOM_SECONDS:
            self._ask_seldom()
            self._asked_at = now
        card = self._questions
        self._xids.watch(self._asking, card, uuid)
        held = memory(card)
        rates = card.ask("nvmlDeviceGetUtilizationRates")
        utilization = None if rates is None else within(rates.gpu, 0, 100)
        heat = card.ask("nvmlDeviceGetTemperatureV", self._asking.nvml.NVML_TEMPERATURE_GPU)
        if heat is None:
            heat = card.ask("nvmlDeviceGetTemperature", self._asking.nvml.NVML_TEMPERATURE_GPU)
        mig = self._mig()
        return GpuSample(
            index=index,
            uuid=uuid,
            model=model,
            up=True,
            memory_total_bytes=held.total,
            memory_used_bytes=held.used,
            utilization_ratio=None if utilization is None else utilization / 100,
            temperature_celsius=within(None if heat is None else float(heat), COLDEST, HOTTEST),
            processes=self._processes.on(card, uuid, held, [part.questions for part in self._parts]),
            identity=self.identity,
            facts=self._seldom | possible(often(card)) | possible(_beside(held, rates)),
            mig=mig,
        )

    def _ask_seldom(self) -> None:
        identity = _identity(self._questions)
        if identity.mig_mode != self.identity.mig_mode:  # what it supports has changed with it
            self._questions = Questions(self._asking, self._questions.handle)
        self.identity = identity
        self._seldom = possible(seldom(self._questions))
        self._parts = parts(self._questions) if identity.mig_mode == MIG_MODES[1] else []

    def _mig(self) -> Sequence[MigSample]:
        """Ask the MIG devices; one that is gone means that there are others now, and no lost card."""
        try:
            return tuple(part.sample() for part in self._parts)
        except self._asking.lost:
            self._parts = parts(self._questions)
            return ()


def _beside(held: Memory, rates: Any) -> Told:
    yield ("shiva_gpu_memory_reserved_bytes",), held.reserved
    yield ("shiva_gpu_memory_free_bytes",), held.free
    yield ("shiva_gpu_memory_bandwidth_utilization_ratio",), None if rates is None else rates.memory / 100


def _identity(card: Questions) -> Identity:
    pci, minor = card.ask("nvmlDeviceGetPciInfo"), card.ask("nvmlDeviceGetMinorNumber")
    capability, mode = card.ask("nvmlDeviceGetCudaComputeCapability"), card.ask("nvmlDeviceGetMigMode")
    return Identity(
        pci_bus_id="" if pci is None else _text(pci.busId),
        minor="" if minor is None else str(minor),
        compute_capability="" if capability is None else "{}.{}".format(*capability),
        mig_mode=MIG_MODES[mode[0]] if mode and mode[0] in range(2) else "",
    )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")
