"""Every query of the manager, against a real Prometheus that scrapes a real node_exporter and our own exporters."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from shiva_manager_api.adapters.bounded_http import NOBODY
from shiva_manager_api.adapters.prometheus import QUERIES, REMEMBERED, Prometheus
from shiva_manager_api.adapters.prometheus_curves import PrometheusCurves
from shiva_manager_api.adapters.prometheus_history import PrometheusHistory
from shiva_manager_api.domain.machine_history import RANGES, MachineCurves
from shiva_manager_api.domain.machines import GpuDriver, MachineReading
from shiva_manager_api.domain.ports import MetricsUnavailableError

from deploy.dev import inventory, private
from deploy.dev.suite import NODE_EXPORTER, PROMETHEUS, SEARCH, free_ports
from tests.fakes.scraping import TOKEN
from tests.require import require

pytestmark = pytest.mark.timeout(120)

LOGIN = ("manager", "p" * 40)  # at Prometheus
BIN = Path(sys.executable).parent
ASKED = {**QUERIES, **REMEMBERED}
SIMULATED = ["gpu-01", "gpu-02", "gpu-03"]
OPTIONAL = {
    "temperature_celsius", "gpu_full_without_lease", "gpu_info", "gpu_shares", "gpu_up", "gpu_utilization_ratio", "gpu_memory_total_bytes",
    "gpu_temperature_celsius", "gpu_driver_present", "gpu_exporter_up",
    "gpu_container_active_ratio",
}  # fmt: skip
UNTOLD = {
    "gpu_people",
    "gpu_xids",
    "gpu_xids_of_the_week",
    "gpu_sick",
    "gpu_lost",
}  # there is no broker here, and no card is sick


@dataclass
class Scraped:
    """A Prometheus with three simulated machines and this one."""

    url: str
    source: Prometheus
    this: str  # this machine's name
    node_exporter: subprocess.Popen[bytes]

    def reading(self, host: str) -> MachineReading:
        """Return one machine's reading."""
        return next(reading for reading in self.source.machines() if reading.name == host)

    def waited_for(self, query: str) -> bool:
        """Whether a query has a series within half a minute."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self.source.query(query):
                    return True
            except MetricsUnavailableError:
                pass
            time.sleep(0.2)
        return False


SIMULATED_NODES = f"""
  - job_name: simulated
    {inventory.LOGIN}
    file_sd_configs: [{{files: [targets/simulated.json]}}]
    relabel_configs: [{{target_label: job, replacement: node}}]
