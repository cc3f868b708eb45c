"""What a simulated machine shows, the real node_exporter shows too: same names, types and labels."""

import os
import shutil
import subprocess
import time

import pytest
import requests
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from shiva_exporters.demo.__main__ import SimulatedNode, only
from shiva_exporters.demo.machines import SimulatedMachine

from deploy.dev.suite import NODE_EXPORTER, SEARCH, free_ports
from tests.require import require

MACHINE = SimulatedMachine(name="gpu-01", cpus=2, memory_bytes=2**35, gpus=())
ADDED_BY_NEWER = {"node_filesystem_size_bytes": {"device_error"}, "node_filesystem_avail_bytes": {"device_error"}}

NEEDS_HARDWARE = {"node_hwmon_temp_celsius": ("gauge", {"chip", "sensor"})}  # as read where there is a sensor


def shapes(text: str) -> dict[str, tuple[str, set[str]]]:
    """Return each metric's type and labels."""
    return {
        family.name: (family.type, {label for sample in family.samples for label in sample.labels})
        for family in text_string_to_metric_families(text)
        if family.name.startswith("node_") and family.samples
    }


def real_page() -> str:
    """Return what node_exporter says of this machine."""
    program = shutil.which(NODE_EXPORTER, path=SEARCH)
    require("prometheus", present=program is not None, reason=f"{NODE_EXPORTER} is not installed")
    port = free_ports(["node"])["node"]
    process = subprocess.Popen(
        [str(program), f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
            except requests.ConnectionError:
                assert time.monotonic() < deadline, "node_exporter does not answer"
                time.sleep(0.05)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def real() -> dict[str, tuple[str, set[str]]]:
    return shapes(real_page())


def simulated() -> dict[str, tuple[str, set[str]]]:
    registry: CollectorRegistry = only(SimulatedNode(MACHINE))
    return shapes(generate_latest(registry).decode())


@pytest.mark.parametrize("name", sorted(simulated()))
def test_the_real_one_has_it_with_this_type_and_these_labels(name: str, real: dict[str, tuple[str, set[str]]]) -> None:
    kind, labels = (real if name in real else NEEDS_HARDWARE)[name]
    assert (kind, labels - ADDED_BY_NEWER.get(name, set())) == simulated()[name]
