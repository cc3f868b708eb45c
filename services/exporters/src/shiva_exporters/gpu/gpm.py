"""How much of a card's multiprocessors, or of a MIG device's, works: the performance monitor of Hopper and newer (GPM)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from shiva_exporters.gpu.asking import Questions, within

MULTIPROCESSORS, TENSOR = 2, 5  # GPM's metrics
LEAST_SECONDS = 1.0  # between two samples, which NVIDIA asks for

Ratios = Mapping[int, float]  # by metric, 0 to 1


class Monitor:
    """Asks for one card, or for one GPU instance of it: the mean from one sample to the next."""

    def __init__(self, instance: int | None, *, steady: Callable[[], float]) -> None:
        """`instance` is None for the card as a whole; `steady` returns seconds that never go back."""
        self._instance = instance
        self._steady = steady
        self._supported: bool | None = None
        self._samples: list[Any] = []  # two: the newer one, and the one to be filled next
        self._filled = False  # whether the newer one is of this card
        self._filled_at = 0.0
        self._told: Ratios = {}

    def read(self, card: Questions) -> Ratios:
        """Return what is told; nothing until a second after the first time. Raises as `Questions.ask` does."""
        now = self._steady()
        if self._filled and now - self._filled_at < LEAST_SECONDS:
            return self._told
        if not self._ready(card):
            return {}
        newer, older = self._samples
        filled = self._fill(card, older)
        self._told = self._between(card, newer, older) if filled and self._filled else {}
        self._samples = [older, newer]
        self._filled, self._filled_at = filled, now
        return self._told

    def end(self, nvml: Any, errors: tuple[type[Exception], ...]) -> None:
        """Give the samples back."""
        for sample in self._samples:
            with suppress(*errors):
                nvml.nvmlGpmSampleFree(sample)
        self._samples, self._filled = [], False

    def _ready(self, card: Questions) -> bool:
        if self._supported is None:
            support = card.ask("nvmlGpmQueryDeviceSupport")
            self._supported = None if support is None else bool(support.isSupportedDevice)
        while self._supported and len(self._samples) < 2:
            sample = card.asked(("nvmlGpmSampleAlloc",), card.asking.nvml.nvmlGpmSampleAlloc)
            if sample is None:
                break
            self._samples.append(sample)
        return len(self._samples) == 2

    def _fill(self, card: Questions, sample: Any) -> bool:
        nvml, instance = card.asking.nvml, self._instance
        if instance is None:
            return card.asked(("nvmlGpmSampleGet",), lambda: nvml.nvmlGpmSampleGet(card.handle, sample)) is not None
        question = ("nvmlGpmMigSampleGet", instance)
        return card.asked(question, lambda: nvml.nvmlGpmMigSampleGet(card.handle, instance, sample)) is not None

    def _between(self, card: Questions, first: Any, second: Any) -> Ratios:
        nvml = card.asking.nvml

        def question() -> Any:
            asked = nvml.c_nvmlGpmMetricsGet_t()
            asked.version = nvml.NVML_GPM_METRICS_GET_VERSION
            asked.sample1, asked.sample2 = first, second
            asked.numMetrics = 2
            asked.metrics[0].metricId, asked.metrics[1].metricId = MULTIPROCESSORS, TENSOR
            return nvml.nvmlGpmMetricsGet(asked)

        answer = card.asked(("nvmlGpmMetricsGet",), question)
        if answer is None:
            return {}
        told = {each.metricId: each.value / 100 for each in answer.metrics[:2] if not each.nvmlReturn}
        return {metric: value for metric, value in told.items() if within(value, 0, 1) is not None}
