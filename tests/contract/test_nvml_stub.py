"""The stub through NVIDIA's own binding, in a process of its own: every value that a machine has reads back."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.presets import BUSY, ONE_BUSY, ONE_H200, PRESETS, h200
from tests.fakes.nvml_stub.state import Gpu, Machine
from tests.fakes.nvml_stub.stub import Client, Stub, client, nvml_library, stub

__all__ = ["client", "nvml_library", "stub"]

V2 = 0x02000028


def expected(gpu: Gpu) -> dict[str, Any]:
    """Return what the binding must answer without an argument."""
    engines = {f"{engine}Utilization": None if (percent := getattr(gpu, engine.lower())) is None else [percent, 167_000]
               for engine in ("Encoder", "Decoder")}  # fmt: skip
    return engines | {
        "UUID": gpu.uuid,
        "Name": gpu.name,
        "Serial": gpu.serial,
        "MinorNumber": gpu.minor,
        "CudaComputeCapability": list(gpu.compute_capability),
        "PowerUsage": gpu.power_mw,
        "EnforcedPowerLimit": gpu.power_limit_mw,
        "PowerManagementLimit": gpu.power_limit_mw,
        "TotalEnergyConsumption": gpu.energy_mj,
        "NumFans": len(gpu.fans),
        "FanSpeed": gpu.fans[0] if gpu.fans else None,
        "MarginTemperature": gpu.margin,
        "PerformanceState": gpu.performance_state,
        "CurrentClocksEventReasons": gpu.clock_reasons,
        "CurrentClocksThrottleReasons": gpu.clock_reasons,
        "PcieReplayCounter": gpu.pcie_replays,
        "RemappedRows": gpu.remapped_rows and list(gpu.remapped_rows),
        "MigMode": gpu.mig_mode and list(gpu.mig_mode),
        "EccMode": None if gpu.ecc_errors is None else [1, 1],
        "SupportedEventTypes": gpu.event_types,
    }


@pytest.mark.parametrize("machine", [*PRESETS.values(), ONE_BUSY], ids=[*PRESETS, "busy"])
def test_every_value_reads_back(stub: Stub, machine: Machine) -> None:
    stub.is_now(machine)
    with stub.client() as client:
        client.ask("nvmlInit")
        assert client.ask("nvmlSystemGetDriverVersion") == machine.driver_version
        assert client.ask("nvmlSystemGetNVMLVersion") == machine.nvml_version
        assert client.ask("nvmlSystemGetCudaDriverVersion_v2") == machine.cuda_version
        assert client.ask("nvmlDeviceGetCount") == len(machine.gpus)
        for index, gpu in enumerate(machine.gpus):
            handle = client.gpu(index)
            wanted = expected(gpu)
            assert {name: client.told(f"nvmlDeviceGet{name}", handle) for name in wanted} == wanted
            assert client.ask("nvmlDeviceGetIndex", handle) == index
            assert with_argument(client, handle, gpu) == wanted_with_argument(gpu)


def with_argument(client: Client, handle: object, gpu: Gpu) -> dict[str, Any]:
    """Ask what takes one."""
    rates = client.told("nvmlDeviceGetUtilizationRates", handle)
    return {
        "utilization": rates and (rates["gpu"], rates["memory"]),
        "memory": client.ask("nvmlDeviceGetMemoryInfo", handle, V2),
        "memory 1": client.ask("nvmlDeviceGetMemoryInfo", handle),
        "temperature": [client.ask(f"nvmlDeviceGetTemperature{v}", handle, 0) for v in ("", "V")],
        "thresholds": [client.told("nvmlDeviceGetTemperatureThreshold", handle, n) for n in (0, 1)],
        "fans": [client.ask("nvmlDeviceGetFanSpeed_v2", handle, n) for n in range(len(gpu.fans))],
        "clocks": [client.ask("nvmlDeviceGetClockInfo", handle, n) for n in range(4)],
        "max clocks": [client.ask("nvmlDeviceGetMaxClockInfo", handle, n) for n in range(4)],
        "pcie": [client.ask("nvmlDeviceGetPcieThroughput", handle, n) for n in (0, 1)],
        "ecc": [client.told("nvmlDeviceGetTotalEccErrors", handle, n, m) for n in (0, 1) for m in (0, 1)],
        "bus": client.ask("nvmlDeviceGetPciInfo", handle)["busId"],
        "by uuid": client.ask("nvmlDeviceGetIndex", client.ask("nvmlDeviceGetHandleByUUID", gpu.uuid)),
    }


def wanted_with_argument(gpu: Gpu) -> dict[str, Any]:
    """Return what it must answer."""
    memory = gpu.memory
    assert memory is not None
    free = memory.total - memory.reserved - memory.used
    return {
        "utilization": gpu.utilization,
        "memory": {
            "version": V2,
            "total": memory.total,
            "reserved": memory.reserved,
            "free": free,
            "used": memory.used,
        },
        "memory 1": {"total": memory.total, "free": free, "used": memory.used + memory.reserved},
        "temperature": [gpu.temperature] * 2,
        "thresholds": [gpu.thresholds.get(n) for n in (0, 1)],
        "fans": list(gpu.fans),
        "clocks": [gpu.clocks[n] for n in range(4)],
        "max clocks": [gpu.max_clocks[n] for n in range(4)],
        "pcie": list(gpu.pcie_kb_per_second or ()),
        "ecc": [None if gpu.ecc_errors is None else gpu.ecc_errors[n, m] for n in (0, 1) for m in (0, 1)],
        "bus": gpu.bus_id,
        "by uuid": gpu.minor,
    }


def test_fields_have_their_own_verdicts(stub: Stub) -> None:
    stub.is_now(ONE_H200)
    with stub.client() as client:
        client.ask("nvmlInit")
        fields = client.ask("nvmlDeviceGetFieldValues", client.gpu(), [82, 197, 1])
    assert [f["nvmlReturn"] for f in fields] == [0, 0, state.NOT_SUPPORTED]
    assert (fields[0]["valueType"], fields[0]["value"]["uiVal"]) == (1, 36)
    assert (fields[1]["valueType"], fields[1]["value"]["ullVal"]) == (3, 9_000_000_000)


def test_what_the_card_has_no_field_for_can_be_said_too(stub: Stub) -> None:
    more = {
        "nvmlDeviceGetVbiosVersion": "96.00.99",
        "nvmlDeviceGetCurrPcieLinkWidth": "16",
        "nvmlDeviceGetPowerUsage": "9",
    }
    stub.is_now(Machine(gpus=[replace(h200(), more=more)]))
    with stub.client() as client:
        client.ask("nvmlInit")
        handle = client.gpu()
        assert client.ask("nvmlDeviceGetVbiosVersion", handle) == "96.00.99"
        assert client.ask("nvmlDeviceGetCurrPcieLinkWidth", handle) == 16
        assert client.ask("nvmlDeviceGetPowerUsage", handle) == 9


def test_a_name_may_hold_anything(stub: Stub) -> None:
    name = 'a "card"\\n\nwith {lines}'
    stub.is_now(Machine(gpus=[replace(h200(), name=name)]))
    with stub.client() as client:
        client.ask("nvmlInit")
        assert client.ask("nvmlDeviceGetName", client.gpu()) == name


def test_the_binding_knows_the_process_by_name(client: Client) -> None:
    name = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert client.ask("nvmlSystemGetProcessName", os.getpid()) == name
    assert client.refused("nvmlSystemGetProcessName", 2**22 + 1) == 6


def test_calls_are_counted(stub: Stub, client: Client) -> None:
    before = stub.calls()
    handle = client.gpu()
    for _ in range(3):
        client.ask("nvmlDeviceGetPowerUsage", handle)
    assert stub.calls() - before == {"nvmlDeviceGetHandleByIndex_v2": 1, "nvmlDeviceGetPowerUsage": 3}


def test_each_replacement_is_seen_however_fast_they_follow(stub: Stub, client: Client) -> None:
    """They are of one size, and several fall into one tick of the file system's clock."""
    handle = client.gpu()
    for power in range(100, 200):
        stub.is_now(Machine(gpus=[replace(BUSY, power_mw=999)]))
        stub.is_now(Machine(gpus=[replace(BUSY, power_mw=power)]))
        assert client.ask("nvmlDeviceGetPowerUsage", handle) == power
