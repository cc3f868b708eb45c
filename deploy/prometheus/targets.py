"""`python3 -m deploy.prometheus.targets --machines machines.json --out targets` writes Prometheus' targets from the list of machines."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Machine = Mapping[str, Any]
Labels = dict[str, str]
Targets = dict[str, list[dict[str, Any]]]  # by job
MACHINE_PORTS = {"node": 9100, "gpu": 9101}
SERVICE_PORTS = {"manager-api": 8081, "jupyter-broker": 8082, "broker-exporter": 9102}
DOOR = "jupyter-proxy"


class MachinesError(Exception):
    """The list of machines cannot be used; the message says why, for people."""


def read(path: Path) -> list[Machine]:
    """Return the machines of `machines.json`, with one `name` and one `address` each.

    Raises:
        MachinesError: it cannot be read, or is no such list.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MachinesError(f"It cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise MachinesError(f"This is not JSON: {error}.") from error
    machines = raw.get("machines") if isinstance(raw, dict) else None
    if not isinstance(machines, list) or not machines:
        raise MachinesError("`machines` must be a list of at least one machine.")
    for number, machine in enumerate(machines, 1):
        for field in ("name", "address"):
            if not isinstance(machine, dict) or not isinstance(machine.get(field), str) or not machine[field].strip():
                raise MachinesError(f"Machine {number} has no `{field}`.")
    names = [machine["name"] for machine in machines]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise MachinesError(f"There are two machines named “{twice[0]}”.")
    return machines


def targets(
    machines: Sequence[Machine], place: Callable[[Machine, str], tuple[str, Labels]], services: Mapping[str, str]
) -> Targets:
    """Return each job's targets: `place` says where a machine's exporter of a job is, with more labels; `services` where ours are.

    A target's `instance` is a name: with an address in it, each change of it would begin new series, and the old ones would
    count for five minutes more.
    """

    def machine_target(machine: Machine, job: str) -> dict[str, Any]:
        address, more = place(machine, job)
        return {"targets": [address], "labels": {"host": machine["name"], "instance": machine["name"], **more}}

    own = {name: address for name, address in services.items() if name != "broker-exporter"}
    return {
        **{job: [machine_target(machine, job) for machine in machines] for job in MACHINE_PORTS},
        "broker": [{"targets": [services["broker-exporter"]], "labels": {"instance": "broker-exporter"}}],
        "services": [_service(name, address) for name, address in own.items()],
    }


def _service(name: str, address: str) -> dict[str, Any]:
    labels = {"service": name, "instance": name}
    if name != DOOR:
        return {"targets": [address], "labels": labels}
    url = urlsplit(address if "//" in address else f"http://{address}")
    labels |= {"__metrics_path__": "/-/metrics"} | ({"__scheme__": "https"} if url.scheme == "https" else {})
    return {"targets": [url.netloc], "labels": labels}


def write(folder: Path, made: Targets) -> None:
    """Write one file for each job, each of them whole or not at all, and only where something changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for job, groups in made.items():
        path, text = folder / f"{job}.json", json.dumps(groups, indent=1) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".new", delete=False, encoding="utf-8") as new:
            new.write(text)
        os.chmod(new.name, 0o644)  # Prometheus is another user
        os.replace(new.name, path)


def _place(machine: Machine, job: str) -> tuple[str, Labels]:
    return _at(machine["address"], MACHINE_PORTS[job]), {}


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def main(arguments: list[str] | None = None) -> int:
    """Write the files and return 0, or say what is wrong, write nothing and return 2."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy.prometheus.targets", description=__doc__)
    parser.add_argument("--machines", type=Path, required=True, help="the one list of machines, as the broker has it")
    parser.add_argument("--out", type=Path, required=True, help="the folder `targets` beside prometheus.yml")
    parser.add_argument("--control", default="127.0.0.1", help="the host of manager, broker and broker's exporter")
    parser.add_argument("--door", help="where the door is, as https://shiva.lan (default: port 8000 of --control)")
    given = parser.parse_args(arguments)
    services = {name: _at(given.control, port) for name, port in SERVICE_PORTS.items()}
    services[DOOR] = given.door or _at(given.control, 8000)
    try:
        write(given.out, targets(read(given.machines), _place, services))
    except MachinesError as error:
        print(f"{given.machines} cannot be used, and nothing was written. {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"The targets cannot be written to {given.out}: {error.strerror}. Prometheus goes on with the old ones.",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
