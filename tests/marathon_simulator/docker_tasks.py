"""One task as Mesos' Docker containerizer and its executor run it: `docker pull`, `docker run` in the foreground, `docker stop`."""

import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.marathon_simulator.docker_run import arguments
from tests.marathon_simulator.engine import Order, Report, Status

LOOK_SECONDS = 0.1  # between two looks at what Docker does; in Mesos 0.5
STARTED = "{{.State.StartedAt}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
AWAY = ("Cannot connect", "error during connect", "connection refused")


@dataclass(slots=True)
class DockerTask:
    """Lives in threads of its own; `run` returns when its container has ended, or never was."""

    order: Order
    url: str  # of the machine's engine
    sandbox: Path
    report: Report
    state: str = "TASK_STAGING"
    message: str = ""
    address: str = ""
    runs: list[str] = field(default_factory=list)  # the arguments of its `docker run`, once there is one
    killed: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)  # the test is over: nobody waits for an engine

    @property
    def name(self) -> str:
        """Return the container's name."""
        return f"mesos-{self.order.container}"

    def status(self) -> Status:
        """Return the last status update."""
        return Status(task_id=self.order.task_id, state=self.state, message=self.message, address=self.address or None)

    def run(self) -> None:
        """Fetch the image, run the container, and tell of its end."""
        self.sandbox.mkdir(parents=True)
        failure = self._fetched()
        if self.killed.is_set():
            self._end("TASK_KILLED", "Unregistered executor")
        elif failure:
            self._end("TASK_FAILED", f"Failed to launch container: {failure}")
        else:
            self._move("TASK_STARTING")
            code = self._ran()
            state = "TASK_KILLED" if self.killed.is_set() else "TASK_FAILED" if code else "TASK_FINISHED"
            self._end(state, f"Container exited with status {code}")
            self._leave_nothing_running()

    def stop(self, grace: float) -> None:
        """Ask it to end and after `grace` seconds force it, again and again: it may not have begun yet. Blocks."""
        while not self.ended.is_set():
            if self.state != "TASK_STAGING":
                self.docker("stop", "--time", str(int(grace)), self.name)
            self.ended.wait(LOOK_SECONDS)

    def docker(self, *what: str) -> subprocess.CompletedProcess[str]:
        """Run one command of Docker's on its machine, whatever comes of it."""
        return docker(self.url, *what)

    def _fetched(self) -> str:
        """Have the image; return why not, as Mesos says it."""
        settings = self.order.app["container"]["docker"]
        image = settings["image"]
        if not settings.get("forcePullImage") and self.docker("image", "inspect", image).returncode == 0:
            return ""
        command = ["docker", "-H", self.url, "pull", image]
        with (self.sandbox / "pull").open("w+") as said:
            pull = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            )
            while not _over(pull):
                if self.killed.is_set():
                    pull.kill()
            said.seek(0)
            problem = (
                f"Failed to run '{' '.join(command)}': exited with status {pull.returncode}; stderr='{said.read()}'"
            )
        return problem if pull.returncode else ""

    def _ran(self) -> int:
        """Run the container until its end; return the exit status of `docker run`."""
        self.runs = arguments(self.order, sandbox=str(self.sandbox))
        with (self.sandbox / "stdout").open("wb") as stdout, (self.sandbox / "stderr").open("wb") as stderr:
            client = subprocess.Popen(
                ["docker", "-H", self.url, "run", *self.runs],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True,
            )  # fmt: skip
            while not _over(client):
                if self.state == "TASK_STARTING" and (address := self._started()) is not None:
                    self.address = address
                    self._move("TASK_RUNNING")
        return client.returncode

    def _started(self) -> str | None:
        """Return the address of a container that has started, None of one that has not."""
        when, *addresses = self.docker("inspect", "--format", STARTED, self.name).stdout.split() or ["0001-"]
        return None if when.startswith("0001-") else "".join(addresses[:1])

    def _leave_nothing_running(self) -> None:
        """End the container when only `docker run` has ended, as with an engine that was restarted under it.

        Mesos asks once; what an engine that is away does not hear is removed by force after --docker_remove_delay.
        Here that delay is the engine's absence.
        """
        while any(each in self.docker("stop", "--time", "0", self.name).stderr for each in AWAY):
            if self.abandoned.wait(LOOK_SECONDS):
                return

    def _move(self, state: str) -> None:
        self.state = state
        self.report(self.status())

    def _end(self, state: str, message: str) -> None:
        self.message = message
        self.ended.set()
        self._move(state)


def docker(url: str, *what: str) -> subprocess.CompletedProcess[str]:
    """Run one command of Docker's on the engine at `url`, whatever comes of it."""
    return subprocess.run(["docker", "-H", url, *what], capture_output=True, text=True, check=False, timeout=60)


def _over(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True
