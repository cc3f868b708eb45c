"""What makes each alert fire and what leaves it quiet: series in promtool's notation, one value a minute."""

from collections.abc import Mapping
from dataclasses import dataclass

Series = Mapping[str, str]
GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """With `fires` the alert is there after `minutes`, with `labels` beside its name and severity; with `quiet` it never is."""

    fires: Series
    quiet: Series
    labels: Mapping[str, str]
    minutes: int = 10


def node(metric: str, more: str = "") -> str:
    """Return a series of node_exporter on gpu-01."""
    return f'{metric}{{job="node",host="gpu-01",instance="gpu-01"{more}}}'


def gpu(metric: str, more: str = "") -> str:
    """Return a series of the GPU exporter on gpu-01."""
    return f'{metric}{{job="gpu",host="gpu-01",instance="gpu-01"{more}}}'


def card(metric: str, more: str = "") -> str:
    """Return a series of its first card."""
    return gpu(metric, f',gpu="0",uuid="GPU-1",name="H100"{more}')


def broker(metric: str, more: str = "") -> str:
    """Return a series of the broker exporter."""
    return f'{metric}{{job="broker",instance="broker-exporter"{more}}}'


def service(metric: str, name: str, more: str = "") -> str:
    """Return a series of one of the services."""
    return f'{metric}{{job="services",service="{name}",instance="{name}"{more}}}'


ADA = ',container_id="ada--default",user="ada",machine="gpu-01"'
LAUNCH = "1f" * 16
INFO = broker("shiva_container_info", f'{ADA},image="lab",launch_id="{LAUNCH}",name="default"')
LEASE = broker("shiva_gpu_lease", f'{ADA},uuid="GPU-1"')
AT_GPU = {"job": "gpu", "host": "gpu-01", "instance": "gpu-01"}
AT_NODE = {"job": "node", "host": "gpu-01", "instance": "gpu-01"}
CARD = {**AT_GPU, "gpu": "0", "uuid": "GPU-1", "name": "H100"}
CONTAINER = {"container_id": "ada--default", "user": "ada"}
STATE, DISK = "shiva_container_state", ',mountpoint="/",device="sda1",fstype="ext4"'
SIZE = node("node_filesystem_size_bytes", DISK)
AVAIL = node("node_filesystem_avail_bytes", DISK)
RAM_SIZE, RAM_AVAIL = (series.replace("ext4", "tmpfs") for series in (SIZE, AVAIL))
AT_DISK = {**AT_NODE, "mountpoint": "/", "device": "sda1", "fstype": "ext4"}


def own(active: str, *, memory: str = f"{GIB}x100", processes: str = "1x100", scraped: str = "1x100") -> Series:
    """Return what ada's container does on a card: the seconds in which it worked there, and the rest."""
    mine = f',launch_id="{LAUNCH}"'
    return {
        card("shiva_container_gpu_processes", mine): processes,
        card("shiva_container_gpu_memory_used_bytes", mine): memory,
        card("shiva_container_gpu_active_seconds_total", mine): active,
        gpu("up"): scraped,
        INFO: "1x100",
    }


def xid(number: int, at: str) -> Series:
    """Return an XID with the times at which it was last seen, and whose card it is."""
    return {card("shiva_gpu_xid_last_timestamp_seconds", f',xid="{number}"'): at, LEASE: "1x100"}


def state(name: str, values: str = "1x100") -> Series:
    """Return ada's container in a state."""
    return {broker(STATE, f',container_id="ada--default",state="{name}"'): values, INFO: "1x100"}


JOBS = {node("up"): "1x10", gpu("up"): "1x10", broker("up"): "1x10"}
PASSED = service("shiva_culler_last_pass_timestamp_seconds", "manager-api")
REFUSED = service("shiva_manager_store_failures_total", "manager-api")
MANAGER = {"service": "manager-api", "instance": "manager-api"}
ASKED = service("shiva_broker_requests_total", "jupyter-broker", ',endpoint="routes",status="200"')
FAILED = service("shiva_broker_requests_total", "jupyter-broker", ',endpoint="routes",status="500"')
THROUGH = service("shiva_proxy_requests_total", "jupyter-proxy", ',kind="container",status="5xx"')
UNANSWERED = service("shiva_proxy_upstream_errors_total", "jupyter-proxy", ',kind="container"')
COLLECTOR = gpu("shiva_collector_success", ',collector="gpu"')
COLLECTED = gpu("shiva_gpu_last_collect_timestamp_seconds")

