"""One machine with a real Docker engine: its own network, its own processes, user namespaces remapped."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.fakes.engines import cgroups
from tests.fakes.engines.lan import Lan, forget, inside
from tests.fakes.engines.shell import SECONDS, EngineError, run, wait_for

DEPLOY = Path(__file__).resolve().parents[3] / "deploy/docker"  # what production machines get, tests get
API_PORT = 2375
START_SECONDS = 60.0
STOP_SECONDS = 30.0
GPU_HOOK = (
    "nvidia-container-runtime-hook"  # whose presence lets Docker hand out GPUs; it would bring them into a container
)


class Engine:
    """A dockerd of 20.10 or later on a machine called `name`, at `address`; not started yet."""

    def __init__(self, lan: Lan, name: str, last: int, *, live_restore: bool = True, tcp: bool = False) -> None:
        """Plug the machine into `lan`; it stays until `end`. With `tcp` the engine listens at `address`:2375 too, without TLS."""
        self.name = name
        self.address = lan.at(last)
        self.namespace = lan.name(name)
        self.cgroup = f"/{self.namespace}"
        self.root = lan.root / name
        self.base_url = f"unix://{self.root}/docker.sock"
        self._lan = lan
        self._live_restore, self._tcp = live_restore, tcp
        self._daemon: subprocess.Popen[bytes] | None = None
        self.root.mkdir()
        lan.join(name, last)
        inside(self.namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def start(self) -> None:
        """Return once the engine answers and has the network `shiva`. A running one is left alone.

        Raises:
            EngineError: it did not come up; the end of its log says why, and nothing of it runs on.
        """
        if self.running:
            return
        self._daemon = self._popen()
        try:
            wait_for(self._answers_or_ended, f"the engine of {self.name} answers", START_SECONDS)
            self.docker("version")
            self._network()
        except EngineError as error:
            self.power_off()
            raise EngineError(f"{error}\n{self.log()[-2000:]}") from error

    @property
    def running(self) -> bool:
        """Tell whether the daemon lives; a paused one does."""
        return self._daemon is not None and self._daemon.poll() is None

    @property
    def pid(self) -> int:
        """Return the daemon's process id."""
        return int((self.root / "pid").read_text(encoding="ascii"))

    @property
    def base_uid(self) -> int:
        """Return the user id outside of root in a container."""
        return int(self.docker("info", "--format", "{{.DockerRootDir}}").rsplit("/", 1)[1].partition(".")[0])

    def docker(self, *arguments: str, given: str | None = None, seconds: float = SECONDS) -> str:
        """Run the docker command against this engine; return what it printed."""
        return run("docker", "-H", self.base_url, *arguments, given=given, seconds=seconds)

    def load(self, tar: Path) -> None:
        """Load the images of a tar made by `docker save`, unless the engine has them already."""
        mark = self.root / f"loaded.{tar.name}"
        if not mark.exists():
            self.docker("load", "-q", "-i", str(tar))
            mark.touch()

    def stop(self) -> None:
        """End the daemon as a package upgrade does: with live-restore its containers run on, else they end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the daemon as a crash does; its containers run on."""
        self._end(signal.SIGKILL)

    def restart(self, *, live_restore: bool) -> None:
        """Stop the daemon, and start it with that setting from now on."""
        self.stop()
        self._live_restore = live_restore
        self.start()

    def pause(self) -> None:
        """Let the daemon hang: it accepts connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused daemon go on."""
        os.kill(self.pid, signal.SIGCONT)

    def cut(self) -> None:
        """Pull the network cable."""
        self._lan.link(self.name, up=False)

    def heal(self) -> None:
        """Plug the network cable in again."""
        self._lan.link(self.name, up=True)

    def power_off(self) -> None:
        """End the daemon and every container at once; `start` powers on again."""
        cgroups.kill(self.namespace)
        if self._daemon is not None:
            self._daemon.wait(STOP_SECONDS)
        self._containerd_has_gone()

    def clear(self, *, gpus: bool = False) -> None:
        """Bring the machine back as it was: healed, running, without containers, volumes and networks of a test.

        With `gpus` it hands out whatever GPU is asked for, by a hook of NVIDIA's that does nothing.
        """
        self.heal()
        if self.running:
            self.resume()
        self._have_gpus(gpus)
        self.start()
        if containers := self.docker("ps", "-aq").split():
            self.docker("rm", "-f", "-v", *containers)
        networks = self.docker("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}").split()
        for network in set(networks) - {"shiva"}:
            self.docker("network", "rm", network)
        if volumes := self.docker("volume", "ls", "-q").split():
            self.docker("volume", "rm", *volumes)

    def log(self) -> str:
        """Return what the daemon wrote."""
        return (self.root / "log").read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """Leave no process, mount, namespace, control group, cable or file; safe to repeat, also after a failed start."""
        self.power_off()
        self._lan.leave(self.name)
        forget(self.root)

    def _have_gpus(self, wanted: bool) -> None:
        """Add or remove the hook; Docker looks for it when it starts."""
        hook = self.root / "bin" / GPU_HOOK
        if wanted is hook.exists():
            return
        self.stop()
        hook.parent.mkdir(exist_ok=True)
        if wanted:
            hook.write_text("#!/bin/sh\n", encoding="ascii")
            hook.chmod(0o755)
        else:
            hook.unlink()

    def _popen(self) -> subprocess.Popen[bytes]:
        own = cgroups.prepare(self.namespace)
        config = json.loads((DEPLOY / "daemon.json").read_text(encoding="utf-8"))
        config["live-restore"] = self._live_restore
        config["insecure-registries"] = [
            self._lan.subnet
        ]  # the tests' own registry, whose authority this machine does not know
        (self.root / "daemon.json").write_text(json.dumps(config), encoding="utf-8")
        command = [
            shutil.which("dockerd") or "dockerd",
            *("--config-file", f"{self.root}/daemon.json", "--pidfile", f"{self.root}/pid"),
            *("--data-root", f"{self.root}/data", "--exec-root", f"{self.root}/exec"),
            *("--host", self.base_url, *self._listening()),
            *("--storage-driver", "overlay2", "--log-level", "warn"),
            *("--cgroup-parent", self.cgroup, "--exec-opt", "native.cgroupdriver=cgroupfs"),
        ]
        inside_group = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(own), *command]
        with (self.root / "log").open("ab") as log:
            return subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.namespace}", *inside_group],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"},
            )  # fmt: skip

    def _listening(self) -> tuple[str, ...]:
        return ("--host", f"tcp://{self.address}:{API_PORT}", "--tls=false") if self._tcp else ()

    def _answers_or_ended(self) -> bool:
        try:
            self.docker("version")
        except EngineError:
            return not self.running
        return True

    def _network(self) -> None:
        if not self.docker("network", "ls", "-q", "--filter", "name=^shiva$"):
            run("env", f"DOCKER_HOST={self.base_url}", str(DEPLOY / "create-network.sh"))

    def _end(self, number: signal.Signals) -> None:
        if self._daemon is None or not self.running:
            return
        self._daemon.send_signal(number)
        try:
            self._daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"the daemon of {self.name} goes on after {number.name}") from error
        self._containerd_has_gone()

    def _containerd_has_gone(self) -> None:
        """Wait for the end of the daemon's child, and forget its number: the next daemon takes a zombie for alive."""
        record = self.root / "exec/containerd/containerd.pid"
        if record.exists():
            process = Path("/proc", record.read_text(encoding="ascii").strip(), "stat")
            wait_for(lambda: _ended(process), f"containerd of {self.name} ends")
            record.unlink()


def _ended(stat: Path) -> bool:
    try:
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
