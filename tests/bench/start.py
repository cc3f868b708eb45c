"""`make bench-start`: click to ready, against `jupyter lab` started by hand on the same environment, alternating."""

import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.bench.measured import keep, table
from tests.e2e.person import Person
from tests.e2e.running import suite

ROUNDS = 10
GOAL_SECONDS = 0.15  # Shiva's median may be this much above the bare one
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


def main() -> None:
    """Measure, print, keep; exit status 1 when the goal is missed."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder, suite(Path(folder) / "run") as running:
        person = Person(running.address, "bench")
        through_shiva(person)
        bare(Path(folder))  # the first of each fills the page cache
        for number in range(1, ROUNDS + 1):
            row: dict[str, object] = {
                "round": number,
                "bare_seconds": bare(Path(folder)),
                "shiva_seconds": through_shiva(person),
            }
            rows.append(row)
    medians = {
        key: statistics.median(float(str(row[key])) for row in rows) for key in ("bare_seconds", "shiva_seconds")
    }
    difference = medians["shiva_seconds"] - medians["bare_seconds"]
    print(table([*rows, {"round": "median", **medians}]))
    print(f"Shiva's median - bare median = {difference:+.3f} s (goal: at most +{GOAL_SECONDS} s)")
    ratio = medians["shiva_seconds"] / medians["bare_seconds"]
    facts = {"rounds": rows, "medians": medians, "difference_seconds": difference, "ratio": ratio}
    keep("bench-start", facts | {"goal_seconds": GOAL_SECONDS, "goal_met": difference <= GOAL_SECONDS})
    sys.exit(0 if difference <= GOAL_SECONDS else 1)


if __name__ == "__main__":
    main()
