"""Notebooks outlive the services: list them, and stop them (`make stop-notebooks`)."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import requests
from shiva_jupyter_broker.adapters.local_process import ProcessLauncher
from shiva_jupyter_broker.adapters.process_records import Record, Records
from shiva_jupyter_broker.bootstrap import StateInUseError, hold

from deploy.dev import docker_engine
from deploy.dev.suite import ROOT

GRACE = timedelta(seconds=10)
STOP_SECONDS = 20.0
LAST_SEEN = "engines.json"  # of the broker


def records(folder: Path) -> list[Record]:
    """Return the notebooks of a run, without changing anything."""
    state = folder / "state" / "containers"
    return [record for record in Records(state, tidy=False).all() if record.pid] if state.is_dir() else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """One that goes on, whatever it runs in."""

    id: str
    line: str  # for people
    lives: bool = True  # else it has ended, and only its container is left
    stop: Callable[[], None]  # while no broker runs


def running(folder: Path) -> list[Notebook]:
    """Return all notebooks of a run, and the containers of those that have ended; EngineAwayError as `containers` raises it."""
    found = [
        Notebook(
            id=each.spec.id,
            line=f"{each.spec.owner} on {each.spec.machine} (pid {each.pid}, home {each.spec.home})",
            stop=partial(_end_process, folder, each),
        )
        for each in records(folder)
    ]
    for url in _engines(folder):
        for each in docker_engine.containers(url, folder):
            owner, machine = each["Labels"]["shiva.owner"], each["Labels"]["shiva.machine"]
            container = str(each["Id"])
            found.append(
                Notebook(
                    id=each["Labels"]["shiva.id"],
                    line=f"{owner} on {machine} (container {container[:12]}, home {each['Labels']['shiva.home']})",
                    lives=each["State"] not in {"exited", "dead"},
                    stop=partial(docker_engine.stop, url, container, seconds=int(GRACE.total_seconds())),
                )
            )
    return found


def _engines(folder: Path) -> list[str]:
    path = folder / "machines.json"
    machines = json.loads(path.read_text(encoding="utf-8"))["machines"] if path.exists() else []
    return [each["engine"]["url"] for each in machines if "engine" in each]


def _end_process(folder: Path, record: Record) -> None:
    ProcessLauncher(folder / "state").stop(record.spec.launch_id, grace=GRACE)


def tell(folder: Path, *, demo: bool) -> None:
    """Say which notebooks go on, and how to stop them."""
    try:
        found = [each for each in running(folder) if each.lives]
    except docker_engine.EngineAwayError as error:
        print(
            f"The services have ended. {error} Its notebooks may go on, homes are kept: look again with the next start."
        )
        return
    if not found:
        print("Everything has ended; no notebook is running.")
        return
    print("The services have ended. These notebooks go on and are found again by the next start:")
    for each in found:
        print(f"  {each.line}")
    print("Stop them with: make stop-notebooks" + (" (demo included)" if demo else ""))


def stop_all(folder: Path) -> int:
    """Stop every notebook of a run, through the broker when it runs; return how many went on."""
    found = running(folder)
    if not found:
        return 0
    try:
        lock = hold(folder / "state", patience_seconds=0)
    except StateInUseError:
        _through_broker(folder, found)
    else:
        with lock:
            for each in found:
                each.stop()
            _wait(folder)
            (folder / "state" / LAST_SEEN).unlink(missing_ok=True)  # else the next broker waits for them to come back
    return sum(each.lives for each in found)


def _through_broker(folder: Path, found: list[Notebook]) -> None:
    port = json.loads((folder / "ports.json").read_text(encoding="utf-8"))["jupyter-broker"]
    token = json.loads((folder / "secrets.json").read_text(encoding="utf-8"))["manager_token"]
    for each in found:
        url = f"http://127.0.0.1:{port}/v1/containers/{each.id}"
        requests.delete(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).raise_for_status()
    _wait(folder)


def _wait(folder: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while running(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left := running(folder):
        sys.exit("Still stopping: " + ", ".join(each.id for each in left))


def main() -> None:
    """Stop the notebooks of every run folder named, or of `make run` and `make demo`."""
    folders = [Path(arg) for arg in sys.argv[1:]] or [ROOT / ".run" / kind for kind in ("real", "docker", "demo")]
    count, away = 0, list[str]()
    for folder in folders:
        try:
            count += stop_all(folder)
        except docker_engine.EngineAwayError as error:
            away.append(f"{error} Its notebooks may go on, homes are kept: start the engine and try again.")
        except requests.RequestException:
            away.append(f"The broker of {folder} does not answer: try again in a few seconds. Homes are kept.")
    if count or not away:
        print("No notebook was running." if not count else f"{count} notebook{'s'[: count > 1]} stopped.")
    if away:
        sys.exit("\n".join(away))


if __name__ == "__main__":
    main()
