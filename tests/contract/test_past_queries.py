"""A container's history and held GPU times, from a real Prometheus that remembers a day which is known to the second."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests
from shiva_manager_api.adapters.prometheus_containers import PrometheusContainers
from shiva_manager_api.adapters.prometheus_held_times import PrometheusHeldTimes
from shiva_manager_api.domain.container_history import ContainerCurves
from shiva_manager_api.domain.held_time import GpuTime, HeldTimes
from shiva_manager_api.domain.machine_history import RANGES

from deploy.dev.suite import PROMETHEUS, SEARCH, free_ports
from tests.contract.test_prometheus_queries import running
from tests.require import require

pytestmark = pytest.mark.timeout(120)

GIB = 2**30
HOUR = 3600
RECORDED = 20 * HOUR  # seconds before the end
HELD, RESTARTED, LEFT = 2 * HOUR, 1800, 300  # since when ada held a card; started anew; and closed her work on it
ODD = 'a"} or up{x="'  # of a container that there is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """A Prometheus, and the last moment that it remembers."""

    url: str
    until: datetime

    def curves(self, container: str = "ada--default", wanted: str = "1h") -> ContainerCurves:
        """Return a container's curves until then."""
        return PrometheusContainers(self.url).read(container, ["GPU-1"], 2.0, RANGES[wanted], self.until)

    def times(self, span: int) -> HeldTimes:
        """Return what was held until then."""
        return PrometheusHeldTimes(self.url).read(span, self.until)


def lines(until: int) -> Iterator[str]:
    """Yield the memory as OpenMetrics: one CPU of two is used, and a card at a half."""
    own, on_card = 'container_id="ada--default",user="ada",host="gpu-01"', 'gpu="3",uuid="GPU-1"'
    for at in range(until - HELD, until + 1, 15):
        running_since = until - RESTARTED if at >= until - RESTARTED else until - HELD
        yield f"container:shiva_memory_used_bytes{{{own}}} {GIB} {at}"
        yield f"container:shiva_cpu_seconds_total{{{own}}} {at - running_since} {at}"
        yield f'shiva_gpu_lease{{job="broker",container_id="ada--default",user="ada",machine="gpu-01",uuid="GPU-1"}} 1 {at}'
        yield f'shiva_gpu_utilization_ratio{{job="gpu",host="gpu-01",{on_card}}} 0.5 {at}'
        yield f'shiva_gpu_processes{{job="gpu",host="gpu-01",kind="container",{on_card}}} {int(at <= until - LEFT)} {at}'
        if at <= until - LEFT:
            yield f"container:shiva_gpu_processes{{{own},{on_card}}} 1 {at}"
            yield f"container:shiva_gpu_memory_used_bytes{{{own},{on_card}}} {2 * GIB} {at}"
    for at in range(until - RECORDED, until + 1, 60):
        yield f"shiva_gpu_time_recorded:timestamp {at} {at}"
        if at > until - HELD:
            yield from (f"{name} {value} {at}" for name, value in TIMES.items())


TIMES: Mapping[str, float] = {
    'user:shiva_gpu_time_held:count{user="ada"}': 2,
    'user:shiva_gpu_time_told:count{user="ada"}': 2,
    'user:shiva_gpu_time_used:sum{user="ada"}': 0.75,
    'user:shiva_gpu_time_held:count{user="ken"}': 1,
    'machine:shiva_gpu_time_held:count{machine="gpu-01"}': 3,
    'machine:shiva_gpu_time_told:count{machine="gpu-01"}': 2,
    'machine:shiva_gpu_time_used:sum{machine="gpu-01"}': 0.75,
}


