"""`make bench-exporter`: our GPU exporter on the NVML stub, 8 GPUs with 100 processes of 20 containers.

Memory is that of both processes, the one that serves and the one that asks the driver, as the kernel tells it in `smaps_rollup`:
resident is the sum of what each has in memory (what they share, Python and libc, counts twice); proportional counts shared pages
once, which is what the machine would have back. Python's bytecode is on the disk, as after `pip install`. CPU includes the stub's
own work (it logs each call to a file); a real driver's takes longer and waits for a lock. The peer is prometheus-client's own
server with the same series. nvidia_gpu_exporter's page tells of 10 to 55 ms for each nvidia-smi that a scrape of it starts.
"""

import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from deploy.dev.suite import free_ports
from tests.bench.measured import keep, table
from tests.fakes.nvml_stub.exporting import Exporter, exporter
from tests.fakes.nvml_stub.presets import h200
from tests.fakes.nvml_stub.state import Machine, Memory, Process
from tests.fakes.nvml_stub.stub import Stub, build
from tests.fakes.proc import FakeProc
from tests.fakes.scraping import LOGIN

GPUS, PROCESSES, CONTAINERS = 8, 100, 20
SCRAPES, CPU_SECONDS, SCRAPE_PACE_SECONDS = 500, 60.0, 15.0
GOALS = {"scrape_p50_ms": 5.0, "cpu_percent": 1.0, "proportional_mb": 40.0, "driver_calls_in_scrapes": 0}
GIB = 2**30


def machine() -> Machine:
    """Return a busy one."""
    cards = [
        replace(
            h200(number),
            utilization=(80, 40),
            memory=Memory(total=140 * GIB, reserved=GIB, used=100 * GIB),
            processes=[Process(pid=1000 + n, memory=4 * GIB, sm=5) for n in range(number, PROCESSES, GPUS)],
        )
        for number in range(GPUS)
    ]
    return Machine(gpus=cards)


def processes(folder: Path) -> None:
    """Let them run, a few of each container."""
    folder.mkdir()
    proc = FakeProc(folder)
    for number in range(PROCESSES):
        engine_id = f"{number % CONTAINERS:064x}"
        cgroup, launch = f"0::/system.slice/docker-{engine_id}.scope", engine_id[-32:]
        proc.runs(1000 + number, cgroup=cgroup, inside=[1000 + number, 7], launch=launch)


def scrapes(port: int) -> tuple[list[float], bytes]:
    """Return how long each took, milliseconds, and the last page."""
    took, page = [], b""
    for _ in range(SCRAPES):
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics", headers=LOGIN)
        page = connection.getresponse().read()
        connection.close()
        took.append((time.perf_counter() - began) * 1000)
    return took, page


@contextmanager
def peer(page: bytes, folder: Path) -> Iterator[int]:
    """Serve the same series by prometheus-client alone; its port."""
    kept, port = folder / "page.metrics", free_ports(["peer"])["peer"]
    kept.write_bytes(page)
    with subprocess.Popen([sys.executable, "-m", "tests.bench.exposition_peer", kept, str(port)]) as process:
        try:
            _until(lambda: bool(psutil.Process(process.pid).net_connections()))
            yield port
        finally:
            process.kill()


def _until(good: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not good():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def memory_mb(pids: list[int]) -> tuple[float, float]:
    """Return resident and proportional megabytes of some processes together."""
    sums = {"Rss": 0, "Pss": 0}
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        for name in sums:
            sums[name] += int(re.findall(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[0])
    return sums["Rss"] * 1024 / 1e6, sums["Pss"] * 1024 / 1e6


def spent(processes: list[psutil.Process]) -> float:
    """Return seconds of user's and system's time so far."""
    return sum(times.user + times.system for times in (each.cpu_times() for each in processes))


def cpu_percent(running: Exporter) -> float:
    """Return both processes' share of one core at the default pace, scraped as Prometheus does."""
    both = [psutil.Process(running.process.pid), running.reader()]
    before, began = spent(both), time.monotonic()
    while time.monotonic() < began + CPU_SECONDS:
        running.text()
        time.sleep(SCRAPE_PACE_SECONDS)
    return 100 * (spent(both) - before) / (time.monotonic() - began)


def calls_in_scrapes(stub: Stub, proc: Path) -> int:
    """Return how often the driver is called by scrapes: there is one round in an hour, and waiting for XIDs is nobody's call."""
    with exporter(stub, {"PROC_DIR": proc, "INTERVAL": 3600}) as running:
        running.until(lambda page: ("gpu_devices", "") in page)
        before = stub.calls()
        scrapes(running.port)
        more = stub.calls() - before
        return more.total() - more["nvmlEventSetWait_v2"]


def measured(stub: Stub, proc: Path, folder: Path) -> dict[str, float]:
    """Return the figures of the default pace."""
    with exporter(stub, {"PROC_DIR": proc}) as running:
        running.until(lambda page: ("gpu_devices", "") in page)
        cpu = cpu_percent(running)
        took, page = scrapes(running.port)
        resident, proportional = memory_mb([running.process.pid, running.reader().pid])
    with peer(page, folder) as port:
        others, same = scrapes(port)
    series = len(re.findall(rb"(?m)^[^#\n]", page))
    assert len(re.findall(rb"(?m)^[^#\n]", same)) == series
    median = statistics.median(took)
    return {
        "series": series,
        "scrape_p50_ms": median,
        "scrape_p99_ms": statistics.quantiles(took, n=100)[98],
        "peer_p50_ms": statistics.median(others),
        "ratio_to_peer": median / statistics.median(others),
        "cpu_percent": cpu,
        "resident_mb": resident,
        "proportional_mb": proportional,
    }


def main() -> None:
    """Measure, print, keep; exit status 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        (folder / "nvml").mkdir()
        stub = Stub(build(folder / "nvml"), folder)
        stub.is_now(machine())
        processes(folder / "proc")
        calls = calls_in_scrapes(stub, folder / "proc")  # the first run also writes the bytecode
        figures = {"driver_calls_in_scrapes": calls} | measured(stub, folder / "proc", folder)
    rows = [{"what": what, "value": value, "goal": GOALS.get(what)} for what, value in figures.items()]
    print(table(rows))
    met = all(figures[what] <= goal for what, goal in GOALS.items())
    keep("bench-exporter", figures | {"gpus": GPUS, "processes": PROCESSES, "goals": GOALS, "goals_met": met})
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
