"""The stub through NVIDIA's own binding, in a process of its own: every value that a machine has reads back."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.presets import MIXED, ONE_H200, ONE_H200_WITH_MIG, PRESETS, TWO_GTX_1080, gtx_1080, h200
from tests.fakes.nvml_stub.state import Event, Gpu, Machine, Memory, Process
from tests.fakes.nvml_stub.stub import Client, NvmlError, Stub, nvml_library, stub

__all__ = ["nvml_library", "stub"]

V2 = 0x02000028
BUSY = replace(
    gtx_1080(),
    utilization=(76, 41),
    encoder=5,
    decoder=6,
    memory=Memory(total=8 * 2**30, reserved=100 * 2**20, used=4 * 2**30),
    pcie_kb_per_second=(120_000, 3),
    pcie_replays=2,
    fans=[55, 61],
    clock_reasons=0x44,
    ring={0: [(1_000, 70), (2_000, 82)]},
    processes=[
        Process(pid=4242, memory=2**31, kinds="CG", sm=60, memory_percent=30, encoder=4, decoder=1),
        Process(pid=4343, memory=2**30, sm=15, memory_percent=10, sampled_us=5_000_000),
        Process(pid=4444, memory=None),
        Process(pid=4545, memory=2**20, kinds="M"),
    ],
)


@pytest.fixture
def client(stub: Stub) -> Iterator[Client]:
    """A client of a machine with one busy card."""
    stub.is_now(Machine(gpus=[BUSY]))
    with stub.client() as asking:
        asking.ask("nvmlInit")
        yield asking


def code(client: Client, function: str, *arguments: object) -> int | None:
    """Return the error's code."""
    with pytest.raises(NvmlError) as raised:
        client.ask(function, *arguments)
    return raised.value.code


def told(client: Client, function: str, *arguments: object) -> Any:
    """Return the answer, None where it is NOT_SUPPORTED."""
    try:
        return client.ask(function, *arguments)
    except NvmlError as error:
        if error.code != state.NOT_SUPPORTED:
            raise
        return None


def first(values: tuple[int, ...] | None) -> list[int] | None:
    """Return an engine's or a pair's answer as the client gives it."""
    return None if values is None else list(values)


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
        "RemappedRows": first(gpu.remapped_rows),
        "MigMode": first(gpu.mig_mode),
        "EccMode": None if gpu.ecc_errors is None else [1, 1],
        "SupportedEventTypes": gpu.event_types,
    }


@pytest.mark.parametrize("machine", [*PRESETS.values(), Machine(gpus=[BUSY])], ids=[*PRESETS, "busy"])
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
            assert {name: told(client, f"nvmlDeviceGet{name}", handle) for name in wanted} == wanted
            assert client.ask("nvmlDeviceGetIndex", handle) == index
            assert with_argument(client, handle, gpu) == wanted_with_argument(gpu)


