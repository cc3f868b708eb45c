"""Notebooks outlive the services: list them, and stop them (`make stop-notebooks`)."""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import requests
from shiva_jupyter_broker.adapters.local_process import ProcessLauncher
from shiva_jupyter_broker.adapters.process_records import Record, Records
from shiva_jupyter_broker.bootstrap import StateInUseError, hold

from deploy.dev.suite import ROOT

GRACE = timedelta(seconds=10)
STOP_SECONDS = 20.0


def records(folder: Path) -> list[Record]:
    """Return the notebooks of a run, without changing anything."""
    state = folder / "state" / "containers"
    return [record for record in Records(state, tidy=False).all() if record.pid] if state.is_dir() else []


def tell(folder: Path, *, demo: bool) -> None:
    """Say which notebooks go on, and how to stop them."""
    running = records(folder)
    if not running:
        print("Everything has ended; no notebook is running.")
        return
    print("The services have ended. These notebooks go on and are found again by the next start:")
    for record in running:
        print(f"  {record.spec.owner} on {record.spec.machine} (pid {record.pid}, home {record.spec.home})")
    print("Stop them with: make stop-notebooks" + (" (demo included)" if demo else ""))


def stop_all(folder: Path) -> int:
    """Stop every notebook of a run, through the broker when it runs; return how many there were."""
    found = records(folder)
    if not found:
        return 0
    try:
        lock = hold(folder / "state", patience_seconds=0)
    except StateInUseError:
        _through_broker(folder, found)
    else:
        with lock:
            launcher = ProcessLauncher(folder / "state")
            for record in found:
                launcher.stop(record.spec.launch_id, grace=GRACE)
            _wait(folder)
    return len(found)


def _through_broker(folder: Path, found: list[Record]) -> None:
    port = json.loads((folder / "ports.json").read_text(encoding="utf-8"))["jupyter-broker"]
    token = json.loads((folder / "secrets.json").read_text(encoding="utf-8"))["manager_token"]
    for record in found:
        url = f"http://127.0.0.1:{port}/v1/containers/{record.spec.id}"
        requests.delete(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).raise_for_status()
    _wait(folder)


def _wait(folder: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while records(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left := records(folder):
        sys.exit("Still stopping: " + ", ".join(record.spec.id for record in left))


def main() -> None:
    """Stop the notebooks of every run folder named, or of `make run` and `make demo`."""
    folders = [Path(arg) for arg in sys.argv[1:]] or [ROOT / ".run" / "real", ROOT / ".run" / "demo"]
    count = sum(stop_all(folder) for folder in folders)
    print(f"{count} notebooks stopped." if count else "No notebook was running.")


if __name__ == "__main__":
    main()
