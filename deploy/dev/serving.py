"""Start the whole suite here, say where it answers, and end it all when stopped."""

import argparse
import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import requests

from deploy.dev import docker_engine, inventory, leftovers, notebooks, suite
from deploy.dev.docker_engine import DockerEngine

START_SECONDS = 90.0
STOP_SECONDS = 20.0


def supervisor_config(prepared: suite.Suite) -> Path:
    """Write supervisord's configuration, secrets included, for our eyes only; return its path."""
    folder = prepared.folder
    lines = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={folder}/logs/supervisord.log",
        f"pidfile={folder}/supervisord.pid",
        f"childlogdir={folder}/logs",
    ]
    for program in prepared.programs:
        environment = ",".join(f'{key}="{value}"' for key, value in program.environment.items())
        lines += [
            "",
            f"[program:{program.name}]",
            "command=" + " ".join(f'"{part}"' for part in program.command),
            f"environment={environment}",
            f"directory={folder}",
            "autorestart=true",
            "startsecs=1",
            "startretries=1000",
            "stopasgroup=true",
            "killasgroup=true",
            "stopwaitsecs=8",
            "redirect_stderr=true",
            f"stdout_logfile={folder}/logs/{program.name}.log",
            "stdout_logfile_maxbytes=5MB",
            "stdout_logfile_backups=1",
        ]
    # One group, so that the supervisor ends all at once; it ends groups one after the other.
    lines += ["", "[group:shiva]", "programs=" + ",".join(program.name for program in prepared.programs)]
    path = folder / "supervisord.conf"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines).replace("%", "%%") + "\n", encoding="utf-8")
    return path


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder, so that two runs never share homes and records."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"Shiva cannot keep its things in {folder}: {error.strerror}. Name another folder with --state.")
    with (folder / "run.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(
                f"Shiva already runs from {folder}. Stop it there with Ctrl-C, or name another folder with --state."
            )
        yield


def wait_until_answering(prepared: suite.Suite, supervisor: subprocess.Popen[bytes], stopped: threading.Event) -> bool:
    """Return whether the door, the manager, the broker and Prometheus answer within the time, and nobody stopped us."""
    ports = prepared.ports
    waiting = {
        "jupyter-broker": f"http://127.0.0.1:{ports['jupyter-broker']}/health",
        "manager-api": f"http://127.0.0.1:{ports['manager-api']}/health",
        "prometheus": f"http://127.0.0.1:{ports['prometheus']}/-/ready",
        "jupyter-proxy": f"{prepared.address}-/health",
    }
    deadline = time.monotonic() + START_SECONDS
    while waiting and time.monotonic() < deadline and supervisor.poll() is None and not stopped.is_set():
        for name, url in list(waiting.items()):
            with contextlib.suppress(requests.RequestException):
                login = prepared.prometheus_login if name == "prometheus" else None
                if requests.get(url, auth=login, timeout=2).status_code == requests.codes.ok:
                    del waiting[name]
        stopped.wait(0.1)
    for name in () if stopped.is_set() else waiting:
        print(f"{name} does not answer; see {prepared.folder}/logs/{name}.log", file=sys.stderr)
    return not waiting and not stopped.is_set()


