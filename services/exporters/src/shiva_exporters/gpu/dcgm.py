"""The cards' values under the names and in the units of NVIDIA's dcgm-exporter, for the dashboards that people have; see METRICS.md."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.metrics_core import Metric

from shiva_exporters.gpu.source import GpuSample, Reading, Xid

LABELS = ("gpu", "UUID", "pci_bus_id", "device", "modelName", "Hostname")
MIB = 1 << 20

Value = Callable[[GpuSample], float | None]


def _fact(*fact: str, times: float = 1) -> Value:
    def value(gpu: GpuSample) -> float | None:
        return _scaled(gpu.facts.get(fact), times)

    return value


def _scaled(value: float | None, times: float) -> float | None:
    return None if value is None else round(value * times, 6)


VALUES: Mapping[str, tuple[str, Value]] = {
    "DCGM_FI_DEV_SM_CLOCK": ("MHz.", _fact("shiva_gpu_clock_hertz", "sm", times=1e-6)),
    "DCGM_FI_DEV_MEM_CLOCK": ("MHz.", _fact("shiva_gpu_clock_hertz", "memory", times=1e-6)),
    "DCGM_FI_DEV_GPU_TEMP": ("Degrees Celsius.", lambda gpu: gpu.temperature_celsius),
    "DCGM_FI_DEV_MEMORY_TEMP": ("Degrees Celsius.", _fact("shiva_gpu_memory_temperature_celsius")),
    "DCGM_FI_DEV_POWER_USAGE": ("Watts.", _fact("shiva_gpu_power_watts")),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("Millijoules.", _fact("shiva_gpu_energy_joules_total", times=1000)),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": ("Transfers.", _fact("shiva_gpu_pcie_replays_total")),
    "DCGM_FI_DEV_GPU_UTIL": ("Percent.", lambda gpu: _scaled(gpu.utilization_ratio, 100)),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("Percent.", _fact("shiva_gpu_memory_bandwidth_utilization_ratio", times=100)),
    "DCGM_FI_DEV_ENC_UTIL": ("Percent.", _fact("shiva_gpu_encoder_utilization_ratio", times=100)),
    "DCGM_FI_DEV_DEC_UTIL": ("Percent.", _fact("shiva_gpu_decoder_utilization_ratio", times=100)),
    "DCGM_FI_DEV_FB_FREE": ("MiB.", _fact("shiva_gpu_memory_free_bytes", times=1 / MIB)),
    "DCGM_FI_DEV_FB_USED": ("MiB.", lambda gpu: _scaled(gpu.memory_used_bytes, 1 / MIB)),
    "DCGM_FI_DEV_FB_RESERVED": ("MiB.", _fact("shiva_gpu_memory_reserved_bytes", times=1 / MIB)),
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": ("Errors.", _fact("shiva_gpu_ecc_errors_total", "corrected", "volatile")),
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": ("Errors.", _fact("shiva_gpu_ecc_errors_total", "uncorrected", "volatile")),
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": ("Rows.", _fact("shiva_gpu_remapped_rows", "corrected")),
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": ("Rows.", _fact("shiva_gpu_remapped_rows", "uncorrected")),
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": ("0 or 1.", _fact("shiva_gpu_row_remap_failure")),
}
XID = "DCGM_FI_DEV_XID_ERRORS"


def aliases(reading: Reading, hostname: str) -> Iterator[Metric]:
    """Yield them; untyped, since prometheus-client gives no counter a name without `_total`."""
    named = [(gpu, _labels(gpu, hostname)) for gpu in reading.gpus if gpu.uuid is not None]
    for name, (unit, value_of) in VALUES.items():
        family = Metric(name, unit, "unknown")
        for gpu, labels in named:
            value = value_of(gpu)
            if value is not None:
                family.add_sample(name, labels, value)
        yield family
    last = Metric(XID, "The last XID, 0 for none.", "unknown")
    for gpu, labels in named:
        xids = reading.xids.get(gpu.uuid or "")
        if xids is not None:
            last.add_sample(XID, labels, _last(xids))
    yield last


def _labels(gpu: GpuSample, hostname: str) -> dict[str, str]:
    device = f"nvidia{gpu.identity.minor}" if gpu.identity.minor else ""
    values = (str(gpu.index), gpu.uuid or "", gpu.identity.pci_bus_id, device, gpu.model, hostname)
    return dict(zip(LABELS, values, strict=True))


def _last(xids: Mapping[int, Xid]) -> int:
    return max(xids, key=lambda number: xids[number].last_at, default=0)
