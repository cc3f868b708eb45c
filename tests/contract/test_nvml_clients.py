"""Three clients that know nothing of one another tell the same numbers of the stub: our exporter, gpustat and nvitop."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.dev.suite import free_ports
from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.presets import MIXED, ONE_H200_WITH_MIG, PRESETS, TWO_GTX_1080, h200
from tests.fakes.nvml_stub.state import Gpu, Machine, Memory, Process
from tests.fakes.nvml_stub.stub import Stub, nvml_library, stub
from tests.fakes.scraping import LOGIN, TOKEN

__all__ = ["nvml_library", "stub"]

BIN = Path(sys.executable).parent
MIB = 2**20
Page = dict[tuple[str, str], float]  # by metric and GPU, which is empty for the machine's own
NVITOP = """
import json, nvitop
def number(value):
    return None if value is nvitop.NA else value
for card in nvitop.Device.all():
    print(json.dumps({
        "name": card.name(), "uuid": number(card.uuid()), "total": number(card.memory_total()), "used": number(card.memory_used()),
        "utilization": number(card.gpu_utilization()), "temperature": number(card.temperature()), "fan": number(card.fan_speed()),
        "power": number(card.power_usage()), "processes": {p: number(v.gpu_memory()) for p, v in card.processes().items()},
        "mig": [m.uuid() for m in card.mig_devices()],
    }))
