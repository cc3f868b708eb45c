"""A real JupyterHub in a folder and on ports of its own, whose proxy is the standalone door."""

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.e2e.running import eventually

START_SECONDS = 60.0
SPAWN_SECONDS = 60.0
BIN = Path(sys.executable).parent
CONFIG = """
import os, sys
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.auth_token = {proxy_token!r}
c.ConfigurableHTTPProxy.should_start = {starts_proxy}
c.ConfigurableHTTPProxy.command = [{command!r}, "--standalone"]
c.JupyterHub.last_activity_interval = 1
c.JupyterHub.cleanup_servers = True
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/home-{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [{{
    "name": "test", "services": ["test"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers", "proxy"],
}}]
"""
INNER_TLS = """
c.JupyterHub.internal_ssl = True
c.JupyterHub.internal_certs_location = os.path.join(os.getcwd(), "internal-ssl")
c.ConfigurableHTTPProxy.api_url = c.ConfigurableHTTPProxy.api_url.replace("http:", "https:")
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_bind_url.replace("http:", "https:")
"""


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@dataclass(slots=True, kw_only=True)
class Hub:
    """Where everything is, and who may ask."""

    folder: Path
    public: int
    hub: int
    api: int
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    proxy_token: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def address(self) -> str:
        """Return the public address, with a slash at its end."""
        return f"http://127.0.0.1:{self.public}/"

    def routes(self) -> dict[str, dict[str, Any]]:
        """Return the proxy's table."""
        url = f"http://127.0.0.1:{self.api}/api/routes"
        answer = requests.get(url, headers={"Authorization": f"token {self.proxy_token}"}, timeout=10)
        return dict(answer.json())

    def add_route(self, path: str, target: str) -> None:
        """Add a route that is none of the Hub's."""
        url = f"http://127.0.0.1:{self.api}/api/routes{path}"
        body = json.dumps({"target": target})
        headers = {"Authorization": f"token {self.proxy_token}"}
        assert requests.post(url, data=body, headers=headers, timeout=10).status_code == 201

    def server(self, name: str) -> dict[str, Any]:
        """Return what the Hub knows of a person's server; empty when it has none."""
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.get(f"{self.address}hub/api/users/{name}", headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["servers"].get("", {}))

    @contextlib.contextmanager
    def running(self, *, starts_proxy: bool, more: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Run the Hub with `more` configuration, and end it and its servers afterwards."""
        config = CONFIG.format(
            public=self.public, hub=self.hub, api=self.api, token=self.token, proxy_token=self.proxy_token,
            starts_proxy=starts_proxy, command=str(BIN / "shiva-jupyter-proxy"), folder=str(self.folder),
        )  # fmt: skip
        (self.folder / "jupyterhub_config.py").write_text(config + more)
        with self._process("hub", [str(BIN / "jupyterhub")]) as process:
            eventually(self._answers, seconds=START_SECONDS, what="the Hub answers")
            yield process

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}hub/api/", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    @contextlib.contextmanager
    def proxy(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a proxy that the Hub did not start."""
        command = [str(BIN / "shiva-proxy"), "--ip", "127.0.0.1", "--port", str(self.public)]
        command += ["--api-ip", "127.0.0.1", "--api-port", str(self.api)]
        command += ["--error-target", f"http://127.0.0.1:{self.hub}/hub/error"]
        with self._process("proxy", command, CONFIGPROXY_AUTH_TOKEN=self.proxy_token) as process:
            eventually(lambda: _listens(self.public) and _listens(self.api), seconds=10, what="both ports accept")
            yield process

    def culler(self, timeout_seconds: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Run JupyterHub's own culler, once a second."""
        command = [str(BIN / "jupyterhub-idle-culler"), f"--timeout={timeout_seconds}", "--cull-every=1"]
        url = f"http://127.0.0.1:{self.hub}/hub/api"
        return self._process("culler", command, JUPYTERHUB_API_TOKEN=self.token, JUPYTERHUB_API_URL=url)

    @contextlib.contextmanager
    def _process(self, name: str, command: list[str], **environ: str) -> Iterator[subprocess.Popen[bytes]]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "CONFIGPROXY"))}
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, stdout=output, stderr=output, env=inherited | environ, start_new_session=True
            )
        try:
            yield process
        except BaseException:
            print(f"--- {name}\n{log.read_text('utf-8', 'replace')[-6000:]}")
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


