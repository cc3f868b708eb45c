"""The GPU exporter's two processes on the stub: a driver that hangs, goes and comes back; processes that are killed."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest

from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.exporting import Exporter, Page, exporter
from tests.fakes.nvml_stub.presets import ONE_BUSY, TWO_GTX_1080
from tests.fakes.nvml_stub.state import Event, Machine
from tests.fakes.nvml_stub.stub import Stub, nvml_library, stub

__all__ = ["nvml_library", "stub"]

FAST = {"INTERVAL": 0.1}
[CARD] = ONE_BUSY.gpus
HANGING = replace(ONE_BUSY, hangs={"nvmlDeviceGetUtilizationRates": 3600})
REPLACED = "the reader of the driver is replaced"


def shown(page: Page) -> bool:
    """Whether it tells of the cards."""
    return ("gpu_devices", "") in page and page["collector_success", "gpu"] == 1


def silent(page: Page) -> bool:
    """Whether it says that it knows nothing of the cards now."""
    return page.get(("collector_success", "gpu")) == 0 and ("gpu_devices", "") not in page


def wait(good: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + 30
    while not good():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def another(running: Exporter, than: psutil.Process) -> psutil.Process:
    """Return the reader that took that one's place."""
    wait(lambda: [each.pid for each in running.readers()] not in ([], [than.pid]))
    return running.reader()


def test_a_scrape_calls_no_driver_in_no_process(stub: Stub) -> None:
    stub.is_now(ONE_BUSY)
    with exporter(stub, {"INTERVAL": 3600}) as running:
        running.until(shown)
        calls = stub.calls()
        for _ in range(20):
            assert shown(running.page())
        calls.subtract(stub.calls())
        assert {symbol for symbol, count in calls.items() if count} <= {"nvmlEventSetWait_v2"}  # it waits for XIDs
        lines = stub.calls_by_pid()
        assert lines.keys() == {running.reader().pid}


def test_a_driver_that_hangs_is_said_while_it_hangs(stub: Stub) -> None:
    stub.is_now(ONE_BUSY)
    with exporter(stub, FAST) as running:
        running.until(shown)
        reader = running.reader()
        stub.is_now(HANGING)
        told = running.until(silent)
        assert running.reader().pid == reader.pid
        assert told["gpu_driver_present", ""] == 1
        assert ("gpu_last_collect_timestamp_seconds", "") in told
        assert running.text("/health") == "ok\n"
        stub.is_now(ONE_BUSY)
        running.until(shown)
        assert running.reader().pid == reader.pid
        assert running.said(REPLACED) == []


def test_one_that_hangs_from_the_start_too(stub: Stub) -> None:
    stub.is_now(HANGING)
    with exporter(stub, FAST) as running:
        running.until(silent)
        stub.is_now(ONE_BUSY)
        running.until(shown)


def test_a_reader_that_hangs_for_too_long_is_replaced(stub: Stub) -> None:
    stub.is_now(ONE_BUSY)
    with exporter(stub, FAST | {"HUNG_AFTER": 3}) as running:
        running.until(shown)
        reader = running.reader()
        stub.is_now(HANGING)
        other = another(running, reader)
        assert not reader.is_running()
        assert [each["reader"] for each in running.said(REPLACED)] == [reader.pid]
        stub.is_now(ONE_BUSY)
        running.until(shown)
        assert other.pid not in {reader.pid, running.process.pid}


def test_counts_only_grow_when_a_reader_is_killed(stub: Stub) -> None:
    stub.is_now(ONE_BUSY)
    events = [Event(data=48)]
    with exporter(stub, FAST) as running:
        running.until(lambda page: page.get(("gpu_active_seconds_total", CARD.uuid), 0) > 0.1)
        stub.is_now(Machine(gpus=[replace(CARD, events=events)]))
        before = running.until(lambda page: page.get(("gpu_xid_errors_total", CARD.uuid)) == 1)
        reader = running.reader()
        reader.kill()
        other = another(running, reader)
        after = running.until(shown)
        for name in ("gpu_active_seconds_total", "gpu_xid_errors_total", "gpu_rounds_failed_total"):
            for key in before.keys() & {(name, CARD.uuid), (name, "")}:
                assert after[key] >= before[key]
        assert after["gpu_xid_errors_total", CARD.uuid] == 1
        wait(lambda: stub.calls_by_pid()[other.pid]["nvmlEventSetWait_v2"] > 0)
        stub.is_now(Machine(gpus=[replace(CARD, events=[*events, Event(data=48)])]))
        running.until(lambda page: page.get(("gpu_xid_errors_total", CARD.uuid)) == 2)


def test_a_driver_goes_and_comes_back(stub: Stub) -> None:
    stub.is_now(TWO_GTX_1080)
    with exporter(stub, FAST) as running:
        running.until(shown)
        reader = running.reader()
        stub.is_now(replace(TWO_GTX_1080, errors=state.GONE))
        told = running.until(lambda page: page.get(("gpu_driver_present", "")) == 0)
        assert told["collector_success", "gpu"] == 1
        assert ("gpu_devices", "") not in told
        stub.is_now(TWO_GTX_1080)
        assert running.until(shown)["gpu_devices", ""] == 2
        assert running.reader().pid == reader.pid


def test_a_driver_that_was_updated_gets_a_new_process(stub: Stub) -> None:
    stub.is_now(TWO_GTX_1080)
    with exporter(stub, FAST) as running:
        running.until(shown)
        reader = running.reader()
        stub.is_now(replace(TWO_GTX_1080, errors=state.MISMATCHED))
        other = another(running, reader)
        another(running, other)
        assert silent(running.page())
        stub.is_now(TWO_GTX_1080)
        running.until(shown)
        assert len(running.said(REPLACED)) == len(running.said("the driver does not answer")) == 1


def test_nonsense_ends_no_reader_and_is_no_value(stub: Stub) -> None:
    nonsense = {
        "nvmlDeviceGetUtilizationRates": "2147483632 4294967295",
        "nvmlDeviceGetTemperature.0": "1000",
        "nvmlDeviceGetTemperatureV.0": "1000",
        "nvmlDeviceGetPowerUsage": "4294967295",
    }
    stub.is_now(Machine(gpus=[replace(CARD, name='GeForce "\n', more=nonsense)]))
    with exporter(stub, FAST) as running:
        told = running.until(shown)
        assert told["gpu_up", CARD.uuid] == 1
        for name in ("gpu_utilization_ratio", "gpu_temperature_celsius", "gpu_power_watts"):
            assert (name, CARD.uuid) not in told
        assert running.said(REPLACED) == []


@pytest.mark.parametrize("machine", [ONE_BUSY, HANGING], ids=["well", "hanging"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_reader_outlives_its_exporter(stub: Stub, number: signal.Signals, machine: Machine) -> None:
    stub.is_now(machine)
    with exporter(stub, FAST) as running:
        running.until(shown if machine is ONE_BUSY else silent)
        wait(lambda: stub.calls()["nvmlDeviceGetUtilizationRates"] > 0)
        reader = running.reader()
        os.kill(running.process.pid, number)
        assert running.process.wait(10) == (-number if number is signal.SIGKILL else 0)
        wait(lambda: not reader.is_running() or reader.status() == psutil.STATUS_ZOMBIE)