"""


def busy(machine: Machine) -> Machine:
    """Return it with every card different from the others and from an idle one; its process is this test."""
    return replace(machine, gpus=[_busy(gpu, number) for number, gpu in enumerate(machine.gpus)])


def _busy(gpu: Gpu, number: int) -> Gpu:
    assert gpu.memory is not None
    return replace(
        gpu,
        utilization=gpu.utilization and (61 + number, 20),
        memory=replace(gpu.memory, used=(3000 + number) * MIB),
        temperature=55 + number,
        power_mw=120_000 + 1000 * number,
        processes=[Process(pid=os.getpid(), memory=(2900 + number) * MIB, sm=40)],
    )


def page_at(port: int) -> Page:
    """Return what the exporter tells, nothing while it does not listen."""
    try:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=LOGIN)
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310  http
            text = answer.read().decode()
    except OSError:
        return {}
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        (sample.name, sample.labels.get("gpu", sample.labels.get("collector", ""))): sample.value for sample in samples
    }


@contextmanager
def exporter(stub: Stub, *, interval: float = 0.1) -> Iterator[Callable[[], Page]]:
    """Our exporter on the stub, as people start it."""
    port = free_ports(["gpu"])["gpu"]
    told = {"BIND_PORT": str(port), "INTERVAL": str(interval), "METRICS_TOKEN": TOKEN}
    settings = {f"SHIVA_EXPORTERS_GPU_{key}": value for key, value in told.items()}
    with subprocess.Popen([BIN / "shiva-gpu-exporter"], env=os.environ | stub.environment | settings) as process:
        try:
            yield lambda: page_at(port)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


def until(page: Callable[[], Page], good: Callable[[Page], bool]) -> Page:
    """Return the first page that is good."""
    deadline = time.monotonic() + 30
    while not good(told := page()):
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    return told


def of(page: Page, metric: str) -> dict[str, float]:
    """Return a metric by GPU."""
    return {gpu: value for (name, gpu), value in page.items() if name == f"shiva_gpu_{metric}"}


def by_index(machine: Machine, value: Callable[[Gpu], float | None]) -> dict[str, float]:
    """Return what the cards tell, by GPU."""
    return {str(n): told for n, gpu in enumerate(machine.gpus) if (told := value(gpu)) is not None}


def memory(gpu: Gpu) -> Memory:
    """Return its memory, which every preset tells."""
    assert gpu.memory is not None
    return gpu.memory


@pytest.fixture(params=PRESETS)
def machine(request: pytest.FixtureRequest, stub: Stub) -> Machine:
    """A busy machine that the stub is."""
    machine = busy(PRESETS[request.param])
    stub.is_now(machine)
    return machine


def test_our_exporter_tells_what_the_driver_tells(stub: Stub, machine: Machine) -> None:
    with exporter(stub) as page:
        told = until(page, lambda page: "shiva_gpu_devices" in {name for name, _ in page})
    assert told["shiva_gpu_devices", ""] == len(machine.gpus)
    assert of(told, "up") == by_index(machine, lambda _: 1.0)
    assert of(told, "memory_total_bytes") == by_index(machine, lambda gpu: memory(gpu).total)
    assert of(told, "memory_used_bytes") == by_index(machine, lambda gpu: memory(gpu).used)
    assert of(told, "temperature_celsius") == by_index(machine, lambda gpu: gpu.temperature)
    assert of(told, "utilization_ratio") == by_index(machine, lambda gpu: gpu.utilization and gpu.utilization[0] / 100)


def test_gpustat_tells_the_same(stub: Stub, machine: Machine) -> None:
    told = json.loads(stub.run(BIN / "gpustat", "--json"))
    assert told["driver_version"] == machine.driver_version
    assert len(told["gpus"]) == len(machine.gpus)
    for line, gpu in zip(told["gpus"], machine.gpus, strict=True):
        power = (gpu.power_mw or 0) // 1000
        assert (line["uuid"], line["name"], line["temperature.gpu"]) == (gpu.uuid, gpu.name, gpu.temperature)
        assert (line["memory.used"], line["memory.total"]) == (memory(gpu).used // MIB, memory(gpu).total // MIB)
        assert (line["utilization.gpu"], line["power.draw"]) == (gpu.utilization and gpu.utilization[0], power)
        assert line["fan.speed"] == (gpu.fans[0] if gpu.fans else None)
        assert {p["pid"]: p["gpu_memory_usage"] for p in line["processes"]} == {
            p.pid: (p.memory or 0) // MIB for p in gpu.processes
        }


def nvitop(stub: Stub) -> list[dict[str, Any]]:
    """Return what nvitop says of each card."""
    return [json.loads(line) for line in stub.run(sys.executable, "-c", NVITOP).splitlines()]


def test_nvitop_tells_the_same(stub: Stub, machine: Machine) -> None:
    assert nvitop(stub) == [
        {
            "name": gpu.name,
            "uuid": gpu.uuid,
            "total": memory(gpu).total,
            "used": memory(gpu).used,
            "utilization": gpu.utilization and gpu.utilization[0],
            "temperature": gpu.temperature,
            "fan": gpu.fans[0] if gpu.fans else None,
            "power": gpu.power_mw,
            "processes": {str(p.pid): p.memory for p in gpu.processes},
            "mig": [mig.uuid for mig in gpu.mig[:1]],  # it ends at the first empty slot, which our preset has
        }
        for gpu in machine.gpus
    ]


def test_all_three_say_that_a_card_is_lost_and_show_the_others(stub: Stub) -> None:
    machine = busy(MIXED)
    stub.is_now(machine)
    with exporter(stub) as page:
        until(page, lambda page: of(page, "up") == {"0": 1, "1": 1, "2": 1})
        stub.is_now(replace(machine, gpus=[machine.gpus[0], replace(h200(1), errors=state.LOST), machine.gpus[2]]))
        told = until(page, lambda page: of(page, "up") == {"0": 1, "1": 0, "2": 1})
        assert of(told, "temperature_celsius") == {"0": 55, "2": 57}
        stated = json.loads(stub.run(BIN / "gpustat", "--json"))["gpus"]
        assert [line["name"] for line in stated] == [machine.gpus[0].name, "((GPU is lost))", machine.gpus[2].name]
        assert [line["name"] for line in nvitop(stub)] == [
            machine.gpus[0].name,
            "ERROR: GPU is Lost",
            machine.gpus[2].name,
        ]
        stub.is_now(machine)
        until(page, lambda page: of(page, "temperature_celsius") == {"0": 55, "1": 56, "2": 57})


def test_our_exporter_follows_a_driver_that_goes_and_comes_back(stub: Stub) -> None:
    present = ("shiva_gpu_driver_present", "")
    success = ("shiva_collector_success", "gpu")
    with exporter(stub) as page:
        until(page, lambda page: page.get(present) == 0 and page.get(success) == 1)
        stub.is_now(TWO_GTX_1080)
        until(page, lambda page: page.get(present) == 1 and len(of(page, "up")) == 2)
        stub.is_now(replace(TWO_GTX_1080, errors=state.MISMATCHED))
        assert of(until(page, lambda page: page.get(success) == 0), "up") == {}
        stub.is_now(replace(TWO_GTX_1080, errors=state.GONE))
        assert of(until(page, lambda page: page.get(present) == 0), "up") == {}
        stub.is_now(ONE_H200_WITH_MIG)
        assert of(until(page, lambda page: of(page, "up") == {"0": 1}), "utilization_ratio") == {}


def asked(stub: Stub) -> dict[str, int]:
    return {name: count for name, count in stub.calls().items() if not name.startswith("nvmlEventSetWait")}


def test_a_scrape_never_calls_the_driver(stub: Stub) -> None:
    """Its second round is an hour away, so each call that is counted after the first one would be a scrape's.

    Not counted: the wait for events, which a thread of its own repeats.
    """
    stub.is_now(busy(MIXED))
    with exporter(stub, interval=3600.0) as page:
        until(page, lambda page: len(of(page, "up")) == 3)
        after_one_round = asked(stub)
        assert after_one_round["nvmlDeviceGetUtilizationRates"] == 3
        for _ in range(20):
            assert len(of(page(), "up")) == 3
        assert asked(stub) == after_one_round


def test_a_hung_driver_holds_up_no_scrape(stub: Stub) -> None:
    machine = busy(TWO_GTX_1080)
    stub.is_now(machine)
    with exporter(stub) as page:
        until(page, lambda page: len(of(page, "up")) == 2)
        stub.is_now(replace(machine, hangs={"nvmlDeviceGetUtilizationRates": 3600.0}))
        told = until(page, lambda page: page.get(("shiva_collector_success", "gpu")) == 0)
        assert of(told, "up") == {}
        stub.is_now(machine)
        until(page, lambda page: len(of(page, "temperature_celsius")) == 2)
