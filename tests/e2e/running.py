"""The whole suite as `make run` starts it, in a folder and on ports of its own."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.dev import notebooks

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


@dataclass(slots=True, kw_only=True)
class Running:
    """A started suite."""

    folder: Path
    address: str  # with a slash at its end
    process: subprocess.Popen[str]
    output: list[str]
    reader: threading.Thread

    def ports(self) -> dict[str, int]:
        """Return the port of each service."""
        ports: dict[str, int] = json.loads((self.folder / "ports.json").read_text(encoding="utf-8"))
        return ports

    def secrets(self) -> dict[str, str]:
        """Return the secrets of this installation."""
        kept: dict[str, str] = json.loads((self.folder / "secrets.json").read_text(encoding="utf-8"))
        return kept

    def service(self, name: str) -> psutil.Process | None:
        """Return the main process of a service, or None while it is down."""
        supervisor = psutil.Process(int((self.folder / "supervisord.pid").read_text(encoding="ascii")))
        for child in supervisor.children():
            with contextlib.suppress(psutil.Error):
                if child.environ().get("SUPERVISOR_PROCESS_NAME") == name and child.status() != psutil.STATUS_ZOMBIE:
                    return child
        return None

    def services(self) -> list[psutil.Process]:
        """Return the processes of all services, workers included."""
        supervisor = psutil.Process(int((self.folder / "supervisord.pid").read_text(encoding="ascii")))
        return supervisor.children(recursive=True)

    def kill(self, name: str) -> bool:
        """Send SIGKILL to a service; False when it is down already."""
        process = self.service(name)
        if process is None:
            return False
        process.kill()
        return True

    def interrupt(self) -> str:
        """Press Ctrl-C, wait for the end, and return all that was printed."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.reader.join(10)
        return "".join(self.output)

    def logs(self) -> str:
        """Return the end of every service's log."""
        ends = {path.name: path.read_text("utf-8", "replace")[-1500:] for path in (self.folder / "logs").glob("*.log")}
        return "\n".join(f"--- {name}\n{end}" for name, end in sorted(ends.items()))


def start(folder: Path, *options: str) -> Running:
    """Run `make run`'s command and return once it says where it answers."""
    command = [sys.executable, "-m", "deploy.dev.run", "--state", str(folder), "--port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    output: list[str] = []
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as printed:
            for line in printed:
                output.append(line)
                lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    deadline = time.monotonic() + START_SECONDS
    while True:
        line = lines.get(timeout=max(0.1, deadline - time.monotonic()))
        if line is None:
            process.wait(10)
            raise AssertionError("the suite ended at once:\n" + "".join(output))
        if "is ready: " in line:
            address = line.split("is ready: ")[1].split()[0]
            return Running(folder=folder, address=address, process=process, output=output, reader=reader)


@contextlib.contextmanager
def suite(folder: Path, *options: str) -> Iterator[Running]:
    """Run the suite, and end it and its notebooks afterwards."""
    running = start(folder, *options)
    try:
        yield running
    except BaseException:
        print(running.logs())
        raise
    finally:
        if running.process.poll() is None:
            running.interrupt()
        notebooks.stop_all(folder)


def eventually(check: Callable[[], object], *, seconds: float, what: str) -> None:
    """Wait until `check` is true; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)
