"""A cluster of any size that is not there: pages for a real Prometheus to scrape, and a broker that answers as the real one does.

`python -m tests.bench.manager_world PORT MACHINES CONTAINERS` serves both. Each page tells of a hundred machines: a target for each
machine would measure this simulation. `host` and `up` stand on the page therefore. Values move with the time; everything that the
manager's queries read is there under its own name, and nothing else.
"""

import json
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GPUS = 8
PER_PAGE = 100  # machines
CPUS = 8
KINDS = ("container", "foreign", "host", "mps", "orphan")
GIB = 2**30
MODEL = "NVIDIA H200"
LEASES = 3  # GPUs that are held on each machine
BOOTED = int(time.time()) - 86400


def name(machine: int) -> str:
    """Return a machine's name."""
    return f"gpu-{machine:04}"


def uuid(machine: int, gpu: int) -> str:
    """Return a card's UUID."""
    return f"GPU-{machine:08x}-0000-4000-8000-{gpu:012x}"


def launch(container: int) -> str:
    """Return a container's launch."""
    return f"{container:032x}"


def node_page(machines: range, now: float) -> Iterator[str]:
    """Yield what node_exporters tell."""
    for machine in machines:
        at = f'host="{name(machine)}"'
        load = (machine * 7 + int(now) // 10) % 100 / 100
        yield f"up{{{at}}} 1"
        yield f"node_time_seconds{{{at}}} {now:.3f}"
        yield f"node_boot_time_seconds{{{at}}} {BOOTED}"
        yield f"node_memory_MemTotal_bytes{{{at}}} {256 * GIB}"
        yield f"node_memory_MemAvailable_bytes{{{at}}} {int((1 - load) * 200 * GIB)}"
        yield f'node_filesystem_size_bytes{{{at},mountpoint="/"}} {1000 * GIB}'
        yield f'node_filesystem_avail_bytes{{{at},mountpoint="/"}} {int(now) % 1000 * GIB}'
        yield f'node_hwmon_temp_celsius{{{at},chip="0"}} {40 + load * 30:.1f}'
        for device in ("eth0", "eth1"):
            yield f'node_network_receive_bytes_total{{{at},device="{device}"}} {int(now * 1000)}'
            yield f'node_network_transmit_bytes_total{{{at},device="{device}"}} {int(now * 500)}'
        for cpu in range(CPUS):
            yield f'node_cpu_seconds_total{{{at},cpu="{cpu}",mode="idle"}} {(now - BOOTED) * (1 - load):.2f}'


def gpu_page(machines: range, containers: range, now: float) -> Iterator[str]:
    """Yield what GPU exporters tell."""
    by_machine = {machine: list(_on(machine, containers)) for machine in machines}
    for machine in machines:
        at = f'host="{name(machine)}"'
        yield f"up{{{at}}} 1"
        yield f"shiva_gpu_driver_present{{{at}}} 1"
        for gpu in range(GPUS):
            holder = by_machine[machine][gpu] if gpu < min(LEASES, len(by_machine[machine])) else None
            yield from _card(machine, gpu, holder, now)


def _card(machine: int, gpu: int, holder: int | None, now: float) -> Iterator[str]:
    at = f'host="{name(machine)}",gpu="{gpu}",uuid="{uuid(machine, gpu)}"'
    named = f'{at},name="{MODEL}"'
    used = 0 if holder is None else (60 + (int(now) // 10 + gpu) % 20) * GIB
    busy = 0.0 if holder is None else (machine + gpu + int(now) // 10) % 100 / 100
    yield (
        f'shiva_gpu_info{{{named},compute_capability="9.0",cuda_version="12.4",driver_version="550.90",mig_mode="0",minor="{gpu}",pci_bus_id="0000:{gpu:02x}:00.0"}} 1'
    )
    yield f"shiva_gpu_up{{{at}}} 1"
    yield f"shiva_gpu_utilization_ratio{{{named}}} {busy}"
    yield f"shiva_gpu_memory_total_bytes{{{named}}} {140 * GIB}"
    yield f"shiva_gpu_memory_used_bytes{{{named}}} {used}"
    yield f"shiva_gpu_temperature_celsius{{{named}}} {30 + int(40 * busy)}"
    yield f"shiva_gpu_memory_unattributed_bytes{{{named}}} 0"
    yield f"shiva_gpu_row_remap_pending{{{named}}} 0"
    yield f"shiva_gpu_row_remap_failure{{{named}}} 0"
    yield f"shiva_gpu_recovery_action{{{named}}} 0"
    yield f'shiva_gpu_ecc_errors_total{{{named},lifetime="volatile",type="uncorrected"}} 0'
    for kind in KINDS:
        ours = holder is not None and kind == "container"
        yield f'shiva_gpu_processes{{{named},kind="{kind}"}} {int(ours)}'
        yield f'shiva_gpu_process_group_memory_used_bytes{{{named},kind="{kind}"}} {used if ours else 0}'
    if holder is not None:
        of = f'{named},launch_id="{launch(holder)}"'
        yield f"shiva_container_gpu_processes{{{of}}} 1"
        yield f"shiva_container_gpu_memory_used_bytes{{{of}}} {used}"
        yield f"shiva_container_gpu_active_seconds_total{{{of}}} {(now - BOOTED) * 0.5:.2f}"


def _on(machine: int, containers: range) -> Iterator[int]:
    """Yield the containers of a machine: they are dealt out one by one."""
    yield from range(containers.start + machine, containers.stop, containers.step)


def broker_page(machines: int, containers: int) -> Iterator[str]:
    """Yield what the broker's exporter tells."""
    for number in range(containers):
        of = f'container_id="u{number}--default",user="u{number}"'
        yield f'shiva_container_info{{{of},launch_id="{launch(number)}",machine="{name(number % machines)}",image="i",name="default"}} 1'
        if number // machines < LEASES:
            yield f'shiva_gpu_lease{{{of},uuid="{uuid(number % machines, number // machines)}"}} 1'


def container(number: int, machines: int, now: float) -> dict[str, object]:
    """Return a container as the broker tells it; one in a hundred was used just now."""
    began = "2026-11-23T09:10:00.180Z"
    held = number // machines
    access = int(now) if number % 100 == int(now) % 100 else 0
    return {
        "id": f"u{number}--default", "owner": f"u{number}", "name": "default", "machine": name(number % machines),
        "image": "shiva-jupyter", "image_reference": "shiva-jupyter",
        "gpus": [uuid(number % machines, held)] if held < LEASES else [], "gpus_shared": False,
        # One container comes and goes, so that what the broker tells is not the same for long.
        "state": "booting" if number == 0 and int(now) // 5 % 2 else "ready", "reason": None, "log_tail": [], "pull": None,
        "url": f"/user/u{number}/", "launch_id": launch(number), "engine_id": None, "requested_at": began,
        "started_at": began, "ready_at": began, "last_access_at": f"2026-11-23T{access % 24:02}:42:07.000Z", "history": [],
        "phases": {"placed_seconds": 0.02, "pulled_seconds": None, "created_seconds": 0.16, "booting_seconds": 1.73,
                   "ready_seconds": 0.4},
        "time_to_notebook_seconds": 2.31,
        "limits": {"cpus": 2.0, "memory_bytes": 4 * GIB, "shm_bytes": 2**26, "pids": 4096, "layer_bytes": 10 * GIB},
    }  # fmt: skip


def machine(number: int, machines: int, containers: int) -> dict[str, object]:
    """Return a machine as the broker tells it."""
    holders = [f"u{number + held * machines}--default" for held in range(LEASES)]
    held = [holder if number + place * machines < containers else None for place, holder in enumerate(holders)]
    cards = [
        {"uuid": uuid(number, gpu), "index": gpu, "model": MODEL, "container_id": holder,
         "container_ids": [] if holder is None else [holder], "disabled": None}
        for gpu, holder in enumerate(held + [None] * (GPUS - LEASES))
    ]  # fmt: skip
    return {
        "name": name(number), "cpus": CPUS, "memory_bytes": 256 * GIB, "memory_promised_bytes": 20 * GIB,
        "fits_default": True, "reachable": True, "unreachable_since": None, "drained": None, "warnings": [], "gpus": cards,
    }  # fmt: skip


class World:
    """What there is; text of a second is made once."""

    def __init__(self, machines: int, containers: int) -> None:
        """Make what never moves."""
        self.machines, self.containers = machines, containers
        inventory = [machine(number, machines, containers) for number in range(machines)]
        self._inventory = json.dumps({"machines": inventory}).encode()
        self._known = "\n".join([*broker_page(machines, containers), ""]).encode()
        self._pieces = [json.dumps(container(number, machines, 0)) for number in range(containers)]

    def answer(self, path: str) -> bytes | None:
        """Return a body; None where there is nothing."""
        now = time.time()
        kind, _, page = path.strip("/").partition("/")
        if kind in {"node", "gpu"}:
            first = int(page) * PER_PAGE
            those = range(first, min(first + PER_PAGE, self.machines))
            ours = range(0, self.containers, self.machines)
            return "\n".join([*(node_page(those, now) if kind == "node" else gpu_page(those, ours, now)), ""]).encode()
        return {
            "broker": lambda: self._known,
            "v1/machines": lambda: self._inventory,
            "v1/containers": lambda: self._told(now),
        }.get(path.strip("/"), lambda: None)()

    def _told(self, now: float) -> bytes:
        pieces = self._pieces.copy()
        for number in {0, *range(int(now) % 100, self.containers, 100)} & set(range(self.containers)):
            pieces[number] = json.dumps(container(number, self.machines, now))
        return f'{{"containers":[{",".join(pieces)}]}}'.encode()


def serve(port: int, machines: int, containers: int) -> None:
    """Serve until the end."""
    world = World(machines, containers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = world.answer(self.path)
            self.send_response(404 if body is None else 200)
            json_wanted = self.path.startswith("/v1/")
            self.send_header("Content-Type", "application/json" if json_wanted else "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
