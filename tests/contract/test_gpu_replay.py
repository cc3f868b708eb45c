"""Machines replayed on the NVML stub through the exporter as a program: each page is a file in tests/captures/machines.

Seconds are masked and failed calls left out: how many there are is the machine's own. Write the files anew with SHIVA_WRITE_CAPTURES=1.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from deploy.dev.suite import free_ports
from tests.contract.test_metrics import described, exposed, linted
from tests.fakes.nvml_stub.presets import (
    BUSY,
    MIXED,
    ONE_H200,
    ONE_H200_WITH_MIG,
    PRESETS,
    TWO_GTX_1080,
    gtx_1080,
    h200,
)
from tests.fakes.nvml_stub.state import GONE, LOST, OLD, Event, Gpu, Machine, Process
from tests.fakes.nvml_stub.stub import Stub, nvml_library, stub
from tests.fakes.proc import FakeProc
from tests.fakes.scraping import LOGIN, TOKEN

__all__ = ["nvml_library", "stub"]  # fixtures

CAPTURES = Path(__file__).resolve().parents[1] / "captures/machines"
EXPORTER = Path(sys.executable).parent / "shiva-gpu-exporter"
ADA, KEN = "3f" * 32, "5c" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the driver says, one after the other, and what is on the page when all of the last has been seen."""

    machines: Sequence[Machine]
    seen: Sequence[str] = ()


def _with_mig_processes() -> Machine:
    [card] = ONE_H200_WITH_MIG.gpus
    first, second, third = card.mig
    parts = [
        replace(first, processes=[Process(pid=7, memory=2**32)], gpm={2: 40}),
        replace(second, processes=[Process(pid=8, memory=2**30), Process(pid=9, memory=2**30)]),
        third,
    ]
    return Machine(gpus=[replace(card, mig=parts)])


def _little() -> Gpu:
    """A card of which the driver knows no more than that it is there."""
    quiet = gtx_1080()
    return Gpu(
        bus_id=quiet.bus_id, uuid=quiet.uuid, name=quiet.name, utilization=None, encoder=None, decoder=None,
        clock_reasons=None, performance_state=None, pcie_replays=None, event_types=None,
        errors={"nvmlDeviceGetComputeRunningProcesses_v3": 3, "nvmlDeviceGetComputeRunningProcesses_v2": 3},
    )  # fmt: skip


STARTED = 'shiva_collector_success{collector="gpu"} 1.0'
WATCHED = 'shiva_collector_success{collector="containers"} 1.0'
MONITOR = "shiva_gpu_sm_utilization_ratio{"
MIG_MONITOR = 'shiva_gpu_mig_sm_utilization_ratio{gi="13"'
FIRST, SECOND = TWO_GTX_1080.gpus
XIDS = replace(BUSY, events=[Event(data=31), Event(data=79), Event(data=31)])
CASES = {
    "two-gtx-1080": Case(machines=[TWO_GTX_1080]),
    "h200": Case(machines=[ONE_H200], seen=[MONITOR]),
    "h200-with-mig": Case(machines=[ONE_H200_WITH_MIG], seen=[MIG_MONITOR]),
    "mixed": Case(machines=[MIXED], seen=[MONITOR, MIG_MONITOR]),
    "busy": Case(machines=[Machine(gpus=[replace(BUSY, processes=[replace(p, pid=p.pid - 4235) for p in BUSY.processes])])]),
    "mig-in-use": Case(machines=[_with_mig_processes()], seen=[MIG_MONITOR]),
    "one-lost": Case(machines=[TWO_GTX_1080, Machine(gpus=[FIRST, replace(SECOND, errors=LOST)])], seen=[f'shiva_gpu_up{{gpu="1",uuid="{SECOND.uuid}"}} 0.0']),
    "tells-little": Case(machines=[Machine(gpus=[_little()])]),
    "old-driver": Case(machines=[Machine(gpus=[gtx_1080(), h200(1)], errors=OLD)], seen=[MONITOR]),
    "xids": Case(machines=[Machine(gpus=[BUSY]), Machine(gpus=[XIDS])], seen=['xid="31"} 2.0', 'xid="79"} 1.0']),
    "driver-gone": Case(machines=[TWO_GTX_1080, Machine(errors=GONE)], seen=["shiva_gpu_driver_present 0.0"]),
}  # fmt: skip


