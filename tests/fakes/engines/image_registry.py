"""A real registry of images on the machines' network: docker-registry with TLS and a password, behind a door that may be slow."""

import base64
import contextlib
import json
import re
import socket
import socketserver
import subprocess
import threading
from pathlib import Path

from tests.fakes.certificates import signed
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.shell import EngineError, wait_for

USER, PASSWORD = "shiva", "planted-password-of-the-registry"
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuudsP8YxaxGiSLCIeO1b09ej9cVniH00G\n"  # bcrypt, which it insists on
AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PIECE = 2**16


class ImageRegistry:
    """Serves at `host`; images stay in its folder. Whoever wants in needs USER and PASSWORD."""

    def __init__(self, folder: Path, address: str) -> None:
        """Open the door at a free port of `address`; the registry itself is not started yet."""
        self.folder = folder
        self._door = _Door((address, 0), _Passage)
        threading.Thread(target=self._door.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.host = f"{address}:{self._door.server_address[1]}"
        self.login = folder / "config.json"  # as `docker login` writes it
        self.login.write_text(json.dumps({"auths": {self.host: {"auth": AUTH}}}), encoding="utf-8")
        pair = signed(folder, "registry", address=address)
        self.ca = pair.ca
        (folder / "htpasswd").write_text(HTPASSWD, encoding="utf-8")
        settings = {
            "version": 0.1, "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": f"{folder}/data"}},
            "http": {"addr": "127.0.0.1:0", "secret": "s" * 16, "tls": {"certificate": str(pair.cert), "key": str(pair.key)}},
            "auth": {"htpasswd": {"realm": "shiva", "path": f"{folder}/htpasswd"}},
        }  # fmt: skip
        (folder / "config.yml").write_text(json.dumps(settings), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it listens; one that runs is left alone."""
        if self._process is not None:
            return
        with (self.folder / "log").open("wb") as log:
            command = ["docker-registry", "serve", f"{self.folder}/config.yml"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._listens, "the registry listens")

    def stop(self) -> None:
        """End it; its door is closed to everybody, whom it refuses."""
        self._door.target = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def end(self) -> None:
        """Leave nothing that runs."""
        self.stop()
        self._door.shutdown()
        self._door.server_close()

    def slow_down(self, bytes_per_second: float | None) -> None:
        """Let what it sends take its time; None for no limit."""
        self._door.bytes_per_second = bytes_per_second

    def log(self) -> str:
        """Return what it wrote, each request's line among it."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def push(self, engine: Engine, image: str, name: str) -> str:
        """Push an image of the engine under a name such as `lab:1`, and forget it there; return the digest that it has."""
        reference = f"{self.host}/{name}"
        engine.docker("tag", image, reference)
        engine.docker("--config", str(self.folder), "push", "-q", reference)
        digests = json.loads(engine.docker("image", "inspect", "--format", "{{json .RepoDigests}}", reference))
        [pinned] = [each for each in digests if each.startswith(reference.rpartition(":")[0])]
        engine.docker("rmi", reference)
        return str(pinned.partition("@")[2])

    def _listens(self) -> bool:
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", self.log())
        if found is None:
            if self._process is not None and self._process.poll() is not None:
                raise EngineError(f"docker-registry ended: {self.log()}")
            return False
        self._door.target = int(found[1])
        return True


class _Door(socketserver.ThreadingTCPServer):
    """Passes bytes on, what comes back at a pace."""

    daemon_threads, allow_reuse_address = True, True
    target: int | None = None
    bytes_per_second: float | None = None


class _Passage(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        door = self.server
        assert isinstance(door, _Door)
        if door.target is None:
            return
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", door.target)) as inside:
            threading.Thread(target=_pass_on, args=(self.request, inside), daemon=True).start()
            paused = threading.Event()
            while piece := inside.recv(PIECE):
                self.request.sendall(piece)
                if door.bytes_per_second:
                    paused.wait(len(piece) / door.bytes_per_second)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
