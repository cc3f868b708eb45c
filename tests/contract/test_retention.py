"""How large Prometheus becomes is counted from real pages; deploy/README.md says it, and the flags that go with it."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.contract.remembered import CONFIGURED, captured
from tests.contract.test_alerts import rules
from tests.contract.test_metrics import SURFACES
from tests.contract.test_node_exporter_names import real_page

README = Path(__file__).resolve().parents[2] / "deploy/README.md"
BYTES_PER_SAMPLE = 2  # Prometheus documents 1 to 2
DAY = 86400
NETWORK_DEVICES, DISKS, FILE_SYSTEMS = 3, 2, 3  # of a machine; each container has a network device more
TOLERANCE = 0.2
ROW = re.compile(
    r"\| (\d+) \| (\d+) threads, (\d+) GPUs, (\d+) containers \| ([\d,]+) \| ([\d.]+) GB \| "
    r"`--storage\.tsdb\.retention\.time=(\d+)d --storage\.tsdb\.retention\.size=(\d+)GB` \|"
)
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line of the README's table."""

    machines: int
    threads: int
    gpus: int
    containers: int
    series: int
    gigabytes_a_day: float
    days: int
    gigabytes: int


def said() -> list[Said]:
    """Return the README's lines."""
    found = ROW.findall(README.read_text(encoding="utf-8"))
    return [
        Said(
            machines=int(machines), threads=int(threads), gpus=int(gpus), containers=int(containers),
            series=int(series.replace(",", "")), gigabytes_a_day=float(a_day), days=int(days), gigabytes=int(size),
        )
        for machines, threads, gpus, containers, series, a_day, days, size in found
    ]  # fmt: skip


def series(text: str) -> list[tuple[str, Labels]]:
    """Return a page's series."""
    families = text_string_to_metric_families(text)
    return [(sample.name, sample.labels) for family in families for sample in family.samples]


def count(text: str, wanted: Callable[[str, Labels], bool]) -> int:
    """Return how many series of a page are wanted."""
    return sum(wanted(name, labels) for name, labels in series(text))


def per_device(text: str, prefix: str) -> float:
    """Return how many series node_exporter has for each device of a kind."""
    found = [labels for name, labels in series(text) if name.startswith(prefix) and "device" in labels]
    return len(found) / len({(labels["device"], labels.get("mountpoint")) for labels in found})


def of_node_exporter(text: str, threads: int, containers: int) -> float:
    """Return its series on a machine, from what it says on this one."""
    return (
        count(text, lambda _, labels: not {"cpu", "device"} & labels.keys())
        + count(text, lambda _, labels: "cpu" in labels) / (os.cpu_count() or 1) * threads
        + per_device(text, "node_network_") * (NETWORK_DEVICES + containers)
        + per_device(text, "node_disk_") * DISKS
        + per_device(text, "node_filesystem_") * FILE_SYSTEMS
    )


def of_gpu_exporter(folder: Path, gpus: int, containers: int) -> int:
    """Return its series on a machine whose cards tell everything, one container on each card."""
    page = SURFACES["shiva-gpu-exporter"](folder)
    alone = count(page, lambda _, labels: "gpu" not in labels)
    container = count(page, lambda _, labels: "launch_id" in labels)
    card = count(captured("machines/h200"), lambda _, labels: "gpu" in labels and "launch_id" not in labels)
    return alone + card * gpus + container * containers


def of_a_container(folder: Path) -> int:
    """Return the broker exporter's series of a container, and those that the rules make of it."""
    told = count(SURFACES["shiva-broker-exporter"](folder), lambda _, labels: "container_id" in labels)
    return told + sum("container" in rule["record"] for rule in rules("recording.yml"))


@pytest.fixture(scope="module")
def node_page() -> str:
    return real_page()


def test_the_readme_names_a_small_and_a_large_cluster() -> None:
    assert [each.machines for each in said()] == [3, 100]


@pytest.mark.parametrize("position", [0, 1], ids=["small", "large"])
def test_the_size_that_the_readme_names_is_that_of_the_pages(position: int, tmp_path: Path, node_page: str) -> None:
    each = said()[position]
    machine = of_node_exporter(node_page, each.threads, each.containers)
    machine += of_gpu_exporter(tmp_path, each.gpus, each.containers) + of_a_container(tmp_path) * each.containers
    services = sum(len(series(SURFACES[name](tmp_path))) for name in ("jupyter-broker", "manager-api", "jupyter-proxy"))
    assert each.series == pytest.approx(machine * each.machines + services, rel=TOLERANCE)
    config = yaml.safe_load((CONFIGURED / "prometheus.yml").read_text(encoding="utf-8"))
    pace = int(config["global"]["scrape_interval"].removesuffix("s"))
    a_day = each.series / pace * DAY * BYTES_PER_SAMPLE / 1e9
    assert each.gigabytes_a_day == pytest.approx(a_day, rel=TOLERANCE)
    assert (
        1 <= each.gigabytes / (each.gigabytes_a_day * each.days) < 1.5
    )  # size is the brake, not what ends memory first
