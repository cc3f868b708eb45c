"""METRICS.md is what our five services expose, no more and no less, and promtool finds nothing to say about it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from shiva_exporters import serve
from shiva_exporters.broker.collector import BrokerCollector
from shiva_exporters.broker.source import ContainerFacts
from shiva_exporters.containers.cgroups import Use
from shiva_exporters.containers.collector import ContainerCollector
from shiva_exporters.gpu.activity import Meter
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.facts import ABOUT
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.gpu.source import GpuProcess, GpuSample, Identity, Kind, MigSample, Owner, Reading, Xid
from shiva_jupyter_broker import bootstrap as broker
from shiva_jupyter_broker.settings import Settings as BrokerSettings
from shiva_manager_api import bootstrap as manager
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.adapters.store.preparing import prepared
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.predictions import Predictions
from shiva_manager_api.settings import Settings as ManagerSettings
from shiva_manager_api.truth import Truth

from deploy.dev.suite import SEARCH
from tests.fakes.proxy_door import World, in_world
from tests.require import require

CONTRACT = Path(__file__).resolve().parents[2] / "services/exporters/METRICS.md"
CAPTURES = sorted((Path(__file__).resolve().parents[1] / "captures").glob("*.metrics"))
NOWHERE = "http://127.0.0.1:9"
EVERY_EXPORTER = "every exporter"
UNITS = ("seconds", "bytes", "ratio", "celsius", "watts", "hertz")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Row:
    """A metric, as PromQL names it."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def described() -> dict[str, list[Row]]:
    """Return the contract's tables by section."""
    found: dict[str, list[Row]] = {}
    for line in CONTRACT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| `shiva_"):
            name, kind, labels, unit, meaning, absent = (cell.strip() for cell in line.strip("|").split("|"))
            assert unit == _unit(name.strip("`")), f"{name}: a unit that its name does not say"
            assert absent, f"{name}: when is it absent?"
            row = Row(name=name.strip("`"), type=kind, labels=tuple(re.findall("`([^`]+)`", labels)), meaning=meaning)
            found.setdefault(section, []).append(row)
    shared = found.pop(EVERY_EXPORTER)
    return {name: rows + (shared if name.endswith("-exporter") else []) for name, rows in found.items()}


def _unit(name: str) -> str:
    return next((unit for unit in UNITS if name.endswith(f"_{unit}")), "–")


