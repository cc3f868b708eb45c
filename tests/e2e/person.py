"""A person with a cookie, at the door: no browser, the same requests."""

import json
import time
import uuid
from contextlib import AbstractContextManager
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.fakes.proxy_process import hidden

PENDING = {"pending", "pulling", "booting", "stopping"}


class Person:
    """Logs in by name and acts through the door alone."""

    def __init__(self, address: str, name: str) -> None:
        """Log in at `address` (with a slash at its end)."""
        self.name = name
        self.address = address
        self.session = requests.Session()
        self.session.headers["Origin"] = address.rstrip("/")
        page = self.session.get(f"{address}-/login", timeout=10)
        form = {"csrf_token": hidden(page.content), "name": name, "next": "/"}
        answer = self.session.post(f"{address}-/login", data=form, allow_redirects=False, timeout=10)
        assert answer.status_code in {302, 303}, answer.text
        self.session.headers["X-CSRF-Token"] = self.api("GET", "me").json()["csrf_token"]

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET a path of the door."""
        return self.session.get(self.address + path.lstrip("/"), **{"timeout": 10, "allow_redirects": False} | options)

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call the manager through the door."""
        return self.session.request(method, f"{self.address}api/v1/{path}", **{"timeout": 20} | options)

    def start(self, **wish: object) -> dict[str, Any]:
        """Start the default container and wait until it is ready."""
        answer = self.api("POST", "containers", json=wish)
        assert answer.status_code in {200, 201}, answer.text
        container = answer.json()
        deadline = time.monotonic() + 60
        while container["state"] in PENDING and time.monotonic() < deadline:
            time.sleep(0.05)
            container = self.api("GET", f"containers/{container['id']}").json()
        assert container["state"] == "ready", container
        return dict(container)

    def stop(self, container_id: str) -> None:
        """Stop it and wait until it is gone."""
        assert self.api("DELETE", f"containers/{container_id}").status_code == 204
        deadline = time.monotonic() + 20
        while self.api("GET", f"containers/{container_id}").status_code != 404:
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.1)

    def socket(self, path: str) -> AbstractContextManager[ClientConnection]:
        """Open a WebSocket through the door, without pings of its own."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        return connect(
            self.address.replace("http", "ws", 1) + path.lstrip("/"),
            origin=Origin(self.address.rstrip("/")),
            additional_headers={"Cookie": cookies},
            open_timeout=10,
            ping_interval=None,
            max_size=None,
        )

    def kernel(self, base: str) -> str:
        """Start a kernel and return its id; `base` is the container's URL."""
        answer = self.session.post(
            self.address + base.lstrip("/") + "api/kernels", json={"name": "python3"}, timeout=30
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def channels(self, base: str, kernel: str) -> AbstractContextManager[ClientConnection]:
        """Open the kernel's WebSocket."""
        return self.socket(f"{base}api/kernels/{kernel}/channels")


def execute(channel: ClientConnection, code: str) -> str:
    """Send a cell and return the id of its message."""
    message = uuid.uuid4().hex
    header = {"msg_id": message, "msg_type": "execute_request", "username": "", "session": message, "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    channel.send(
        json.dumps(
            {
                "header": header,
                "parent_header": {},
                "metadata": {},
                "content": content,
                "channel": "shell",
                "buffers": [],
            }
        )
    )
    return message


def result(channel: ClientConnection, message: str, *, timeout: float = 30) -> str:
    """Return the text of a cell's result; an error of the cell fails."""
    deadline = time.monotonic() + timeout
    while True:
        frame = channel.recv(timeout=max(0.1, deadline - time.monotonic()))
        answer = json.loads(frame)
        if answer["parent_header"].get("msg_id") != message:
            continue
        assert answer["msg_type"] != "error", answer["content"]
        if answer["msg_type"] == "execute_result":
            return str(answer["content"]["data"]["text/plain"])


def evaluate(channel: ClientConnection, code: str, *, timeout: float = 30) -> str:
    """Run a cell and return its result's text."""
    return result(channel, execute(channel, code), timeout=timeout)
