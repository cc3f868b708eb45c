"""`make bench-start`: click to ready, alternating with a peer: `jupyter lab` started by hand on the same environment, or
with LAUNCHER=docker a plain `docker run` of the same image on the same engine."""

import contextlib
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.bench.measured import keep, table
from tests.docker.people import begun
from tests.e2e.person import Person
from tests.e2e.running import Running, suite
from tests.fakes.engines import jupyter_image
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.lan import Lan

ROUNDS = 10
PEER_PORT = 40000  # outside of the broker's range
POLL_SECONDS = 0.01


def bare(folder: Path) -> float:
    """Return the seconds from starting `jupyter lab` as people do to its first answer."""
    token = secrets.token_hex(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    jupyter = Path(sys.executable).parent / "jupyter"
    options = ["--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={token}"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [jupyter, "lab", *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status", {"Authorization": f"token {token}"})
        return time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, headers: dict[str, str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(url, headers=headers, timeout=5).status_code == requests.codes.ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(POLL_SECONDS)
    raise TimeoutError(url)


def through_shiva(person: Person) -> float:
    """Return the seconds from the click's request to Jupyter's first answer through the door."""
    started = time.perf_counter()
    answer = person.api("POST", "containers", json={})
    answer.raise_for_status()
    container = answer.json()
    while person.get(f"{container['url']}api/status").status_code != requests.codes.ok:
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - started
    person.stop(container["id"])
    return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Shiva, and what it is measured against."""

    running: Running
    peer: Callable[[], float]  # seconds from the command to the first answer
    name: str  # of the figures
    goal_seconds: float  # Shiva's median may be this much above the peer's


@contextlib.contextmanager
def processes() -> Iterator[Race]:
    """Notebooks as processes of this machine."""
    with tempfile.TemporaryDirectory() as folder, suite(Path(folder) / "run") as running:
        yield Race(running=running, peer=lambda: bare(Path(folder)), name="bench-start", goal_seconds=0.15)


@contextlib.contextmanager
def containers() -> Iterator[Race]:
    """Notebooks as containers, on an engine of the benchmark's own."""
    image = jupyter_image.build()
    with contextlib.ExitStack() as left, tempfile.TemporaryDirectory() as folder:
        lan = Lan()
        left.callback(lan.end)
        engine = Engine(lan, "bench", 1)
        left.callback(engine.end)
        engine.start()
        engine.load(image)
        options = ("--launcher", "docker", "--engine", engine.base_url, "--engine-address", engine.address)
        running = left.enter_context(suite(Path(folder) / "run", *options))

        def peer() -> float:
            home = Path(tempfile.mkdtemp(dir=folder))
            started = time.perf_counter()
            made = begun(engine, home, port=PEER_PORT)
            _wait_for(f"{made.address}api/status", {"Authorization": f"token {made.token}"})
            seconds = time.perf_counter() - started
            engine.docker("rm", "-f", made.container)
            return seconds

        yield Race(running=running, peer=peer, name="bench-start-docker", goal_seconds=0.2)


def main() -> None:
    """Measure, print, keep; exit status 1 when the goal is missed."""
    rows: list[dict[str, object]] = []
    with {"process": processes, "docker": containers}[sys.argv[1]]() as race:
        person = Person(race.running.address, "bench")
        through_shiva(person)
        race.peer()  # the first of each fills the page cache
        for number in range(1, ROUNDS + 1):
            row: dict[str, object] = {
                "round": number,
                "peer_seconds": race.peer(),
                "shiva_seconds": through_shiva(person),
            }
            rows.append(row)
    medians = {
        key: statistics.median(float(str(row[key])) for row in rows) for key in ("peer_seconds", "shiva_seconds")
    }
    difference = medians["shiva_seconds"] - medians["peer_seconds"]
    met = difference <= race.goal_seconds
    print(table([*rows, {"round": "median", **medians}]))
    print(f"Shiva's median - peer's median = {difference:+.3f} s (goal: at most +{race.goal_seconds} s)")
    ratio = medians["shiva_seconds"] / medians["peer_seconds"]
    facts = {"rounds": rows, "medians": medians, "difference_seconds": difference, "ratio": ratio}
    keep(race.name, facts | {"goal_seconds": race.goal_seconds, "goal_met": met})
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