@pytest.fixture(scope="module")
def remembering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remembering]:
    programs = {name: shutil.which(name, path=SEARCH) for name in (PROMETHEUS, "promtool")}
    for name, path in programs.items():
        require("prometheus", present=path is not None, reason=f"{name} is not installed")
    folder, until = tmp_path_factory.mktemp("past"), int(time.time()) // 2100 * 2100
    series = sorted(
        lines(until), key=lambda line: line.rsplit(" ", 2)[0]
    )  # each metric's together, as the format wants
    (folder / "memory.txt").write_text("\n".join([*series, "# EOF\n"]), encoding="utf-8")
    (folder / "prometheus.yml").write_text("{}", encoding="utf-8")
    command = [str(programs["promtool"]), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, str(folder / "memory.txt"), str(folder / "data")], check=True, capture_output=True)
    address = f"127.0.0.1:{free_ports(['prometheus'])['prometheus']}"
    arguments = [
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    with running([str(programs[PROMETHEUS]), *arguments]):
        deadline = time.monotonic() + 60
        while not answers(f"http://{address}/-/ready"):
            assert time.monotonic() < deadline, "Prometheus is not ready"
            time.sleep(0.1)
        yield Remembering(url=f"http://{address}", until=datetime.fromtimestamp(until, UTC))


def answers(url: str) -> bool:
    """Whether somebody answers there that all is well."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def test_memory_and_cpus_go_on_over_a_restart(remembering: Remembering) -> None:
    told = remembering.curves()
    assert set(told.curves["memory_used_bytes"]) == {GIB}
    ratios = told.curves["cpu_ratio"]
    restart = (HOUR - RESTARTED) // 15
    assert [round(each or 0, 2) for each in (*ratios[:restart], *ratios[restart + 5 :])] == [0.5] * (241 - 5)
    assert all(each is not None and 0 <= each <= 0.6 for each in ratios)


def test_a_card_is_told_while_it_was_held_with_nothing_on_it_after_the_work_was_closed(
    remembering: Remembering,
) -> None:
    [gpu] = remembering.curves().gpus
    assert (gpu.uuid, gpu.index) == ("GPU-1", 3)
    assert set(gpu.curves["machine_utilization_ratio"]) == {0.5}
    memory = gpu.curves["memory_used_bytes"]
    assert (memory[0], memory[-1]) == (2 * GIB, 0)
    assert set(memory) == {2 * GIB, 0}


@pytest.mark.parametrize("wanted", RANGES)
def test_before_it_ran_nothing_is_known(remembering: Remembering, wanted: str) -> None:
    told = remembering.curves(wanted=wanted)
    curves = [*told.curves.values(), *told.gpus[0].curves.values()]
    assert [curve[-1] is None for curve in curves] == [False] * 4
    assert [curve[0] is None for curve in curves] == [wanted != "1h"] * 4


@pytest.mark.parametrize("name", ["ken--default", ODD, "a\nb", "\\"])
def test_another_container_has_none_of_it(remembering: Remembering, name: str) -> None:
    told = remembering.curves(name)
    assert {value for curve in told.curves.values() for value in curve} == {None}
    assert [{*gpu.curves["memory_used_bytes"], *gpu.curves["machine_utilization_ratio"]} for gpu in told.gpus] == [
        {None}
    ]


@pytest.mark.parametrize("span", [24 * HOUR, 30 * 24 * HOUR])
def test_two_hours_of_two_cards_are_four_hours_and_records_began_when_they_did(
    remembering: Remembering, span: int
) -> None:
    told = remembering.times(span)
    assert told.people == {
        "ada": GpuTime(held=2.0 * HELD, used=0.75 * HELD), "ken": GpuTime(held=1.0 * HELD, used=None),
    }  # fmt: skip
    assert told.machines == {"gpu-01": GpuTime(held=3.0 * HELD, used=None)}
    assert told.recorded_from is not None
    assert abs(told.recorded_from - (remembering.until - timedelta(seconds=RECORDED))) < timedelta(minutes=1)


def test_what_was_held_before_the_span_is_in_no_sum(remembering: Remembering) -> None:
    told = remembering.times(HOUR)
    assert told.people["ada"].held == pytest.approx(2.0 * HOUR, abs=120)
    assert told.recorded_from == remembering.until - timedelta(hours=1)
