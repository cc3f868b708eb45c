"""The built dashboard before a Shiva of many machines whose numbers change with each answer; and a plain page as its peer."""

import gzip
import json
import mimetypes
import random
import threading
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.bench.bundle import DIST

GIB = 2**30
PEOPLE = ("ada", "ken", "mei", "yuki")
ME = {
    "user": {"name": "ada", "shown_name": "Ada", "email": None, "picture": None, "role": "user"},
    "csrf_token": "x", "token": None, "quota": {"containers": 2, "gpus": 2}, "announcement": None, "demo": False,
    "version": "0.1.0",
}  # fmt: skip
PEER = """<!doctype html><meta charset="utf-8"><title>Peer</title><main></main><script>
const main = document.querySelector("main");
const text = (value) => String(value ?? "-").replaceAll("<", "&lt;");
async function renew() {
  const { machines } = await (await fetch("/api/v1/machines")).json();
  main.innerHTML = machines.map((m) => `<article aria-label="${text(m.name)}"><h3>${text(m.name)} ${text(m.state)}</h3>
    <p>CPU ${text(m.cpu_ratio)} memory ${text(m.memory_used_bytes)} disk ${text(m.disk_used_bytes)}
    ${text(m.temperature_celsius)} C</p><ul>${m.gpus.map((g) => `<li>${text(g.model)} ${text(g.utilization_ratio)}
    <progress value="${g.memory_used_bytes}" max="${g.memory_total_bytes}"></progress> ${text(g.holder?.owner)}</li>`).join("")}
    </ul></article>`).join("");
}
renew();
setInterval(renew, 2000);
</script>"""


def _gpu(chance: random.Random, machine: int, index: int) -> dict[str, Any]:
    owner = chance.choice((None, *PEOPLE))
    used = 0 if owner is None else chance.randrange(8) * GIB
    holder = owner and {"container_id": f"{owner}--default", "owner": owner, "since": "2026-11-23T09:10:00.000Z"}
    user = {
        "owner": owner,
        "container_id": f"{owner}--default",
        "memory_used_bytes": used,
        "active_ratio": 0.5,
        "processes": 1,
    }
    return {
        "uuid": f"GPU-{machine}-{index}", "index": index, "model": "NVIDIA H200", "up": True,
        "utilization_ratio": round(chance.random(), 2), "memory_total_bytes": 8 * GIB, "memory_used_bytes": used,
        "temperature_celsius": chance.randrange(40, 80), "foreign_use": False, "holder": holder, "users_known": True,
        "users": [user] if owner else [], "unmanaged": [], "memory_other_bytes": 0, "memory_unattributed_bytes": 0,
        "quarantine": None, "disabled": None,
    }  # fmt: skip


def _machine(chance: random.Random, number: int) -> dict[str, Any]:
    gpus = [_gpu(chance, number, index) for index in range(8)]
    free = sum(gpu["holder"] is None for gpu in gpus)
    return {
        "name": f"gpu-{number:04}", "state": "full" if free == 0 else "free" if free == len(gpus) else "partly_free",
        "sample_age_seconds": 2.0, "cpus": 64, "cpu_ratio": round(chance.random(), 2), "memory_total_bytes": 512 * GIB,
        "memory_used_bytes": chance.randrange(512) * GIB, "disk_total_bytes": 4096 * GIB,
        "disk_used_bytes": chance.randrange(4096) * GIB, "network_receive_bytes_per_second": chance.random() * 1e6,
        "network_transmit_bytes_per_second": chance.random() * 1e6, "temperature_celsius": 50.0, "gpu_driver": "present",
        "gpus_total": 8, "gpus_free": free, "holders_known": True, "closed": None, "gpus": gpus, "containers": [],
    }  # fmt: skip


class World:
    """Answers as the manager would; every second answer, each machine's numbers are others."""

    def __init__(self, machines: int) -> None:
        """`machines` of eight GPUs each."""
        chance = random.Random(7)  # noqa: S311 - the same world each time
        self._variants = [json.dumps([_machine(chance, each) for each in range(machines)])[1:-1] for _ in range(2)]
        self.asked: Counter[str] = Counter()

    def answer(self, path: str) -> bytes | None:
        """Return the JSON of a path, or None."""
        self.asked[path] += 1
        fixed = {"/api/v1/me": ME, "/api/v1/containers": {"containers": []}, "/api/v1/images": {"images": []}}
        if path in fixed:
            return json.dumps(fixed[path]).encode()
        if path != "/api/v1/machines":
            return None
        head = {
            "as_of": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "metrics": {"state": "fresh", "age_seconds": 1.0}, "broker": {"state": "fresh", "age_seconds": 0.0},
        }  # fmt: skip
        return f'{json.dumps(head)[:-1]}, "machines": [{self._variants[self.asked[path] % 2]}]}}'.encode()


class Handler(BaseHTTPRequestHandler):
    """One browser's requests."""

    protocol_version = "HTTP/1.1"
    world: World

    def do_GET(self) -> None:
        """Answer with a file, an answer of the manager, or the page."""
        path = self.path.partition("?")[0]
        if path.startswith("/api/"):
            body = self.world.answer(path)
            self._send(404 if body is None else 200, "application/json", body or b"{}")
        elif path == "/peer":
            self._send(200, "text/html; charset=utf-8", PEER.encode())
        elif (file := DIST / path.lstrip("/")).is_file():
            self._send(200, mimetypes.guess_type(file.name)[0] or "text/plain", file.read_bytes())
        else:
            self._send(200, "text/html; charset=utf-8", (DIST / "index.html").read_bytes())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        small = gzip.compress(body, 1)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(small)))
        self.end_headers()
        self.wfile.write(small)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Serves browsers, which go whenever they like."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


class Serving:
    """A server of one world, on a port of its own."""

    def __init__(self, machines: int) -> None:
        """Begin to listen."""
        self.world = World(machines)
        self._server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"world": self.world}))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def end(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
