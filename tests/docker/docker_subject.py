"""The Docker launcher over a real engine, as a subject of the launchers' suite."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.docker_launcher import DockerLauncher
from shiva_jupyter_broker.adapters.handover import Handover, token_of
from shiva_jupyter_broker.adapters.jupyter_probe import JupyterProbe
from shiva_jupyter_broker.adapters.shared_directory import SharedDirectory
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain.containers import ContainerId, ImageRef, LaunchId, MachineName, UserName
from shiva_jupyter_broker.domain.ports import Home, Launcher, Reach

from tests.conformance.subjects import eventually, shown
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.image import tag

KEY = b"k" * 32


@dataclass
class DockerSubject:
    """Containers of `shiva-fake` on one engine."""

    folder: Path
    engine: Engine
    machine: str = "gpu-01"

    def __post_init__(self) -> None:
        """Begin with an empty engine."""
        self.site = Site(domain="suite", uid_base=self.engine.base_uid)
        self.homes = SharedDirectory(self.folder / "homes", uid_base=self.site.uid_base)
        self.handover = Handover(self.folder / "homes", domain="suite", root_uid=self.site.uid_base)
        self.addresses = [
            EngineAddress(machine=MachineName(self.machine), host=self.engine.address, url=self.engine.base_url)
        ]
        self.image = ImageRef(tag("1"))
        self.launcher: Launcher = self.reopened()

    def reopened(self, **options: Any) -> DockerLauncher:
        """Return a launcher that knows nothing but the engine and its folder."""
        seen, options = self.folder / "engines.json", {"patience": timedelta(0)} | options
        return DockerLauncher(self.addresses, self.site, self.handover, token_of(KEY), seen, **options)

    def home(self, owner: str) -> Home:
        """Make a home."""
        return self.homes.ensure(UserName(owner))

    def token(self, launch: LaunchId) -> str:
        """Work it out, as the broker does."""
        return token_of(KEY)(launch)

    def boot(self, container: ContainerId) -> None:
        """Wait for an answer at its endpoint."""
        eventually(lambda: self._answers(container), what=f"{container} answers")

    def _answers(self, container: ContainerId) -> bool:
        seen = shown(self.launcher, container)
        assert seen is not None
        assert seen.reason is None, f"{seen.reason} {seen.log_tail}"
        return JupyterProbe().reach(seen) is Reach.ANSWERING

    def kill(self, container: ContainerId) -> None:
        """Kill its first process, as the kernel does when memory is out."""
        eventually(lambda: self._started(container), what=f"{container} has started")
        seen = shown(self.launcher, container)
        assert seen is not None
        assert seen.engine_id is not None
        self.engine.docker("kill", "--signal", "KILL", seen.engine_id)

    def _started(self, container: ContainerId) -> bool:
        seen = shown(self.launcher, container)
        return seen is not None and seen.started_at is not None

    def leave(self, container: ContainerId) -> None:
        """Wait for its end."""
        eventually(lambda: shown(self.launcher, container) is None, what=f"{container} is gone")
