"""What the launcher suite is run against: each engine with the few things that only its owner can do to it."""

import os
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from shiva_jupyter_broker.adapters import handover, processes
from shiva_jupyter_broker.adapters.jupyter_probe import JupyterProbe
from shiva_jupyter_broker.adapters.local_process import ProcessLauncher
from shiva_jupyter_broker.adapters.process_records import Record, Records
from shiva_jupyter_broker.adapters.shared_directory import SharedDirectory
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerSpec,
    ImageRef,
    LaunchId,
    MachineName,
    UserName,
)
from shiva_jupyter_broker.domain.ports import Home, Launcher, Reach

from tests.fakes.launcher import FakeLauncher, spec

GRACE = timedelta(seconds=10)
KEY = os.urandom(32)
MACHINE = MachineName("gpu-01")
PLAIN = ImageRef("shiva-jupyter")


class Subject(Protocol):
    """An engine under test."""

    @property
    def launcher(self) -> Launcher:
        """Return the launcher that the test uses."""

    def reopened(self) -> Launcher:
        """Return a new launcher over the same engine, as after a restart of the broker."""

    @property
    def image(self) -> ImageRef:
        """Return what it runs."""

    def home(self, owner: str) -> Home:
        """Return a home for `owner`."""

    def token(self, launch: LaunchId) -> str:
        """Return the token of a launch."""

    def boot(self, container: ContainerId) -> None:
        """Return once Jupyter answers."""

    def kill(self, container: ContainerId) -> None:
        """Kill the notebook's own process, as the kernel does when memory is out."""

    def leave(self, container: ContainerId) -> None:
        """Return once a stopped container is gone."""


def eventually(check: Callable[[], object], *, seconds: float = 20.0, what: str) -> None:
    """Wait until `check` is true; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def shown(launcher: Launcher, container: ContainerId) -> Container | None:
    """Return what `launcher` shows of a container."""
    return next((each for each in launcher.containers() if each.id == container), None)


def wanted(subject: Subject, owner: str) -> ContainerSpec:
    """Return a container of `owner` as wanted now, under a launch id that no other test run has."""
    now = datetime.now(UTC)
    launch = LaunchId(uuid.uuid4().hex)
    home = subject.home(owner)
    return spec(
        owner, launch_id=launch, home=home.path, uid=home.uid, image_ref=subject.image, token=subject.token(launch),
        requested_at=now, placed_at=now,
    )  # fmt: skip


@dataclass
class FakeSubject:
    """The fake, so that tests of the use cases rest on something that behaves like an engine."""

    launcher: FakeLauncher = field(default_factory=FakeLauncher)
    image: ImageRef = PLAIN

    def reopened(self) -> Launcher:
        """Return the same engine's containers under another object."""
        return FakeLauncher(specs=self.launcher.specs, held=self.launcher.held)

    def home(self, owner: str) -> Home:
        """Return a path."""
        return Home(path=f"/home/{owner}", uid=20001)

    def token(self, launch: LaunchId) -> str:
        """Make one up."""
        return handover.token_of(KEY)(launch)

    def boot(self, container: ContainerId) -> None:
        """Let it listen."""
        self.launcher.listen(container)

    def kill(self, container: ContainerId) -> None:
        """Let it fail."""
        self.launcher.fail(container)

    def leave(self, container: ContainerId) -> None:
        """Let it be gone."""
        if container in self.launcher.held:
            self.launcher.end(container)


@dataclass
class ProcessSubject:
    """Real JupyterLabs of this Python, in a folder of their own."""

    folder: Path
    image: ImageRef = PLAIN

    def __post_init__(self) -> None:
        """Begin with an empty engine."""
        self.state = self.folder / "state"
        self.launcher = ProcessLauncher(self.state, machines=[MACHINE])
        self.homes = SharedDirectory(self.folder / "homes", uid_base=None)

    def reopened(self) -> Launcher:
        """Return a launcher that knows nothing but the folder."""
        return ProcessLauncher(self.state, machines=[MACHINE])

    def home(self, owner: str) -> Home:
        """Make a home."""
        return self.homes.ensure(UserName(owner))

    def token(self, launch: LaunchId) -> str:
        """Make one up."""
        return handover.token_of(KEY)(launch)

    def record(self, container: ContainerId) -> Record:
        """Return what was recorded of it."""
        record = Records(self.state / "containers", tidy=False).read(container)
        assert record is not None
        return record

    def pid(self, container: ContainerId) -> int:
        """Return the process of its Jupyter."""
        pid = self.record(container).pid
        assert pid is not None
        return pid

    def log(self, container: ContainerId) -> str:
        """Return what its Jupyter wrote."""
        path = self.state / "containers" / container / "jupyter.log"
        return path.read_text("utf-8", "replace") if path.exists() else "(no log)"

    def boot(self, container: ContainerId) -> None:
        """Wait for the endpoint and for an answer there."""

        def listens() -> bool:
            seen = shown(self.launcher, container)
            assert seen is not None
            assert seen.reason is None, f"{seen.reason}\n{self.log(container)}"
            return seen.endpoint is not None

        eventually(listens, what=f"it is known where {container} listens")
        eventually(lambda: self._answers(container), what=f"{container} answers")

    def _answers(self, container: ContainerId) -> bool:
        seen = shown(self.launcher, container)
        return seen is not None and JupyterProbe().reach(seen) is Reach.ANSWERING

    def kill(self, container: ContainerId) -> None:
        """Send SIGKILL to Jupyter alone."""
        os.kill(self.pid(container), signal.SIGKILL)

    def leave(self, container: ContainerId) -> None:
        """Wait for its end."""
        eventually(lambda: shown(self.launcher, container) is None, what=f"{container} is gone")

    def end_all(self) -> None:
        """Leave nothing behind, whatever went wrong."""
        launches = [each.launch_id for each in self.launcher.containers()]
        for each in self.launcher.containers():
            self.launcher.stop(each.launch_id, grace=timedelta(0))
        for each in self.launcher.containers():
            self.leave(each.id)
        assert not any(processes.marked(launch) for launch in launches)
