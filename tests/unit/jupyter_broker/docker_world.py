"""A Docker launcher over engines in memory, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.docker_launcher import DockerLauncher
from shiva_jupyter_broker.adapters.handover import Handover, token_of
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    LaunchId,
    MachineName,
    UserName,
)

from tests.conformance.subjects import eventually
from tests.fakes.docker_api import DockerApi
from tests.fakes.launcher import spec as plain

SITE = Site(domain="lab", uid_base=100000)
TOKEN = token_of(b"k" * 32)
GRACE = timedelta(seconds=1)


class World:
    """Machines gpu-01 … with an engine each, and the launchers of one broker after another."""

    def __init__(self, folder: Path, machines: int = 1) -> None:
        """Begin with empty engines."""
        self.folder = folder
        self.apis = [DockerApi(folder / f"{number}.sock") for number in range(1, machines + 1)]
        self.launcher = self.reopened()

    def reopened(self, **options: Any) -> DockerLauncher:
        """Return the launcher of the next broker."""
        engines = [
            EngineAddress(machine=MachineName(f"gpu-{number:02}"), host="10.0.0.2", url=api.url)
            for number, api in enumerate(self.apis, 1)
        ]
        handover = Handover(self.folder / "homes", domain="lab", root_uid=100000)
        options = {"patience": timedelta(0)} | options
        return DockerLauncher(engines, SITE, handover, TOKEN, self.folder / "engines.json", **options)

    @property
    def api(self) -> DockerApi:
        """Return the first machine's."""
        return self.apis[0]

    def spec(self, owner: str = "ada", *, machine: int = 1, **changes: Any) -> ContainerSpec:
        """Return a container as wanted now."""
        launch, at = LaunchId(f"launch-of-{owner}"), datetime.now(UTC)
        facts: dict[str, Any] = {
            "launch_id": launch, "machine": MachineName(f"gpu-{machine:02}"), "home": f"/srv/homes/{owner}", "uid": 120001,
            "token": TOKEN(launch), "requested_at": at, "placed_at": at,
        }  # fmt: skip
        return plain(owner, **(facts | changes))

    def called(self, owner: str = "ada") -> str:
        """Return what the engine calls a container."""
        return f"shiva.lab.{naming.container_id(UserName(owner), 'default')}"

    def run(self, owner: str = "ada", *, machine: int = 1) -> ContainerSpec:
        """Launch a container, and return once it runs."""
        spec = self.spec(owner, machine=machine)
        self.launcher.launch(spec)
        self.until(spec, ContainerState.BOOTING)
        return spec

    def shown(self, spec: ContainerSpec, launcher: DockerLauncher | None = None) -> Container:
        """Return what is shown of a launch; it is shown once."""
        [found] = [each for each in (launcher or self.launcher).containers() if each.launch_id == spec.launch_id]
        return found

    def until(
        self,
        spec: ContainerSpec,
        state: ContainerState,
        launcher: DockerLauncher | None = None,
        *,
        settle: bool = False,
    ) -> Container:
        """Return the container once it is in that state, settling meanwhile if asked to."""

        def is_there() -> bool:
            if settle:
                (launcher or self.launcher).settle()
            return self.shown(spec, launcher).state is state

        eventually(is_there, what=f"{spec.id} is {state}")
        return self.shown(spec, launcher)

    def gone(self, spec: ContainerSpec) -> None:
        """Return once it is not shown any more."""
        eventually(lambda: not self.launcher.containers(), what=f"{spec.id} is gone")

    def asked(self) -> list[tuple[str, str]]:
        """Return what the first engine was asked, and forget it."""
        found, self.api.asked[:] = list(self.api.asked), []
        return found


@contextmanager
def worlds(folder: Path, machines: int = 1) -> Iterator[World]:
    """Yield a world, and end its engines."""
    world = World(folder, machines)
    try:
        yield world
    finally:
        for api in world.apis:
            api.close()
