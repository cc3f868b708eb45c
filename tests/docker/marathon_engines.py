"""A simulated Marathon over real engines, one for each machine, and the Marathon launcher as a subject of the launchers' suite."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.adapters.jupyter_probe import JupyterProbe
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.adapters.shared_directory import SharedDirectory
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerSpec,
    ContainerState,
    ImageRef,
    UserName,
)
from shiva_jupyter_broker.domain.ports import Home, Reach

from tests.conformance.marathon import MarathonSubject
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag
from tests.fakes.launcher import machine
from tests.fakes.marathon_cluster import QUICK, AnyCluster, becomes, eventually, opened, shown
from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.docker_engine import DockerEngine
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.simulator import MarathonSimulator


@dataclass(kw_only=True)
class EngineCluster(AnyCluster):
    """Machines gpu-01 … with a Docker engine each. `folder` holds the homes."""

    engines: Mapping[str, Engine]

    def home(self, owner: str) -> Home:
        """Make a home."""
        return SharedDirectory(self.folder, uid_base=self.uid_base).ensure(UserName(owner))

    def wanted(self, owner: str = "ada", **changes: Any) -> ContainerSpec:
        """Return a container as wanted now, of an ordinary `shiva-fake` unless told otherwise."""
        home = self.home(owner)
        plain = {"home": home.path, "uid": home.uid, "image_ref": ImageRef(tag())}
        return super().wanted(owner, **plain | changes)

    def running(self) -> list[dict[str, Any]]:
        """Return what every engine tells of every container that runs."""
        found: list[dict[str, Any]] = []
        for engine in self.engines.values():
            ids = engine.docker("ps", "-q").split()
            found += json.loads(engine.docker("inspect", *ids)) if ids else []
        return found

    def inspected(self, seen: Container) -> dict[str, Any]:
        """Return what its engine tells of a container, which is found by its task."""
        engine = self.engines[seen.machine]
        [found] = engine.docker("ps", "-aq", "--filter", f"label=MESOS_TASK_ID={seen.engine_id}").split()
        told: dict[str, Any] = json.loads(engine.docker("inspect", found))[0]
        return told


@contextmanager
def engine_cluster(folder: Path, engines: Engines, count: int = 1, *, gpus: bool = False) -> Iterator[EngineCluster]:
    """Serve a cluster of that many machines, each with an engine as new; afterwards no container is left."""
    started = [engines.fresh(number, gpus=gpus) for number in range(1, count + 1)]
    known = {f"gpu-{number:02}": engine for number, engine in enumerate(started, 1)}
    docker = DockerEngine({name: engine.base_url for name, engine in known.items()}, folder / "sandboxes")
    agents = [Agent(hostname=name, address=engine.address) for name, engine in known.items()]
    (homes := folder / "homes").mkdir()
    cluster = EngineCluster(
        simulator=MarathonSimulator(agents, docker, Options(timers=QUICK)), folder=homes, engines=known,
        machines=tuple(replace(machine(name), address=engine.address) for name, engine in known.items()),
        uid_base=started[0].base_uid, stop_grace=timedelta(seconds=1),
    )  # fmt: skip
    with opened(cluster):
        yield cluster
    assert [engine.docker("ps", "-aq") for engine in started] == [""] * count


def answers(launcher: MarathonLauncher, container: ContainerId) -> bool:
    """Return whether its Jupyter answers over HTTP, at its machine's port."""
    seen = shown(launcher, container)
    return seen is not None and JupyterProbe().reach(seen) is Reach.ANSWERING


def booted(launcher: MarathonLauncher, spec: ContainerSpec) -> Container:
    """Launch a container and return it once its Jupyter answers."""
    launcher.launch(spec)
    eventually(lambda: answers(launcher, spec.id), f"{spec.id} answers")
    return becomes(launcher, spec.id, ContainerState.BOOTING)


@dataclass
class EnginesSubject(MarathonSubject):
    """Containers of `shiva-fake`, wanted from Marathon."""

    cluster: EngineCluster
    image: ImageRef = field(default=ImageRef(tag()))

    def home(self, owner: str) -> Home:
        """Make a home."""
        return self.cluster.home(owner)

    def boot(self, container: ContainerId) -> None:
        """Wait for an answer at its endpoint."""
        eventually(lambda: answers(self.launcher, container), f"{container} answers")

    def kill(self, container: ContainerId) -> None:
        """Kill its first process, as the kernel does when memory is out."""
        self.boot(container)
        seen = becomes(self.launcher, container, ContainerState.BOOTING)
        self.cluster.engines[seen.machine].docker("kill", self.cluster.inspected(seen)["Id"])