def with_argument(client: Client, handle: object, gpu: Gpu) -> dict[str, Any]:
    """Ask what takes one."""
    rates = told(client, "nvmlDeviceGetUtilizationRates", handle)
    return {
        "utilization": rates and (rates["gpu"], rates["memory"]),
        "memory": client.ask("nvmlDeviceGetMemoryInfo", handle, V2),
        "memory 1": client.ask("nvmlDeviceGetMemoryInfo", handle),
        "temperature": [client.ask(f"nvmlDeviceGetTemperature{v}", handle, 0) for v in ("", "V")],
        "thresholds": [told(client, "nvmlDeviceGetTemperatureThreshold", handle, n) for n in (0, 1)],
        "fans": [client.ask("nvmlDeviceGetFanSpeed_v2", handle, n) for n in range(len(gpu.fans))],
        "clocks": [client.ask("nvmlDeviceGetClockInfo", handle, n) for n in range(4)],
        "max clocks": [client.ask("nvmlDeviceGetMaxClockInfo", handle, n) for n in range(4)],
        "pcie": [client.ask("nvmlDeviceGetPcieThroughput", handle, n) for n in (0, 1)],
        "ecc": [told(client, "nvmlDeviceGetTotalEccErrors", handle, n, m) for n in (0, 1) for m in (0, 1)],
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


def test_processes_are_in_the_lists_of_their_kinds(client: Client) -> None:
    handle = client.gpu()
    lists = {
        kind: [(p["pid"], p["usedGpuMemory"]) for p in client.ask(f"nvmlDeviceGet{kind}RunningProcesses_v3", handle)]
        for kind in ("Compute", "Graphics", "MPSCompute")
    }
    assert lists == {
        "Compute": [(4242, 2**31), (4343, 2**30), (4444, None)],
        "Graphics": [(4242, 2**31)],
        "MPSCompute": [(4545, 2**20)],
    }
    assert client.ask("nvmlDeviceGetComputeRunningProcesses_v2", handle)[0]["gpuInstanceId"] == state.NO_INSTANCE


def test_utilisation_is_of_whoever_ran_since(client: Client, stub: Stub) -> None:
    handle = client.gpu()
    samples = client.ask("nvmlDeviceGetProcessUtilization", handle, 0)
    assert [(s["pid"], s["smUtil"], s["memUtil"], s["encUtil"], s["decUtil"]) for s in samples] == [
        (4242, 60, 30, 4, 1), (4343, 15, 10, 0, 0),
    ]  # fmt: skip
    assert abs(samples[0]["timeStamp"] / 1e6 - time.time()) < 60
    assert samples[1]["timeStamp"] == 5_000_000
    assert [s["pid"] for s in client.ask("nvmlDeviceGetProcessUtilization", handle, 5_000_000)] == [4242]
    stub.is_now(Machine(gpus=[replace(BUSY, processes=[Process(pid=1, memory=2**30)])]))
    assert code(client, "nvmlDeviceGetProcessUtilization", handle, 0) == 6
    assert len(client.ask("nvmlDeviceGetComputeRunningProcesses", handle)) == 1


def test_thousands_of_processes_fit(client: Client, stub: Stub) -> None:
    stub.is_now(Machine(gpus=[replace(BUSY, processes=[Process(pid=n, memory=n, sm=n % 101) for n in range(1, 5001)])]))
    handle = client.gpu()
    assert [p["usedGpuMemory"] for p in client.ask("nvmlDeviceGetComputeRunningProcesses", handle)] == list(
        range(1, 5001)
    )
    assert len(client.ask("nvmlDeviceGetProcessUtilization", handle, 0)) == 5000


def test_the_cards_own_samples_are_those_since(client: Client) -> None:
    kind, samples = client.ask("nvmlDeviceGetSamples", client.gpu(), 0, 1_000)
    assert kind == 1
    assert [(s["timeStamp"], s["sampleValue"]["uiVal"]) for s in samples] == [(2_000, 82)]
    assert code(client, "nvmlDeviceGetSamples", client.gpu(), 0, 2_000) == 6


def test_the_binding_knows_the_process_by_name(client: Client) -> None:
    name = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert client.ask("nvmlSystemGetProcessName", os.getpid()) == name
    assert code(client, "nvmlSystemGetProcessName", 2**22 + 1) == 6


def test_fields_have_their_own_verdicts(stub: Stub) -> None:
    stub.is_now(ONE_H200)
    with stub.client() as client:
        client.ask("nvmlInit")
        fields = client.ask("nvmlDeviceGetFieldValues", client.gpu(), [82, 197, 1])
    assert [f["nvmlReturn"] for f in fields] == [0, 0, state.NOT_SUPPORTED]
    assert (fields[0]["valueType"], fields[0]["value"]["uiVal"]) == (1, 36)
    assert (fields[1]["valueType"], fields[1]["value"]["ullVal"]) == (3, 9_000_000_000)


def test_mig_devices_stand_in_their_slots(stub: Stub) -> None:
    card = ONE_H200_WITH_MIG.gpus[0]
    busy = replace(card.mig[1], processes=[Process(pid=77, memory=2**30, gpu_instance=5)], gpm={2: 63})
    stub.is_now(Machine(gpus=[replace(card, mig=[card.mig[0], busy, card.mig[2]])]))
    with stub.client() as client:
        client.ask("nvmlInit")
        handle = client.gpu()
        assert client.ask("nvmlDeviceGetMaxMigDeviceCount", handle) == 7
        assert code(client, "nvmlDeviceGetMigDeviceHandleByIndex", handle, 1) == 6
        mig = client.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, 2)
        assert client.ask("nvmlDeviceGetUUID", mig) == busy.uuid
        assert client.ask("nvmlDeviceGetName", mig) == busy.name
        assert client.ask("nvmlDeviceIsMigDeviceHandle", mig) == 1
        assert client.ask("nvmlDeviceGetGpuInstanceId", mig) == 5
        assert client.ask("nvmlDeviceGetComputeInstanceId", mig) == 0
        assert client.ask("nvmlDeviceGetMemoryInfo", mig, V2)["total"] == busy.memory.total
        assert client.ask("nvmlDeviceGetAttributes", mig)["memorySizeMB"] == busy.memory.total // 2**20
        assert [p["pid"] for p in client.ask("nvmlDeviceGetComputeRunningProcesses", mig)] == [77]
        assert told(client, "nvmlDeviceGetUtilizationRates", mig) is None
        parent = client.ask("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", mig)
        assert client.ask("nvmlDeviceGetUUID", parent) == card.uuid
        samples = [client.ask("nvmlGpmSampleAlloc") for _ in range(2)]
        for sample in samples:
            client.ask("nvmlGpmMigSampleGet", handle, 5, sample)
        assert client.ask("gpm", *samples, [2, 5]) == {"2": [0, 63.0], "5": [state.NOT_SUPPORTED, 0.0]}


