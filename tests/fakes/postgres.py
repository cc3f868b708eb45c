"""A PostgreSQL of our own: a folder of its own, a private socket, no port, and nothing that outlives the tests."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, STDOUT

import psutil
import psycopg

from tests.require import require

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
# Nothing here must outlive a power cut; a server that is killed keeps what it confirmed.
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60")


@dataclass
class Cluster:
    """One server."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = [_program("postgres"), "-D", f"{self.folder}/data", "-k", str(self.folder), "-h", ""]
        command += [word for setting in QUICK for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:  # it ends with the tests, whatever ends them
            command = _as_nobody_special(command, "--pdeathsig=QUIT")
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.asked("SELECT 1")
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it as an administrator would, or as a power cut does (SIGQUIT)."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(20)
        self.process = None

    def frozen(self, number: int) -> None:
        """Send SIGSTOP or SIGCONT to all of its processes."""
        assert self.process is not None
        server = psutil.Process(self.process.pid)
        for each in [server, *server.children(recursive=True)]:
            each.send_signal(number)

    def asked(self, *statements: str, url: str = "@/postgres") -> None:
        """Run statements as its administrator."""
        with psycopg.connect(f"host={self.folder} user=shiva dbname={_name(url)}", autocommit=True) as connection:
            for each in statements:
                connection.execute(each.encode())

    def database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"test_{next(self.numbers)}"
        self.asked(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://shiva:no-secret-here@/{name}?host={self.folder}"


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _program(name: str) -> str:
    return str(INSTALLED[-1] / name) if INSTALLED else str(shutil.which(name))


def _as_nobody_special(command: list[str], *more: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    other = ("--reuid=postgres", "--regid=postgres", "--clear-groups") if os.geteuid() == 0 else ()
    return ["setpriv", *other, *more, *command] if other or more else command


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Run one."""
    present = bool(INSTALLED) or shutil.which("postgres") is not None
    require("postgres", present=present, reason="PostgreSQL is missing: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="shiva-postgres-"))  # its path must fit into that of a socket
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Cluster(folder=folder)
    try:
        options = ["-D", f"{folder}/data", "-U", "shiva", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            _as_nobody_special([_program("initdb"), *options]), check=True, stdout=DEVNULL, stderr=STDOUT, cwd="/"
        )
        made.start()
        yield made
    finally:
        if made.process is not None:
            made.frozen(signal.SIGCONT)
            made.stop(signal.SIGQUIT)
        shutil.rmtree(folder)