def exposed(text: str) -> list[Row]:
    """Return the rows that a surface's text amounts to, of our own names."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    rows = []
    for family in families.values():
        parent = family.name.removesuffix("_created")
        if family.name.startswith("shiva_") and (parent == family.name or parent not in families):
            if not family.samples:
                continue  # its labels are not seen
            labels = {label for sample in family.samples for label in sample.labels}
            name = family.name + ("_total" if family.type == "counter" else "")
            rows.append(Row(name=name, type=family.type, labels=tuple(sorted(labels)), meaning=family.documentation))
    return sorted(rows)


def gpu_exporter(_: Path) -> str:
    """Return the page of a machine with a GPU that tells everything, used by a container and by somebody else."""
    gpu = GpuSample(
        index=0, uuid="GPU-1", model="NVIDIA GeForce GTX 1080", up=True, memory_total_bytes=2**33,
        memory_used_bytes=2**30, utilization_ratio=0.5, temperature_celsius=60.0,
        processes=[GpuProcess(pid=pid, memory_used_bytes=2**20, active_ratio=0.1) for pid in (7, 8)],
        identity=Identity(pci_bus_id="00000000:01:00.0", minor="0", compute_capability="9.0", mig_mode="enabled"),
        facts={(name, *about.labels): about.high for name, about in ABOUT.items()},
        mig=[MigSample(uuid="MIG-1", instance=1, memory_total_bytes=2**32, memory_used_bytes=0, sm_utilization_ratio=0.5)],
    )  # fmt: skip
    owners = {7: Owner(kind=Kind.CONTAINER, launch_id="0a" * 16), 8: Owner(kind=Kind.HOST, user="ken")}
    reading = Reading(
        driver_version="580.65.06", cuda_version="13.0", gpus=[gpu], owners=owners,
        xids={"GPU-1": {79: Xid(count=1, last_at=1.0)}}, errors={("nvmlDeviceGetPowerUsage", "999"): 1},
    )  # fmt: skip
    now = Snapshot(
        driver_present=True, success=True, reading=reading, collected_at=1.0, duration_seconds=0.1,
        activity=Meter(longest_seconds=6).add(reading, 0.0),
    )  # fmt: skip
    uses = {"0a" * 16: Use(memory_used_bytes=2**20, cpu_seconds=1.5)}
    return generate_latest(serve.registry([GpuCollector(lambda: now), ContainerCollector(lambda: uses)])).decode()


class Containers:
    """ContainerSource of one container of which everything is known."""

    def containers(self) -> Sequence[ContainerFacts]:
        """Return it."""
        ada = ContainerFacts(
            id="ada--default", launch_id="0a" * 16, user="ada", machine="gpu-01", image="shiva-jupyter", name="default", state="ready",
            gpus=("GPU-1",), started_at=1.0, last_access_at=2.0, time_to_notebook_seconds=2.31,
        )  # fmt: skip
        return [ada]


def broker_exporter(_: Path) -> str:
    """Return its page."""
    return generate_latest(serve.registry([BrokerCollector(Containers())])).decode()


def jupyter_broker(folder: Path) -> str:
    """Return the page of the broker as it is built to run."""
    inventory = folder / "machines.json"
    machine = {"name": "gpu-01", "address": "127.0.0.1", "cpus": 8, "memory_bytes": 2**34, "gpus": []}
    inventory.write_text(json.dumps({"machines": [machine]}), encoding="utf-8")
    settings = BrokerSettings(
        manager_token="m" * 32, proxy_token="p" * 32, exporter_token="e" * 32, metrics_token="x" * 32, state_dir=folder / "state",
        homes_dir=folder / "homes", machines_file=inventory,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(broker, "watch", lambda *_: None)
        built = broker.build(settings)
    with built.lock:
        return _page(built.app.test_client())


def manager_api(folder: Path) -> str:
    """Return the page of the manager as it is built to run, beside a culler that has judged one container."""
    url = f"sqlite:///{folder}/manager.db"
    settings = ManagerSettings(
        prometheus_url=NOWHERE, broker_url=NOWHERE, broker_token="m" * 32, identity_key="k" * 32, database_url=url,
        door_token="d" * 32, metrics_token="x" * 32,
    )  # fmt: skip
    told = Told(state="kept", reason="in_use", sentence="")
    launches = {"a" * 32: Launch(container_id="ada--default", owner="ada", gpus=1, told=told)}
    now = datetime.now(UTC)
    database = prepared(url)
    IdleTable(database).update(lambda _: IdleState(passed_at=now, lasting=timedelta(hours=1), launches=launches))
    database.close()
    with pytest.MonkeyPatch.context() as patched:
        for asks in (Truth, Predictions):
            patched.setattr(asks, "keep", lambda *_: None)
        return _page(manager.build(settings).test_client())


def _page(client: FlaskClient) -> str:
    assert client.get("/nowhere").status_code in {401, 404}  # so that a request was counted
    return client.get("/metrics", headers={"Authorization": f"Bearer {'x' * 32}"}).text


def jupyter_proxy(_: Path) -> str:
    """Return the page of a door that was used."""
    pages = []

    async def use(world: World) -> None:
        await world.ask("GET", "/-/health")
        pages.append(await world.metrics())

    in_world(use)
    return pages[0]


SURFACES: dict[str, Callable[[Path], str]] = {
    "shiva-gpu-exporter": gpu_exporter,
    "shiva-broker-exporter": broker_exporter,
    "jupyter-broker": jupyter_broker,
    "manager-api": manager_api,
    "jupyter-proxy": jupyter_proxy,
}


def test_the_contract_has_a_section_for_each_surface() -> None:
    assert list(described()) == list(SURFACES)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_surface_exposes_what_the_contract_says(surface: str, tmp_path: Path) -> None:
    assert exposed(SURFACES[surface](tmp_path)) == sorted(described()[surface])


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_nothing_else_was_ever_captured(capture: Path) -> None:
    surface = "shiva-gpu-exporter" if capture.stem.startswith("gpu-") else "shiva-broker-exporter"
    text = capture.read_text(encoding="utf-8")
    assert set(exposed(text)) <= set(described()[surface])
    assert linted(text) == (0, "")


@pytest.mark.parametrize("surface", SURFACES)
def test_promtool_has_nothing_to_say(surface: str, tmp_path: Path) -> None:
    assert linted(SURFACES[surface](tmp_path)) == (0, "")


def linted(text: str) -> tuple[int, str]:
    """Return promtool's verdict."""
    promtool = shutil.which("promtool", path=SEARCH)
    require("prometheus", present=promtool is not None, reason="promtool is missing: apt-get install prometheus")
    told = subprocess.run([str(promtool), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return told.returncode, told.stdout + told.stderr