class Person:
    """Somebody with a browser's cookies."""

    def __init__(self, hub: Hub, name: str) -> None:
        """Log in by the Hub's own form."""
        self.address = hub.address
        self.name = name
        self.session = requests.Session()
        form = self.session.get(f"{self.address}hub/login", timeout=20)
        xsrf = re.search(r'name="_xsrf" value="([^"]*)"', form.text)
        assert xsrf is not None, form.text
        data = {"username": name, "password": "x", "_xsrf": xsrf[1]}
        answer = self.session.post(f"{self.address}hub/login", data=data, allow_redirects=False, timeout=20)
        assert answer.status_code == 302, answer.text

    def url(self, path: str) -> str:
        """Return the address of a path of the own server."""
        return f"{self.address}user/{self.name}/{path}"

    def spawn(self) -> list[str]:
        """Start the server and return the messages of its progress as the Hub streamed them."""
        self.session.get(f"{self.address}hub/spawn/{self.name}", timeout=SPAWN_SECONDS)
        url = f"{self.address}hub/api/users/{self.name}/server/progress"
        messages = []
        headers = {"X-XSRFToken": self._xsrf(url), "Referer": f"{self.address}hub/spawn-pending/{self.name}"}
        with self.session.get(url, headers=headers, stream=True, timeout=SPAWN_SECONDS) as stream:
            assert stream.status_code == 200, stream.text
            for line in stream.iter_lines(decode_unicode=True):
                if line.startswith("data:"):
                    messages.append(json.loads(line.removeprefix("data:")))
                    if messages[-1].get("ready"):
                        break
        assert messages, "no progress came"
        assert messages[-1].get("ready"), messages
        landed = self.session.get(self.url("lab"), timeout=SPAWN_SECONDS)
        assert landed.status_code == 200, landed.text
        return [message["message"] for message in messages]

    def _cookies(self, url: str) -> str:
        return str(self.session.prepare_request(requests.Request("GET", url)).headers.get("Cookie", ""))

    def _xsrf(self, url: str) -> str:
        found = re.search(r'_xsrf="?([^";]+)', self._cookies(url))
        return found[1] if found else ""

    def kernel(self) -> str:
        """Start a kernel and return its id."""
        url = self.url("api/kernels")
        answer = self.session.post(url, json={"name": "python3"}, headers={"X-XSRFToken": self._xsrf(url)}, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def channels(self, kernel: str) -> AbstractContextManager[ClientConnection]:
        """Open a kernel's WebSocket with the browser's cookies."""
        url = self.url(f"api/kernels/{kernel}/channels")
        return connect(
            url.replace("http", "ws", 1),
            origin=Origin(self.address.rstrip("/")),
            additional_headers={"Cookie": self._cookies(url)},
            open_timeout=10,
            ping_interval=None,
            max_size=None,
        )

    def stop(self) -> None:
        """Stop the server as the Hub's page does."""
        url = f"{self.address}hub/api/users/{self.name}/server"
        answer = self.session.delete(
            url, headers={"X-XSRFToken": self._xsrf(url), "Referer": f"{self.address}hub/home"}, timeout=30
        )
        assert answer.status_code in {202, 204}, answer.text


def standing(folder: Path) -> Hub:
    """Return a Hub that is to stand in `folder`."""
    public, hub, api = free_ports(3)
    return Hub(folder=folder, public=public, hub=hub, api=api)