def say(text: str) -> None:
    """Print at once; a closed terminal hears nothing."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def stop(supervisor: subprocess.Popen[bytes], folder: Path) -> None:
    """End every service; notebooks go on."""
    supervisor.terminate()
    say("Stopping …")
    try:
        supervisor.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
    end_leftovers(folder)


def end_leftovers(folder: Path) -> None:
    """End what a killed supervisor or run left behind, and say so."""
    if count := leftovers.end(folder):
        say(f"Ended {count} processes of services that were left behind in {folder}.")


def prepared_suite(
    folder: Path, *, demo: bool, port: int, engine: DockerEngine | None = None, oidc: Mapping[str, str] | None = None
) -> suite.Suite:
    """Prepare the suite; what is in the way is a sentence and status 1."""
    try:
        return suite.prepare(folder, demo=demo, port=port, engine=engine, oidc=oidc)
    except suite.MissingPartError as error:
        sys.exit(str(error))
    except subprocess.SubprocessError as error:
        sys.exit(f"The GPUs of this machine cannot be listed: {error}")
    except (OSError, ValueError) as error:
        sys.exit(f"{folder} cannot be used: {error}. Repair or remove what is broken there; homes are in homes/.")


def wanted_engine(options: argparse.Namespace) -> DockerEngine | None:
    """Return the engine for notebooks, or nothing where they are processes of this machine; what is in the way is a sentence and status 1."""
    if options.launcher == "process":
        return None
    if options.demo:
        sys.exit("The demo's machines are simulated; its notebooks are processes of this machine: leave LAUNCHER out.")
    try:
        return docker_engine.ready(options.engine, options.engine_address)
    except docker_engine.EngineMissingError as error:
        sys.exit(str(error))


def _launcher(text: str) -> str:
    if text not in {"process", "docker"}:
        sys.exit(
            f"LAUNCHER={text} is not one that `make run` knows: leave it out, or take docker; "
            "Marathon is set up as deploy/README.md says. Nothing was started."
        )
    return text


def _port(text: str) -> int:
    try:
        return suite.port_number(text)
    except ValueError:
        sys.exit(f"PORT={text} is not a number from 0 to {suite.MAX_PORT}. Nothing was started.")


def _provider(file: str) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(Path(file).read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        sys.exit(f"--oidc needs a JSON file with issuer, client_id and client_secret: {error}. Nothing was started.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Start Shiva on this machine.")
    parser.add_argument("--demo", action="store_true", help="three simulated machines of two GPUs each")
    parser.add_argument("--port", type=_port, default=8000, help="of the dashboard; the next free one is taken")
    parser.add_argument("--state", type=Path, help="folder of this run (default: .run/real, .run/docker or .run/demo)")
    parser.add_argument(
        "--launcher",
        type=_launcher,
        default="process",
        help="what a notebook is: a process of this machine, or a container",
    )
    parser.add_argument(
        "--oidc", type=_provider, help="JSON file with issuer, client_id, client_secret, …: log in there, not by a name"
    )
    parser.add_argument(
        "--engine", default=os.environ.get("DOCKER_HOST") or docker_engine.LOCAL, help="URL of the Docker engine"
    )
    parser.add_argument("--engine-address", default=inventory.LOOPBACK, help="where its containers' ports are reached")
    return parser.parse_args()


def main(stopped: threading.Event) -> None:
    """Run until `stopped` is set, or the supervisor's end."""
    options = _options()
    engine = wanted_engine(options)
    kind = "demo" if options.demo else "docker" if engine else "real"
    folder = (options.state or suite.ROOT / ".run" / kind).resolve()
    if engine is not None and (why := docker_engine.strangers(engine, folder / "homes")):
        sys.exit(why)
    with only_one(folder):
        end_leftovers(folder)
        prepared = prepared_suite(folder, demo=options.demo, port=options.port, engine=engine, oidc=options.oidc)
        if stopped.is_set():
            sys.exit(0)
        say("Starting the services …")
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(supervisor_config(prepared))]
        supervisor = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            answering = wait_until_answering(prepared, supervisor, stopped)
            if answering:
                word = "Shiva DEMO" if options.demo else "Shiva"
                say(f"{word} is ready: {prepared.address}   (Ctrl-C ends it)")
            while answering and supervisor.poll() is None and not stopped.wait(0.2):
                pass
        finally:
            stop(supervisor, folder)
        with contextlib.suppress(OSError):  # a closed terminal
            notebooks.tell(folder, demo=options.demo)
        sys.exit(0 if answering or stopped.is_set() else 1)