@contextmanager
def exporter(stub: Stub, folder: Path, **settings: str) -> Iterator[Callable[[], str]]:
    """Run the exporter on the stub's machine; yields what asks for its page, empty until it answers."""
    port = free_ports(["gpu"])["gpu"]
    proc = FakeProc(folder)
    proc.runs(7, cgroup=f"0::/docker/{ADA}", launch=ADA[:32])
    proc.runs(8, cgroup=f"0::/docker/{KEN}", launch=KEN[:32])
    proc.counts(KEN, 2**30, 2**20, 1_500_000)
    cgroups = proc.counts(ADA, 2**31, 2**30, 71_250_000)
    environment = os.environ | stub.environment
    environment |= {
        "SHIVA_EXPORTERS_GPU_CGROUP_DIR": str(cgroups),
        "SHIVA_EXPORTERS_GPU_METRICS_TOKEN": TOKEN, "SHIVA_EXPORTERS_GPU_BIND_PORT": str(port), "SHIVA_EXPORTERS_GPU_INTERVAL": "0.1",
        "SHIVA_EXPORTERS_GPU_PROC_DIR": str(folder), "SHIVA_EXPORTERS_GPU_HOSTNAME": "gpu-01", **settings,
    }  # fmt: skip

    def page() -> str:
        try:
            return requests.get(f"http://127.0.0.1:{port}/metrics", headers=LOGIN, timeout=10).text
        except requests.ConnectionError:
            return ""

    process = subprocess.Popen([EXPORTER], env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield page
    finally:
        process.terminate()
        process.wait(20)


def waited(page: Callable[[], str], *seen: str) -> str:
    """Return the page as soon as it has all of `seen`."""
    deadline = time.monotonic() + 30
    text = page()
    while missing := [each for each in seen if each not in text]:
        assert time.monotonic() < deadline, (missing, text)
        time.sleep(0.02)
        text = page()
    return text


def masked(text: str) -> str:
    """Return the page without what the process tells of itself, and with seconds masked."""
    ours = re.sub(
        r"^(?:(?:# \w+ )?(?:process|python)_|shiva_gpu_collect_errors_total{).*\n", "", text, flags=re.MULTILINE
    )
    return re.sub(r"^(\w*_seconds(?:_total)?(?:{.*})?) .*$", r"\1 T", ours, flags=re.MULTILINE)


def replayed(case: Case, stub: Stub, folder: Path) -> str:
    """Return the page that a case ends with, masked."""
    stub.is_now(case.machines[0])
    with exporter(stub, folder) as page:
        waited(page, STARTED)
        for machine in case.machines[1:]:
            stub.is_now(machine)
        return masked(waited(page, STARTED, WATCHED, *case.seen))


@pytest.mark.parametrize("name", CASES)
def test_a_machine_gives_the_page_that_was_captured(name: str, stub: Stub, tmp_path: Path) -> None:
    path = CAPTURES / f"{name}.metrics"
    served = replayed(CASES[name], stub, tmp_path)
    if os.environ.get("SHIVA_WRITE_CAPTURES"):
        path.write_text(served, encoding="utf-8")
    assert served == path.read_text(encoding="utf-8")


def test_every_preset_is_replayed() -> None:
    replayed_machines = [case.machines[-1] for case in CASES.values()]
    assert [name for name, machine in PRESETS.items() if machine not in replayed_machines] == []


def test_no_capture_is_left_over() -> None:
    assert {path.stem for path in CAPTURES.glob("*")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_captured_page_is_what_the_contract_says_and_promtool_accepts(name: str) -> None:
    text = (CAPTURES / f"{name}.metrics").read_text(encoding="utf-8").replace(" T\n", " 1\n")
    ours = "".join(line for line in text.splitlines(keepends=True) if "DCGM_" not in line)
    assert set(exposed(ours)) <= set(described()["shiva-gpu-exporter"])
    assert linted(ours) == (0, "")
    assert set(re.findall(r'label "(\w+)"|.*', linted(text)[1])) <= {"", "modelName", "UUID", "Hostname"}
