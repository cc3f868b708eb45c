"""The stub's processes, samples and MIG devices, as NVIDIA's own binding lists them."""

import time
from dataclasses import replace

from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.presets import BUSY, ONE_H200_WITH_MIG, h200_with_mig
from tests.fakes.nvml_stub.state import Machine, Process
from tests.fakes.nvml_stub.stub import Client, Stub, client, nvml_library, stub

__all__ = ["client", "nvml_library", "stub"]

V2 = 0x02000028


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
    assert client.refused("nvmlDeviceGetProcessUtilization", handle, 0) == 6
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
    assert client.refused("nvmlDeviceGetSamples", client.gpu(), 0, 2_000) == 6


def test_mig_devices_stand_in_their_slots(stub: Stub) -> None:
    card = ONE_H200_WITH_MIG.gpus[0]
    busy = replace(card.mig[1], processes=[Process(pid=77, memory=2**30, gpu_instance=5)], gpm={2: 63})
    stub.is_now(Machine(gpus=[h200_with_mig(1), replace(card, mig=[card.mig[0], busy, card.mig[2]])]))
    with stub.client() as client:
        client.ask("nvmlInit")
        handle = client.gpu(1)
        assert client.ask("nvmlDeviceGetMaxMigDeviceCount", handle) == 7
        assert client.refused("nvmlDeviceGetMigDeviceHandleByIndex", handle, 1) == 6
        mig = client.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, 2)
        assert client.ask("nvmlDeviceGetUUID", mig) == busy.uuid
        assert client.ask("nvmlDeviceGetName", mig) == busy.name
        assert client.ask("nvmlDeviceIsMigDeviceHandle", mig) == 1
        assert client.ask("nvmlDeviceGetGpuInstanceId", mig) == 5
        assert client.ask("nvmlDeviceGetComputeInstanceId", mig) == 0
        assert client.ask("nvmlDeviceGetMemoryInfo", mig, V2)["total"] == busy.memory.total
        assert client.ask("nvmlDeviceGetAttributes", mig)["memorySizeMB"] == busy.memory.total // 2**20
        assert [p["pid"] for p in client.ask("nvmlDeviceGetComputeRunningProcesses", mig)] == [77]
        assert client.told("nvmlDeviceGetUtilizationRates", mig) is None
        parent = client.ask("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", mig)
        assert client.ask("nvmlDeviceGetUUID", parent) == card.uuid
        samples = [client.ask("nvmlGpmSampleAlloc") for _ in range(2)]
        for sample in samples:
            client.ask("nvmlGpmMigSampleGet", handle, 5, sample)
        assert client.ask("gpm", *samples, [2, 5]) == {"2": [0, 63.0], "5": [state.NOT_SUPPORTED, 0.0]}


def test_a_consumer_card_has_no_performance_monitor(client: Client) -> None:
    assert client.ask("nvmlGpmQueryDeviceSupport", client.gpu())["isSupportedDevice"] == 0
    assert client.refused("nvmlGpmSampleGet", client.gpu(), client.ask("nvmlGpmSampleAlloc")) == state.NOT_SUPPORTED