def test_a_consumer_card_has_no_performance_monitor(client: Client) -> None:
    assert client.ask("nvmlGpmQueryDeviceSupport", client.gpu())["isSupportedDevice"] == 0
    assert code(client, "nvmlGpmSampleGet", client.gpu(), client.ask("nvmlGpmSampleAlloc")) == state.NOT_SUPPORTED


def test_an_xid_comes_to_who_waits_and_only_once(stub: Stub, client: Client) -> None:
    stub.is_now(Machine(gpus=[replace(BUSY, events=[Event(data=13)])]))
    events, handle = client.ask("nvmlEventSetCreate"), client.gpu()
    client.ask("nvmlDeviceRegisterEvents", handle, 8, events)
    assert code(client, "nvmlEventSetWait", events, 1) == 10  # what was before is over
    stub.is_now(Machine(gpus=[replace(BUSY, events=[Event(data=13), Event(data=31)])]))
    event = client.ask("nvmlEventSetWait", events, 10_000)
    assert (event["eventType"], event["eventData"], event["gpuInstanceId"]) == (8, 31, state.NO_INSTANCE)
    assert client.ask("nvmlDeviceGetUUID", event["device"]) == BUSY.uuid
    assert code(client, "nvmlEventSetWait", events, 1) == 10
    assert code(client, "nvmlDeviceRegisterEvents", handle, 8 | 1, events) == state.NOT_SUPPORTED


def test_a_lost_card_takes_no_other_along_and_comes_back(stub: Stub) -> None:
    stub.is_now(MIXED)
    lost = replace(MIXED, gpus=[MIXED.gpus[0], replace(MIXED.gpus[1], errors=state.LOST), MIXED.gpus[2]])
    with stub.client() as client:
        client.ask("nvmlInit")
        handles = [client.gpu(n) for n in range(3)]
        stub.is_now(lost)
        assert client.ask("nvmlDeviceGetCount") == 3
        assert code(client, "nvmlDeviceGetHandleByIndex", 1) == state.GPU_IS_LOST
        assert code(client, "nvmlDeviceGetName", handles[1]) == state.GPU_IS_LOST
        assert [client.ask("nvmlDeviceGetName", handles[n]) for n in (0, 2)] == [
            "NVIDIA GeForce GTX 1080",
            "NVIDIA H200",
        ]
        stub.is_now(MIXED)
        assert client.ask("nvmlDeviceGetName", handles[1]) == "NVIDIA H200"


def test_a_handle_is_of_a_card_and_not_of_a_place(stub: Stub) -> None:
    stub.is_now(TWO_GTX_1080)
    with stub.client() as client:
        client.ask("nvmlInit")
        handles = [client.gpu(n) for n in range(2)]
        stub.is_now(Machine(gpus=TWO_GTX_1080.gpus[1:]))  # hot removal of the first
        assert client.ask("nvmlDeviceGetCount") == 1
        assert code(client, "nvmlDeviceGetUUID", handles[0]) == state.GPU_IS_LOST
        assert client.ask("nvmlDeviceGetUUID", handles[1]) == TWO_GTX_1080.gpus[1].uuid
        assert client.ask("nvmlDeviceGetIndex", handles[1]) == 0


def test_two_cards_that_claim_one_uuid_stay_two(stub: Stub) -> None:
    stub.is_now(Machine(gpus=[replace(gtx_1080(1), uuid=gtx_1080(0).uuid, temperature=50), gtx_1080(0)]))
    with stub.client() as client:
        client.ask("nvmlInit")
        assert [client.ask("nvmlDeviceGetTemperature", client.gpu(n), 0) for n in range(2)] == [50, 38]


