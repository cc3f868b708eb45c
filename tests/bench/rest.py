"""`make bench-rest`: resident memory of all services at rest, without notebooks and Prometheus' own programs."""

import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.measured import keep, table
from tests.e2e.person import Person
from tests.e2e.running import suite

GOAL_MB = 250.0
SETTLE_SECONDS = 30
NOT_OURS = {"prometheus", "node-exporter"}


def main() -> None:
    """Measure after some use and a rest, print, keep; exit status 1 when the goal is missed."""
    sizes: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, suite(Path(folder) / "run") as running:
        person = Person(running.address, "bench")
        for path in ("me", "machines", "containers", "images"):
            person.api("GET", path).raise_for_status()
        time.sleep(SETTLE_SECONDS)
        for process in running.services():
            name = process.environ()["SUPERVISOR_PROCESS_NAME"]
            sizes[name] = sizes.get(name, 0.0) + process.memory_info().rss / 1e6
        sizes["supervisord (development only)"] = _supervisor(running.folder)
    ours = {name: size for name, size in sizes.items() if name not in NOT_OURS and "only" not in name}
    total = sum(ours.values())
    rows = [{"service": name, "resident_mb": size, "counts": name in ours} for name, size in sorted(sizes.items())]
    print(table([*rows, {"service": "together", "resident_mb": total, "counts": True}]))
    print(f"goal: at most {GOAL_MB:.0f} MB together")
    keep("bench-rest", {"services": rows, "total_mb": total, "goal_mb": GOAL_MB, "goal_met": total <= GOAL_MB})
    sys.exit(0 if total <= GOAL_MB else 1)


def _supervisor(folder: Path) -> float:
    pid = int((folder / "supervisord.pid").read_text(encoding="ascii"))
    return float(psutil.Process(pid).memory_info().rss / 1e6)


if __name__ == "__main__":
    main()