CASES = {
    "GpuExporterDown": Case(fires={gpu("up"): "0x10"}, quiet={gpu("up"): "0x3 1x6"}, labels=AT_GPU),
    "GpuCollectionStale": Case(fires={COLLECTED: "0x10"}, quiet={COLLECTED: "0+60x10"}, labels=AT_GPU),
    "GpuCollectionSlow": Case(
        fires={gpu("shiva_gpu_last_collect_duration_seconds"): "5.1x10"},
        quiet={gpu("shiva_gpu_last_collect_duration_seconds"): "5x10"},
        labels=AT_GPU,
    ),
    "GpuDriverGone": Case(
        fires={gpu("shiva_gpu_driver_present"): "1x3 0x10"},
        quiet={gpu("shiva_gpu_driver_present"): "0x20"},  # a machine without GPUs
        labels=AT_GPU,
    ),
    "GpuLost": Case(fires={card("shiva_gpu_up"): "1x3 0x10"}, quiet={card("shiva_gpu_up"): "1x10"}, labels=CARD),
    "GpuMissing": Case(
        fires={gpu("shiva_gpu_devices"): "2x2 1x10"}, quiet={gpu("shiva_gpu_devices"): "1x2 2x10"}, labels=AT_GPU
    ),
    "GpuHot": Case(
        fires={card("shiva_gpu_temperature_celsius"): "91x10"},
        quiet={card("shiva_gpu_temperature_celsius"): "91x3 90x10"},
        labels=CARD,
    ),
    "GpuMemoryFull": Case(
        fires={card("shiva_gpu_memory_used_bytes"): "98x30", card("shiva_gpu_memory_total_bytes"): "100x30"},
        quiet={card("shiva_gpu_memory_used_bytes"): "97x30", card("shiva_gpu_memory_total_bytes"): "100x30"},
        labels=CARD,
        minutes=20,
    ),
    "GpuXidCritical": Case(
        fires=xid(79, "120x20"), quiet={**xid(31, "120x20"), **xid(79, "-900x20")}, labels={**CARD, "xid": "79"}
    ),
    "GpuXidApplication": Case(
        fires=xid(31, "120x20"),
        quiet={**xid(79, "120x20"), **xid(31, "-900x20")},
        labels={**CONTAINER, "host": "gpu-01", "gpu": "0", "uuid": "GPU-1", "audience": "person"},
    ),
    "GpuNearSlowdown": Case(
        fires={
            card("shiva_gpu_temperature_celsius"): "94x10",
            card("shiva_gpu_temperature_slowdown_celsius"): "96x10",
        },
        quiet={
            card("shiva_gpu_temperature_celsius"): "92x10",
            card("shiva_gpu_temperature_slowdown_celsius"): "96x10",
            card("shiva_gpu_temperature_margin_celsius"): "4x10",
        },
        labels=CARD,
    ),
    "GpuThermalThrottle": Case(
        fires={card("shiva_gpu_throttle_active", ',reason="hw_thermal"'): "1x10"},
        quiet={card("shiva_gpu_throttle_active", ',reason="sw_power_cap"'): "1x10"},
        labels={**CARD, "reason": "hw_thermal"},
    ),
    "GpuUncorrectableEcc": Case(
        fires={card("shiva_gpu_ecc_errors_total", ',type="uncorrected",lifetime="volatile"'): "0x5 1x10"},
        quiet={
            card("shiva_gpu_ecc_errors_total", ',type="uncorrected",lifetime="volatile"'): "7x10",
            card("shiva_gpu_ecc_errors_total", ',type="corrected",lifetime="volatile"'): "0+9x10",
        },
        labels={**CARD, "type": "uncorrected", "lifetime": "volatile"},
    ),
    "GpuRowRemapFailure": Case(
        fires={card("shiva_gpu_row_remap_failure"): "1x10"},
        quiet={card("shiva_gpu_row_remap_failure"): "0x10"},
        labels=CARD,
    ),
    "GpuRecoveryAction": Case(
        fires={card("shiva_gpu_recovery_action"): "2x10"},
        quiet={card("shiva_gpu_recovery_action"): "0x10"},
        labels=CARD,
    ),
    "GpuUnattributedMemory": Case(
        fires={card("shiva_gpu_memory_unattributed_bytes"): f"{2 * GIB}x30"},
        quiet={card("shiva_gpu_memory_unattributed_bytes"): f"{GIB}x30"},
        labels=CARD,
        minutes=20,
    ),
    "GpuIdleHolder": Case(
        fires=own("5x100"),
        quiet=own("0+1x100"),
        labels={**CONTAINER, "host": "gpu-01", "gpu": "0", "uuid": "GPU-1", "audience": "person"},
        minutes=65,
    ),
    "MachineDown": Case(fires={node("up"): "0x10"}, quiet={node("up"): "1 0 1x10"}, labels=AT_NODE),
    "MachineDataMissing": Case(
        fires=JOBS, quiet={**JOBS, service("up", "manager-api"): "0x10"}, labels={"job": "services"}
    ),
    "MachineClockWrong": Case(
        fires={node("node_time_seconds"): "31+60x10"}, quiet={node("node_time_seconds"): "29+60x10"}, labels=AT_NODE
    ),
    "DiskNearlyFull": Case(
        fires={SIZE: "100x20", AVAIL: "9x20"},
        quiet={SIZE: "100x20", AVAIL: "11x20", RAM_SIZE: "100x20", RAM_AVAIL: "1x20"},
        labels=AT_DISK,
        minutes=15,
    ),
    "DiskFull": Case(
        fires={SIZE: "100x20", AVAIL: "2x20"}, quiet={SIZE: "100x20", AVAIL: "4x20"}, labels=AT_DISK, minutes=5
    ),
    "DiskFullSoon": Case(
        fires={SIZE: "1000x99", AVAIL: "290-1x99"},
        quiet={SIZE: "1000x99", AVAIL: "290-0.1x99"},
        labels=AT_DISK,
        minutes=90,
    ),
    "MachineMemoryNearlyFull": Case(
        fires={node("node_memory_MemAvailable_bytes"): "4x20", node("node_memory_MemTotal_bytes"): "100x20"},
        quiet={node("node_memory_MemAvailable_bytes"): "6x20", node("node_memory_MemTotal_bytes"): "100x20"},
        labels=AT_NODE,
        minutes=15,
    ),
    "ServiceDown": Case(
        fires={service("up", "manager-api"): "0x10"},
        quiet={service("up", "manager-api"): "1x10"},
        labels={"job": "services", "service": "manager-api", "instance": "manager-api"},
    ),
    "BrokerExporterDown": Case(
        fires={broker("up"): "0x10"},
        quiet={broker("up"): "1x10"},
        labels={"job": "broker", "instance": "broker-exporter"},
    ),
    "BrokerAway": Case(
        fires={broker("shiva_broker_up"): "0x10"},
        quiet={broker("shiva_broker_up"): "0 1x10"},
        labels={"job": "broker", "instance": "broker-exporter"},
    ),
    "CollectorFailing": Case(
        fires={COLLECTOR: "0x10"}, quiet={COLLECTOR: "0x4 1x6"}, labels={**AT_GPU, "collector": "gpu"}
    ),
    "CullerStale": Case(
        fires={PASSED: "0x30"}, quiet={PASSED: "0+60x30"}, labels={"job": "services", **MANAGER}, minutes=20
    ),
    "DatabaseUnusable": Case(
        fires={REFUSED: "0x5 1+1x10"}, quiet={REFUSED: "7x20"}, labels={"job": "services", **MANAGER}
    ),
    "ServiceErrors": Case(
        fires={ASKED: "0+90x20", FAILED: "0+10x20"},
        quiet={ASKED: "0+90x20", FAILED: "0+1x20", THROUGH: "0+90x20"},  # a notebook's own errors are its person's
        labels={"service": "jupyter-broker"},
        minutes=15,
    ),
    "NotebooksUnanswered": Case(
        fires={UNANSWERED: "0+60x20"}, quiet={UNANSWERED: "0+6x20"}, labels={"instance": "jupyter-proxy"}, minutes=15
    ),
    "ContainerLost": Case(
        fires=state("lost"), quiet=state("lost", "1x3 stale"), labels={**CONTAINER, "machine": "gpu-01"}
    ),
    "ContainerDoesNotStart": Case(
        fires=state("pulling"), quiet=state("ready"), labels={**CONTAINER, "machine": "gpu-01"}, minutes=25
    ),
}