"""


@contextmanager
def running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the context ends."""
    process = subprocess.Popen(
        command, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def merged_targets(folder: Path, ports: dict[str, int]) -> Path:
    """Write the targets of `make run` and of `make demo` into one configuration, scraped every second."""
    real, demo = inventory.this_machine(), inventory.simulated()
    config = inventory.write_targets(folder, real, ports, demo=False, metrics_token=TOKEN)
    text = config.read_text(encoding="utf-8")
    ours = {path.name: json.loads(path.read_text()) for path in (folder / "targets").glob("*.json")}
    inventory.write_targets(folder, demo, ports, demo=True, metrics_token=TOKEN)
    path = folder / "targets/gpu.json"
    path.write_text(json.dumps(json.loads(path.read_text()) + ours["gpu.json"]))
    shutil.move(folder / "targets/node.json", folder / "targets/simulated.json")  # another login: a job of its own
    (folder / "targets/node.json").write_text(json.dumps(ours["node.json"]))
    text = text.replace("interval: 5s", "interval: 1s").replace("timeout: 4s", "timeout: 1s") + SIMULATED_NODES
    config.write_text(text, encoding="utf-8")
    (folder / "machines.json").write_text(json.dumps({"machines": demo}))
    return config


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    programs = {name: shutil.which(name, path=SEARCH) for name in (PROMETHEUS, NODE_EXPORTER)}
    for name, path in programs.items():
        require("prometheus", present=path is not None, reason=f"{name} is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    names = ["node-exporter", "gpu-exporter", "demo-machines", "prometheus"]
    ports = free_ports([*names, "broker-exporter", "manager-api", "jupyter-broker", "jupyter-proxy"])
    address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    config = merged_targets(folder, ports)
    with ExitStack() as stack:

        def start(command: list[str], **environment: str) -> subprocess.Popen[bytes]:
            return stack.enter_context(running(command, environment))

        web = private.web_config(folder / "node-exporter.json", {inventory.SCRAPER: TOKEN})
        node_address = f"--web.listen-address={address['node-exporter']}"
        node = start([str(programs[NODE_EXPORTER]), node_address, f"--web.config.file={web}"])
        start(
            [str(BIN / "shiva-gpu-exporter")],
            SHIVA_EXPORTERS_GPU_BIND_PORT=str(ports["gpu-exporter"]),
            SHIVA_EXPORTERS_GPU_METRICS_TOKEN=TOKEN,
        )
        start(
            [str(BIN / "shiva-demo-machines")],
            SHIVA_EXPORTERS_DEMO_BIND_PORT=str(ports["demo-machines"]),
            SHIVA_EXPORTERS_DEMO_MACHINES_FILE=str(folder / "machines.json"),
            SHIVA_EXPORTERS_DEMO_METRICS_TOKEN=TOKEN,
        )
        start([
            str(programs[PROMETHEUS]), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address['prometheus']}",
            f"--web.config.file={private.web_config(folder / 'web.json', dict([LOGIN]))}",
        ])  # fmt: skip
        url = f"http://{address['prometheus']}"
        made = Scraped(url=url, source=Prometheus(url, login=LOGIN), this=socket.gethostname(), node_exporter=node)
        four_rates = 'count(rate(node_cpu_seconds_total{cpu="0",mode="idle"}[30s])) == 4'
        assert made.waited_for(four_rates), "Prometheus never scraped everything"
        assert made.waited_for('count(up{job="gpu"} == 1) == 4')
        used = 'rate(shiva_container_gpu_active_seconds_total{job="gpu"}[30s])'
        assert made.waited_for(f"count(count by (host) ({used})) == {len(SIMULATED)}")
        yield made


@pytest.mark.parametrize("name", ASKED)
def test_every_query_is_understood_and_tells_every_machine(scraped: Scraped, name: str) -> None:
    answer = requests.post(f"{scraped.url}/api/v1/query", data={"query": ASKED[name]}, auth=LOGIN, timeout=10).json()
    assert (answer["status"], answer["data"]["resultType"]) == ("success", "vector")
    assert answer.get("warnings", []) == []
    if name in UNTOLD:
        assert answer["data"]["result"] == []
        return
    if name == "gpu_booted_in_the_week" and not answer["data"]["result"]:
        return  # it is looked at every ten minutes, and this Prometheus is younger
    hosts = {sample["metric"]["host"] for sample in answer["data"]["result"]}
    assert hosts - {scraped.this} == set(SIMULATED)
    assert scraped.this in hosts or name in OPTIONAL


def test_simulated_machines_report_everything(scraped: Scraped) -> None:
    for host in SIMULATED:
        reading = scraped.reading(host)
        assert reading.up is True
        assert [name for name in MachineReading.__slots__ if getattr(reading, name) is None] == []
        assert reading.gpu_driver is GpuDriver.PRESENT
        assert [gpu.index for gpu in reading.gpus] == [0, 1]
        assert all(gpu.up and gpu.utilization_ratio is not None for gpu in reading.gpus)


def test_this_machine_is_told_as_its_kernel_tells_it(scraped: Scraped) -> None:
    reading = scraped.reading(scraped.this)
    assert reading.cpus == os.cpu_count()
    assert reading.memory_total_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    disk = os.statvfs("/")
    assert reading.disk_total_bytes == disk.f_blocks * disk.f_frsize
    assert reading.cpu_ratio is not None
    assert 0 <= reading.cpu_ratio <= 1
    assert reading.sample_age_seconds is not None
    assert reading.sample_age_seconds < 15
    listed = json.loads(subprocess.run([BIN / "shiva-gpu-exporter", "--list"], capture_output=True, check=True).stdout)
    assert len(reading.gpus) == len(listed)
    assert reading.gpu_driver is not GpuDriver.UNKNOWN


def curves(scraped: Scraped, machine: str) -> MachineCurves:
    """Return the last hour of a machine, until now."""
    until = datetime.fromtimestamp(time.time() // 15 * 15, UTC)
    return PrometheusCurves(scraped.url, login=LOGIN).read(machine, RANGES["1h"], until)


def test_a_machines_last_hour_has_what_was_scraped_and_nothing_before(scraped: Scraped) -> None:
    def whole() -> bool:
        told = curves(scraped, "gpu-01")
        every = [*told.curves.values(), *(curve for gpu in told.gpus for curve in gpu.curves.values())]
        return all(curve[-1] is not None for curve in every)

    deadline = time.monotonic() + 40  # a point is of half a minute, and the last one is up to a step old
    while not whole() and time.monotonic() < deadline:
        time.sleep(1)
    told = curves(scraped, "gpu-01")
    assert {name: curve[-1] is not None for name, curve in told.curves.items()} == dict.fromkeys(told.curves, True)
    assert {curve[0] for curve in told.curves.values()} == {None}
    assert [gpu.index for gpu in told.gpus] == [0, 1]
    ratio = told.curves["cpu_ratio"][-1]
    assert ratio is not None
    assert 0 <= ratio <= 1


@pytest.mark.parametrize("name", ['"} or up{x="', "a\nb", "\\", "\u2028é🙂", "\x7f\x01", "HOST WINDOW {}", "nobody"])
def test_any_name_is_one_literal_to_prometheus_too(scraped: Scraped, name: str) -> None:
    told = curves(scraped, name)
    assert (told.gpus, {value for curve in told.curves.values() for value in curve}) == ([], {None})


def test_a_machine_that_falls_silent_is_down_and_has_no_values(scraped: Scraped) -> None:
    scraped.node_exporter.kill()
    assert scraped.waited_for(f'up{{job="node",host="{scraped.this}"}} == 0')
    reading = scraped.reading(scraped.this)
    assert reading.up is False
    assert (reading.memory_used_bytes, reading.disk_used_bytes, reading.sample_age_seconds) == (None, None, None)
    assert scraped.reading("gpu-01").up is True


@pytest.mark.parametrize("login", [NOBODY, ("manager", "p" * 39), ("prometheus", TOKEN)])
def test_who_has_not_the_password_is_told_nothing(scraped: Scraped, login: tuple[str, str]) -> None:
    with pytest.raises(MetricsUnavailableError, match="401"):
        Prometheus(scraped.url, login=login).machines()
    now, hour = datetime.now(UTC), timedelta(hours=1)
    with pytest.raises(MetricsUnavailableError, match="401"):
        PrometheusHistory(scraped.url, step=timedelta(minutes=1), login=login).read(until=now, span=hour)


def test_nobody_at_the_address_is_said() -> None:
    with pytest.raises(MetricsUnavailableError):
        Prometheus("http://127.0.0.1:9").machines()
