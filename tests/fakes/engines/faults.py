"""Faults between a client and a real Docker engine: a proxy on a port of the loopback, told request by request what goes wrong."""

import http.client
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

BYTE_SECONDS = 0.05
ENGINE_SECONDS = 120.0
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: closing resets


class Fault(StrEnum):
    """What happens to one request. What the engine never gets is marked so."""

    REFUSE = "refuse"  # never delivered: the connection is reset
    HANG = "hang"  # never delivered: nothing comes until `heal`
    DRIP = "drip"  # the answer comes byte by byte
    CUT = "cut"  # half of the answer comes
    GARBAGE = "garbage"  # never delivered: 200, and no JSON
    EMPTY = "empty"  # never delivered: a valid list of nothing
    ERROR = "error"  # never delivered: 500 in the engine's own form
    LOST = "lost"  # delivered, and no answer
    TWICE = "twice"  # delivered twice; the second answer counts
    TWICE_FIRST = "twice, first"  # delivered twice; the first answer counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; `path` with the query, without the API's version, and with a container's name for its id."""

    method: str
    path: str
    body: bytes
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    data: bytes


MADE_UP: Mapping[Fault, Callable[[str], _Answer]] = {
    Fault.GARBAGE: lambda _: _Answer(200, "application/json", b"\x00]no JSON["),
    Fault.EMPTY: lambda path: _Answer(200, "application/json", b'{"Volumes": []}' if "/volumes" in path else b"[]"),
    Fault.ERROR: lambda _: _Answer(500, "application/json", b'{"message": "injected"}'),
}


class Injector(ThreadingHTTPServer):
    """Stands before the engine at `base_url` (unix://…) until it is closed; `url` is what clients use."""

    daemon_threads = True

    def __init__(self, base_url: str) -> None:
        """Begin to forward, without faults."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"tcp://127.0.0.1:{self.server_address[1]}"
        self.socket_path = base_url.removeprefix("unix://")
        self.asked: list[Asked] = []
        self.fault: Callable[[str, str], Fault | None] = lambda _method, _path: None
        self.healed = threading.Event()
        self.names: dict[str, str] = {}  # of the containers that were created through here, by id
        self._deciding = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def order(self, fault: Fault, method: str, path: str, *, times: int | None = None) -> None:
        """Let this happen, before what was ordered earlier, to requests whose path holds the pattern: always, or the next `times`."""
        earlier, left = self.fault, times

        def decide(asked: str, where: str) -> Fault | None:
            nonlocal left
            if asked == method and re.search(path, where) and left != 0:
                left = None if left is None else left - 1
                return fault
            return earlier(asked, where)

        self.fault = decide

    def heal(self) -> None:
        """Let nothing go wrong from now on, and what hangs end without an answer."""
        self.fault = lambda _method, _path: None
        self.healed.set()
        self.healed = threading.Event()

    def met(self, fault: Fault) -> list[Asked]:
        """Return the requests that this has happened to."""
        return [each for each in list(self.asked) if each.fault is fault]

    def decide(self, method: str, path: str, body: bytes) -> Fault | None:
        """Note a request, and return what is to go wrong with it."""
        with self._deciding:
            fault = self.fault(method, path)
            self.asked.append(Asked(method=method, path=path, body=body, fault=fault))
        return fault

    def close(self) -> None:
        """Let what hangs go, and end."""
        self.heal()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that has had enough is no error."""


class _Engine(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=ENGINE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: Injector

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        plain = re.sub(r"^/v\d+\.\d+(?=/)", "", unquote(self.path))
        plain = re.sub(r"[0-9a-f]{64}", lambda found: self.server.names.get(found[0], found[0]), plain)
        healed = self.server.healed
        fault = self.server.decide(self.command, plain, body)
        if fault is Fault.HANG:
            healed.wait()
        if fault in {Fault.HANG, Fault.REFUSE}:
            self._reset()
            return
        made_up = MADE_UP.get(fault) if fault else None
        answer = made_up(urlsplit(plain).path) if made_up else self._forwarded(body)
        if fault in {Fault.TWICE, Fault.TWICE_FIRST}:
            again = self._forwarded(body)
            answer = again if fault is Fault.TWICE else answer
        self._answer(answer, fault, healed)

    do_GET = do_POST = do_DELETE = do_HEAD = _handle

    def _forwarded(self, body: bytes) -> _Answer:
        engine = _Engine(self.server.socket_path)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in {"connection", "host"}}
        try:
            engine.request(self.command, self.path, body=body or None, headers=headers)
            came = engine.getresponse()
            answer = _Answer(came.status, came.headers.get("Content-Type", ""), came.read())
        except OSError as error:
            message = json.dumps({"message": f"the engine behind the injector: {error!r}"}).encode()
            return _Answer(502, "application/json", message)
        finally:
            engine.close()
        if "/containers/create?" in self.path and answer.status == http.HTTPStatus.CREATED:
            self.server.names[json.loads(answer.data)["Id"]] = self.path.partition("name=")[2]
        return answer

    def _answer(self, answer: _Answer, fault: Fault | None, healed: threading.Event) -> None:
        if fault is Fault.LOST:
            self._reset()
            return
        self.send_response(answer.status)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.data)))
        if fault is Fault.DRIP:
            self._drip(answer.data, healed)
            return
        self.end_headers()
        self.wfile.write(answer.data if fault is not Fault.CUT else answer.data[: len(answer.data) // 2])
        if fault is Fault.CUT:
            self._reset()

    def _drip(self, data: bytes, healed: threading.Event) -> None:
        """Send head and body a byte at a time: an answer without a body is slow too."""
        whole = b"".join(self._headers_buffer) + b"\r\n" + data
        self._headers_buffer: list[bytes] = []
        for position in range(len(whole)):
            if healed.wait(BYTE_SECONDS):
                self._reset()
                return
            self.wfile.write(whole[position : position + 1])

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
