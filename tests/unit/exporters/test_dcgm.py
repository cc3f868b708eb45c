"""The same values under DCGM's names: what dashboards made for dcgm-exporter ask for, in its units."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.dcgm import LABELS, VALUES, XID, aliases
from shiva_exporters.gpu.facts import ABOUT
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.gpu.source import GpuSample, Identity, Reading, Xid

CONTRACT = Path(__file__).resolve().parents[3] / "services/exporters/METRICS.md"
CARD = GpuSample(
    index=1, uuid="GPU-1", model="NVIDIA H200", up=True, memory_used_bytes=3 * 2**20, utilization_ratio=0.29,
    temperature_celsius=41.0, identity=Identity(pci_bus_id="00000000:18:00.0", minor="3"),
    facts={
        ("shiva_gpu_clock_hertz", "sm"): 345e6, ("shiva_gpu_clock_hertz", "memory"): 2619e6,
        ("shiva_gpu_memory_temperature_celsius",): 36.0, ("shiva_gpu_power_watts",): 76.42,
        ("shiva_gpu_energy_joules_total",): 123456.789, ("shiva_gpu_pcie_replays_total",): 2,
        ("shiva_gpu_memory_bandwidth_utilization_ratio",): 0.4, ("shiva_gpu_encoder_utilization_ratio",): 0.57,
        ("shiva_gpu_decoder_utilization_ratio",): 0.06, ("shiva_gpu_memory_free_bytes",): 5 * 2**20,
        ("shiva_gpu_memory_reserved_bytes",): 2**20, ("shiva_gpu_ecc_errors_total", "corrected", "volatile"): 7,
        ("shiva_gpu_ecc_errors_total", "uncorrected", "volatile"): 1, ("shiva_gpu_remapped_rows", "corrected"): 4,
        ("shiva_gpu_remapped_rows", "uncorrected"): 5, ("shiva_gpu_row_remap_failure",): 0,
    },
)  # fmt: skip
WATCHED = {"GPU-1": {79: Xid(count=1, last_at=100.0), 31: Xid(count=5, last_at=200.0)}}
READING = Reading(driver_version="580", gpus=[CARD], xids=WATCHED)


def told(reading: Reading) -> dict[str, float]:
    return {sample.name: sample.value for family in aliases(reading, "gpu-01") for sample in family.samples}


def test_every_alias_has_its_value_in_dcgms_unit() -> None:
    assert {name.removeprefix("DCGM_FI_DEV_"): value for name, value in told(READING).items()} == {
        "SM_CLOCK": 345, "MEM_CLOCK": 2619, "GPU_TEMP": 41, "MEMORY_TEMP": 36, "POWER_USAGE": 76.42,
        "TOTAL_ENERGY_CONSUMPTION": 123456789, "PCIE_REPLAY_COUNTER": 2, "GPU_UTIL": 29, "MEM_COPY_UTIL": 40,
        "ENC_UTIL": 57, "DEC_UTIL": 6, "FB_FREE": 5, "FB_USED": 3, "FB_RESERVED": 1, "ECC_SBE_VOL_TOTAL": 7,
        "ECC_DBE_VOL_TOTAL": 1, "CORRECTABLE_REMAPPED_ROWS": 4, "UNCORRECTABLE_REMAPPED_ROWS": 5,
        "ROW_REMAP_FAILURE": 0, "XID_ERRORS": 31,
    }  # fmt: skip


def test_the_contract_lists_them_with_sources_that_exist() -> None:
    rows = re.findall(r"^\| `(DCGM_\w+)` \| `(shiva_\w+)", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == [*VALUES, XID]
    typed = {"shiva_gpu_utilization_ratio", "shiva_gpu_memory_used_bytes", "shiva_gpu_temperature_celsius"}
    assert {source for _, source in rows} <= {*ABOUT, *typed, "shiva_gpu_xid_errors_total"}


def test_what_is_unknown_has_no_alias() -> None:
    silent = replace(CARD, memory_used_bytes=None, utilization_ratio=None, temperature_celsius=None, facts={})
    assert told(replace(READING, gpus=[silent], xids={})) == {}
    assert told(replace(READING, gpus=[silent], xids={"GPU-1": {}})) == {XID: 0}
    assert told(replace(READING, gpus=[replace(CARD, uuid=None)])) == {}


@pytest.mark.parametrize(("minor", "device"), [("3", "nvidia3"), ("", "")])
def test_the_labels_are_those_of_dcgm_exporter(minor: str, device: str) -> None:
    card = replace(CARD, identity=replace(CARD.identity, minor=minor))
    labels = [s.labels for family in aliases(replace(READING, gpus=[card]), "gpu-01") for s in family.samples]
    assert labels == [
        dict(zip(LABELS, ("1", "GPU-1", "00000000:18:00.0", device, "NVIDIA H200", "gpu-01"), strict=True))
    ] * (len(VALUES) + 1)


# what grafana.com's dashboard 12239 asks for
DASHBOARD_12239 = [
    'DCGM_FI_DEV_GPU_TEMP{instance=~"$instance", gpu=~"$gpu"}',
    'avg(DCGM_FI_DEV_GPU_TEMP{instance=~"$instance", gpu=~"$gpu"})',
    'DCGM_FI_DEV_POWER_USAGE{instance=~"$instance", gpu=~"$gpu"}',
    'sum(DCGM_FI_DEV_POWER_USAGE{instance=~"$instance", gpu=~"$gpu"})',
    'DCGM_FI_DEV_SM_CLOCK{instance=~"$instance", gpu=~"$gpu"} * 1000000',
    'DCGM_FI_DEV_GPU_UTIL{instance=~"$instance", gpu=~"$gpu"}',
    'DCGM_FI_DEV_FB_USED{instance=~"$instance", gpu=~"$gpu"}',
    "label_values(DCGM_FI_DEV_GPU_TEMP, gpu)",
]


@pytest.mark.parametrize("query", DASHBOARD_12239)
def test_dashboard_12239_finds_what_it_asks_for(query: str) -> None:
    [name] = re.findall(r"DCGM_\w+", query)
    asked = set(re.findall(r"(\w+)=~", query)) - {"instance"}  # which Prometheus attaches
    now = Snapshot(driver_present=True, success=True, reading=READING, collected_at=1.0, duration_seconds=0.1)
    registry = CollectorRegistry()
    registry.register(GpuCollector(lambda: now, dcgm_hostname="gpu-01"))
    page = generate_latest(registry).decode()
    labels = [s.labels for f in text_string_to_metric_families(page) for s in f.samples if s.name == name]
    assert len(labels) == 1
    assert asked <= labels[0].keys()
    assert f"# TYPE {name} untyped\n" in page


def test_without_a_hosts_name_there_are_none() -> None:
    now = Snapshot(driver_present=True, success=True, reading=READING, collected_at=1.0, duration_seconds=0.1)
    registry = CollectorRegistry()
    registry.register(GpuCollector(lambda: now))
    assert b"DCGM" not in generate_latest(registry)
