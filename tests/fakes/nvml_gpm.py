"""A fake card's performance monitor: a test tells `Gpm`, or `Gpm.INSTANCE` for a MIG device, as (code, percent) by metric."""

from types import SimpleNamespace
from typing import Any


class Gpm:
    """A part of the module."""

    NVML_GPM_METRICS_GET_VERSION: int = 1
    gpm_samples: int

    def nvmlGpmQueryDeviceSupport(self, device: Any) -> Any:
        """Tell whether it has one."""
        return SimpleNamespace(isSupportedDevice=device.says("GpmSupport"))

    def nvmlGpmSampleAlloc(self) -> dict[str, Any]:
        """Begin."""
        self.gpm_samples += 1
        return {}

    def nvmlGpmSampleFree(self, gpmSample: dict[str, Any]) -> None:
        """End."""
        del gpmSample
        self.gpm_samples -= 1

    def nvmlGpmSampleGet(self, device: Any, gpmSample: dict[str, Any]) -> dict[str, Any]:
        """Look at a card."""
        gpmSample["told"] = device.says("Gpm")
        return gpmSample

    def nvmlGpmMigSampleGet(self, device: Any, gpuInstanceId: int, gpmSample: dict[str, Any]) -> dict[str, Any]:
        """Look at a part of it."""
        gpmSample["told"] = device.says(f"Gpm.{gpuInstanceId}")
        return gpmSample

    def c_nvmlGpmMetricsGet_t(self) -> Any:
        """Return an empty question."""
        return SimpleNamespace(metrics=[SimpleNamespace(metricId=0, nvmlReturn=0, value=0.0) for _ in range(4)])

    def nvmlGpmMetricsGet(self, metricsGet: Any) -> Any:
        """Compare two looks: the newer one tells."""
        assert metricsGet.version == self.NVML_GPM_METRICS_GET_VERSION
        assert metricsGet.sample1["told"] is not None
        for each in metricsGet.metrics[: metricsGet.numMetrics]:
            each.nvmlReturn, each.value = metricsGet.sample2["told"].get(each.metricId, (3, 0.0))
        return metricsGet