@pytest.mark.parametrize("away", [state.GONE, state.MISMATCHED], ids=["gone", "mismatched"])
def test_the_driver_goes_and_comes_back(stub: Stub, away: dict[str, int]) -> None:
    with stub.client() as client:
        assert code(client, "nvmlInit") == state.DRIVER_NOT_LOADED  # no state at all
        stub.is_now(replace(ONE_H200, errors=away))
        assert code(client, "nvmlInit") == away[state.EVERY]
        stub.is_now(ONE_H200)
        client.ask("nvmlInit")
        handle = client.gpu()
        stub.is_now(replace(ONE_H200, errors=away))
        assert code(client, "nvmlDeviceGetPowerUsage", handle) == away[state.EVERY]
        stub.is_now(ONE_H200)
        assert client.ask("nvmlDeviceGetPowerUsage", handle) == 76_420


def test_before_init_and_after_shutdown_nothing_is_told(stub: Stub) -> None:
    stub.is_now(ONE_H200)
    with stub.client() as client:
        client.ask("nvmlInit")
        client.ask("nvmlInit")
        client.ask("nvmlShutdown")
        assert client.ask("nvmlDeviceGetCount") == 1
        client.ask("nvmlShutdown")
        assert code(client, "nvmlDeviceGetCount") == 1
        assert code(client, "nvmlShutdown") == 1


def test_one_call_fails_on_one_card(stub: Stub) -> None:
    broken = replace(h200(), errors={"nvmlDeviceGetPowerUsage": state.UNKNOWN, "nvmlDeviceGetClockInfo.1": 4})
    stub.is_now(Machine(gpus=[broken, h200(1)]))
    with stub.client() as client:
        client.ask("nvmlInit")
        assert code(client, "nvmlDeviceGetPowerUsage", client.gpu(0)) == state.UNKNOWN
        assert code(client, "nvmlDeviceGetClockInfo", client.gpu(0), 1) == state.NO_PERMISSION
        assert client.ask("nvmlDeviceGetClockInfo", client.gpu(0), 2) == 3201
        assert client.ask("nvmlDeviceGetPowerUsage", client.gpu(1)) == 76_420


def test_an_old_driver_lacks_what_came_later(stub: Stub, client: Client) -> None:
    stub.is_now(Machine(gpus=[BUSY], errors=state.OLD))
    handle = client.gpu()
    assert code(client, "nvmlDeviceGetMemoryInfo", handle, V2) == state.FUNCTION_NOT_FOUND
    with pytest.raises(NvmlError, match="NVMLLibraryMismatchError"):
        client.ask("nvmlDeviceGetComputeRunningProcesses", handle)
    assert [p["pid"] for p in client.ask("nvmlDeviceGetComputeRunningProcesses_v2", handle)] == [4242, 4343, 4444]


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


def test_a_hung_call_holds_up_until_the_state_lets_go(stub: Stub) -> None:
    """It is released long before its hour, so the answer itself is the proof that it waited for the state."""
    stub.is_now(Machine(gpus=[replace(h200(), hangs={"nvmlDeviceGetPowerUsage": 3600.0})]))
    with stub.client() as client:
        client.ask("nvmlInit")
        handle = client.gpu()
        assert client.ask("nvmlDeviceGetTemperature", handle, 0) == 29
        client.begin("nvmlDeviceGetPowerUsage", handle)
        deadline = time.monotonic() + 20
        while not stub.calls()["nvmlDeviceGetPowerUsage"]:
            assert time.monotonic() < deadline
        stub.is_now(Machine(gpus=[replace(h200(), power_mw=5)]))
        assert client.end() == 5


def test_a_hang_is_over_after_its_seconds(stub: Stub) -> None:
    stub.is_now(replace(ONE_H200, hangs={state.EVERY: 0.05}))
    with stub.client() as client:
        began = time.monotonic()
        client.ask("nvmlInit")
        assert time.monotonic() - began >= 0.05


def test_calls_are_counted(stub: Stub, client: Client) -> None:
    before = stub.calls()
    handle = client.gpu()
    for _ in range(3):
        client.ask("nvmlDeviceGetPowerUsage", handle)
    assert stub.calls() - before == {"nvmlDeviceGetHandleByIndex_v2": 1, "nvmlDeviceGetPowerUsage": 3}
