"""What happens to cards and drivers while NVIDIA's own binding looks on: events, losses, hangs, returns."""

import sys
import time
from dataclasses import replace

import pytest

from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.presets import BUSY, MIXED, ONE_H200, TWO_GTX_1080, gtx_1080, h200
from tests.fakes.nvml_stub.state import Event, Machine
from tests.fakes.nvml_stub.stub import Client, NvmlError, Stub, client, nvml_library, stub

__all__ = ["client", "nvml_library", "stub"]

V2 = 0x02000028

WAITS_AND_ASKS = """
import os, threading, pynvml
pynvml.nvmlInit()
card, events = pynvml.nvmlDeviceGetHandleByIndex(0), pynvml.nvmlEventSetCreate()
pynvml.nvmlDeviceRegisterEvents(card, 8, events)
waiting = threading.Thread(target=pynvml.nvmlEventSetWait, args=(events, 3_600_000), daemon=True)
waiting.start()
asked = [pynvml.nvmlDeviceGetPowerUsage(card) for _ in range(100)]
print(set(asked), waiting.is_alive(), flush=True)
os._exit(0)
"""


def test_an_xid_comes_to_who_waits_and_only_once(stub: Stub, client: Client) -> None:
    stub.is_now(Machine(gpus=[replace(BUSY, events=[Event(data=13)])]))
    events, handle = client.ask("nvmlEventSetCreate"), client.gpu()
    client.ask("nvmlDeviceRegisterEvents", handle, 8, events)
    assert client.refused("nvmlEventSetWait", events, 1) == 10  # what was before is over
    stub.is_now(Machine(gpus=[replace(BUSY, events=[Event(data=13), Event(data=31)])]))
    event = client.ask("nvmlEventSetWait", events, 10_000)
    assert (event["eventType"], event["eventData"], event["gpuInstanceId"]) == (8, 31, state.NO_INSTANCE)
    assert client.ask("nvmlDeviceGetUUID", event["device"]) == BUSY.uuid
    assert client.refused("nvmlEventSetWait", events, 1) == 10
    assert client.refused("nvmlDeviceRegisterEvents", handle, 8 | 1, events) == state.NOT_SUPPORTED


def test_a_lost_card_takes_no_other_along_and_comes_back(stub: Stub) -> None:
    stub.is_now(MIXED)
    lost = replace(MIXED, gpus=[MIXED.gpus[0], replace(MIXED.gpus[1], errors=state.LOST), MIXED.gpus[2]])
    with stub.client() as client:
        client.ask("nvmlInit")
        handles = [client.gpu(n) for n in range(3)]
        stub.is_now(lost)
        assert client.ask("nvmlDeviceGetCount") == 3
        assert client.refused("nvmlDeviceGetHandleByIndex", 1) == state.GPU_IS_LOST
        assert client.refused("nvmlDeviceGetName", handles[1]) == state.GPU_IS_LOST
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
        assert client.refused("nvmlDeviceGetUUID", handles[0]) == state.GPU_IS_LOST
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
        assert client.refused("nvmlInit") == state.DRIVER_NOT_LOADED  # no state at all
        stub.is_now(replace(ONE_H200, errors=away))
        assert client.refused("nvmlInit") == away[state.EVERY]
        stub.is_now(ONE_H200)
        client.ask("nvmlInit")
        handle = client.gpu()
        stub.is_now(replace(ONE_H200, errors=away))
        assert client.refused("nvmlDeviceGetPowerUsage", handle) == away[state.EVERY]
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
        assert client.refused("nvmlDeviceGetCount") == 1
        assert client.refused("nvmlShutdown") == 1


def test_one_call_fails_on_one_card(stub: Stub) -> None:
    broken = replace(h200(), errors={"nvmlDeviceGetPowerUsage": state.UNKNOWN, "nvmlDeviceGetClockInfo.1": 4})
    stub.is_now(Machine(gpus=[broken, h200(1)]))
    with stub.client() as client:
        client.ask("nvmlInit")
        assert client.refused("nvmlDeviceGetPowerUsage", client.gpu(0)) == state.UNKNOWN
        assert client.refused("nvmlDeviceGetClockInfo", client.gpu(0), 1) == state.NO_PERMISSION
        assert client.ask("nvmlDeviceGetClockInfo", client.gpu(0), 2) == 3201
        assert client.ask("nvmlDeviceGetPowerUsage", client.gpu(1)) == 76_420


def test_an_old_driver_lacks_what_came_later(stub: Stub, client: Client) -> None:
    stub.is_now(Machine(gpus=[BUSY], errors=state.OLD))
    handle = client.gpu()
    assert client.refused("nvmlDeviceGetMemoryInfo", handle, V2) == state.FUNCTION_NOT_FOUND
    with pytest.raises(NvmlError, match="NVMLLibraryMismatchError"):
        client.ask("nvmlDeviceGetComputeRunningProcesses", handle)
    assert [p["pid"] for p in client.ask("nvmlDeviceGetComputeRunningProcesses_v2", handle)] == [4242, 4343, 4444]


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


def test_waiting_for_events_keeps_nobody_from_asking(stub: Stub) -> None:
    stub.is_now(ONE_H200)
    assert stub.run(sys.executable, "-c", WAITS_AND_ASKS).strip() == "{76420} True"
