"""What a fake card tells beside its use: `told` by the end of the function's name, as "PowerUsage" or "ClockInfo.1"; nothing is NOT_SUPPORTED."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any


def said(value: Any) -> Any:
    """Return what a function answers, or raise it."""
    if isinstance(value, Exception):
        raise value
    return value


class Facts:
    """A part of the module."""

    NVMLError_NotFound: type[Exception]
    cuda: Any

    def nvmlSystemGetCudaDriverVersion(self) -> Any:
        """Tell the newest CUDA it serves."""
        return said(self.cuda)

    def nvmlDeviceGetPciInfo(self, handle: Any) -> Any:
        """Tell where it sits."""
        return SimpleNamespace(busId=handle.says("PciInfo"))

    def nvmlDeviceGetMinorNumber(self, handle: Any) -> Any:
        """Tell the number of its device file."""
        return handle.says("MinorNumber")

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any) -> Any:
        """Tell what it can."""
        return handle.says("CudaComputeCapability")

    def nvmlDeviceGetMigMode(self, device: Any) -> Any:
        """Tell whether it is divided."""
        return device.says("MigMode")

    def nvmlDeviceGetMaxMigDeviceCount(self, device: Any) -> Any:
        """Tell how many slots it has."""
        return device.says("MaxMigDeviceCount")

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: Any, index: int) -> Any:
        """Find a part of it."""
        return said(device.migs.get(index, self.NVMLError_NotFound()))

    def nvmlDeviceGetGpuInstanceId(self, device: Any) -> Any:
        """Tell a part's number."""
        return device.says("GpuInstanceId")

    def nvmlDeviceGetTemperatureV(self, handle: Any, sensor: int, version: int = 0x0100000C) -> Any:
        """Tell its temperature in the new way."""
        del version
        return handle.says(f"TemperatureV.{sensor}")

    def nvmlDeviceGetTemperatureThreshold(self, handle: Any, threshold: int) -> Any:
        """Tell when it slows down."""
        return handle.says(f"TemperatureThreshold.{threshold}")

    def nvmlDeviceGetMarginTemperature(self, handle: Any) -> Any:
        """Tell how far that is."""
        return handle.says("MarginTemperature")

    def nvmlDeviceGetEncoderUtilization(self, handle: Any) -> Any:
        """Tell an engine's use."""
        return handle.says("EncoderUtilization")

    def nvmlDeviceGetDecoderUtilization(self, handle: Any) -> Any:
        """Tell an engine's use."""
        return handle.says("DecoderUtilization")

    def nvmlDeviceGetPowerUsage(self, handle: Any) -> Any:
        """Tell its power."""
        return handle.says("PowerUsage")

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: Any) -> Any:
        """Tell its limit."""
        return handle.says("EnforcedPowerLimit")

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any) -> Any:
        """Tell its energy."""
        return handle.says("TotalEnergyConsumption")

    def nvmlDeviceGetClockInfo(self, handle: Any, type: int) -> Any:
        """Tell a clock."""
        return handle.says(f"ClockInfo.{type}")

    def nvmlDeviceGetPerformanceState(self, handle: Any) -> Any:
        """Tell its state."""
        return handle.says("PerformanceState")

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: Any) -> Any:
        """Tell what holds its clocks down."""
        return handle.says("ClocksEventReasons")

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: Any) -> Any:
        """Tell it in the old way."""
        return handle.says("ClocksThrottleReasons")

    def nvmlDeviceGetNumFans(self, device: Any) -> Any:
        """Count its fans."""
        return device.says("NumFans")

    def nvmlDeviceGetFanSpeed_v2(self, handle: Any, fan: int) -> Any:
        """Tell a fan's speed."""
        return handle.says(f"FanSpeed_v2.{fan}")

    def nvmlDeviceGetPcieReplayCounter(self, handle: Any) -> Any:
        """Count what was repeated."""
        return handle.says("PcieReplayCounter")

    def nvmlDeviceGetTotalEccErrors(self, handle: Any, errorType: int, counterType: int) -> Any:
        """Count errors."""
        return handle.says(f"TotalEccErrors.{errorType}.{counterType}")

    def nvmlDeviceGetRemappedRows(self, device: Any) -> Any:
        """Count rows."""
        return device.says("RemappedRows")

    def nvmlDeviceGetFieldValues(self, handle: Any, fieldIds: Sequence[int]) -> Any:
        """Tell numbered values: a test says (code, type, {member: value})."""
        told = [handle.says(f"FieldValues.{number}") for number in fieldIds]
        return [
            SimpleNamespace(nvmlReturn=code, valueType=kind, value=SimpleNamespace(**value))
            for code, kind, value in told
        ]
