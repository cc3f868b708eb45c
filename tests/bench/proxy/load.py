"""The load: what is sent to every proxy alike, and what comes back. An answer that is not right makes a figure void."""

import contextlib
import http.client
import json
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.proxy.standing import Proxy
from tests.fakes.proxy_broker import FakeBroker

HERE = Path(__file__).parent
PERSON = "ada"
BODY = b"x" * 1024
CONNECTIONS = 64
SOCKETS = 50
IDLE_SOCKETS = 9000
HTTP_SECONDS = 3
SOCKET_SECONDS = 3
NEW_SECONDS = 2
DOWNLOADS = 7
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
    "Accept": "application/json, text/plain, */*",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "en-GB,en;q=0.9",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
Figures = dict[str, float]


class VoidError(Exception):
    """What came back was not right; the figure counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The means to make load."""

    program: Path  # load.c, compiled
    cookie: str  # Ada's session; every proxy gets it, one reads it
    host: str  # one name for all of them

    def headers(self, **more: str) -> dict[str, str]:
        """Return what a browser sends."""
        return {"Host": self.host, **BROWSER, "Cookie": self.cookie, **more}

    def _head(self, path: str, headers: dict[str, str]) -> str:
        return "\r\n".join([f"GET {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items()), "", ""])

    def _command(self, mode: str, proxy: Proxy, count: int, seconds: float, head: str) -> list[str]:
        return [str(self.program), mode, str(proxy.port), str(count), str(seconds), head]

    def _ran(self, command: list[str], proxy: Proxy) -> Figures:
        """Run a command that prints figures; add how busy the proxy's core was, and its time for each."""
        used, since = proxy.cpu_seconds(), time.monotonic()
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if ran.returncode:
            raise VoidError(ran.stderr.strip())
        figures: Figures = json.loads(ran.stdout.splitlines()[-1])
        if figures["errors"]:
            raise VoidError(f"{figures['errors']:.0f} of {figures['done']:.0f} were wrong")
        seconds, used = time.monotonic() - since, proxy.cpu_seconds() - used
        return figures | {"core_busy": used / seconds, "cpu_us_each": used / figures["done"] * 1e6}

    def http(self, proxy: Proxy) -> Figures:
        """1 KB answers at 64 kept connections."""
        size = self.checked(proxy)
        headers = [word for key, value in self.headers().items() for word in ("-H", f"{key}: {value}")]
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{HTTP_SECONDS}", "-s", str(HERE / "done.lua"), *headers]
        figures = self._ran([*command, f"http://127.0.0.1:{proxy.port}/user/{PERSON}/1k"], proxy)
        if abs(figures["bytes"] / figures["done"] / size - 1) > 0.01:
            raise VoidError(f"answers of {figures['bytes'] / figures['done']:.0f} bytes instead of {size}")
        self.checked(proxy)
        return figures

    def checked(self, proxy: Proxy) -> int:
        """Return the bytes of a whole answer, which is right."""
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        with contextlib.closing(connection):
            try:
                connection.request("GET", f"/user/{PERSON}/1k", headers=self.headers())
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise VoidError(f"no answer: {error}") from error
            if (answer.status, body) != (200, BODY):
                raise VoidError(f"answered {answer.status}")
            lines = [
                f"HTTP/1.1 {answer.status} {answer.reason}",
                *(f"{key}: {value}" for key, value in answer.getheaders()),
            ]
            return sum(len(line) + 2 for line in lines) + 2 + len(BODY)

    def _upgrade(self) -> str:
        return self._head(f"/user/{PERSON}/socket", self.headers(Origin=f"http://{self.host}", **UPGRADE))

    def sockets(self, proxy: Proxy) -> Figures:
        """Echo at 50 WebSockets, one message on its way on each."""
        return self._ran(self._command("ws", proxy, SOCKETS, SOCKET_SECONDS, self._upgrade()), proxy)

    def download(self, proxy: Proxy) -> Figures:
        """Answers of 200 MB, one after another, because one takes a tenth of a second; MB per second."""
        command = self._command("big", proxy, 1, 0, self._head(f"/user/{PERSON}/big", self.headers()))
        runs = [self._ran(command, proxy) for _ in range(DOWNLOADS)]
        return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}

    def new(self, proxy: Proxy) -> Figures:
        """A connection for every request."""
        head = self._head(f"/user/{PERSON}/1k", self.headers(Connection="close"))
        return self._ran(self._command("new", proxy, CONNECTIONS, NEW_SECONDS, head), proxy)

    def memory(self, proxy: Proxy) -> Figures:
        """Resident kB for each of 9,000 idle WebSockets."""
        before = proxy.resident_bytes()
        command = self._command("idle", proxy, IDLE_SOCKETS, 0, self._upgrade())
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            opened = process.stdout.readline() == "open\n"
            grown = proxy.resident_bytes() - before
            ended = json.loads(process.communicate(timeout=120)[0] or "{}")
        if not opened or ended.get("errors") != 0 or ended["done"] != IDLE_SOCKETS:
            raise VoidError(f"{IDLE_SOCKETS} WebSockets did not stay open")
        return {"kb_each": grown / 1e3 / IDLE_SOCKETS, "before_mb": before / 1e6}


def check_rules(proxy: Proxy, load: Load, broker: FakeBroker) -> None:
    """Make sure that what is measured has session, owner and activity; RuntimeError when one is off."""
    wanted = {load.cookie: 200, "shiva-session=forged": 401}
    paths = [(cookie, f"/user/{PERSON}/1k", status) for cookie, status in wanted.items()]
    for cookie, path, status in [*paths, (load.cookie, "/user/grace/1k", 403)]:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=load.headers(Cookie=cookie))
            answered = connection.getresponse().status
        if answered != status:
            raise RuntimeError(f"{path} was answered {answered} instead of {status}: this would measure something else")
    deadline = time.monotonic() + 20
    while not broker.last_access:
        if time.monotonic() > deadline:
            raise RuntimeError("no access was reported to the broker")
        time.sleep(0.1)


@contextlib.contextmanager
def compiled(folder: Path) -> Iterator[tuple[Path, str]]:
    """Compile both ends; give the load program, and the upstream's HOST:PORT while it runs."""
    for name in ("load", "upstream"):
        subprocess.run(["cc", "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)
    with subprocess.Popen([folder / "upstream"], stdout=subprocess.PIPE, text=True) as upstream:
        assert upstream.stdout is not None
        try:
            yield folder / "load", f"127.0.0.1:{upstream.stdout.readline().strip()}"
        finally:
            upstream.terminate()
