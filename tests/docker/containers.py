"""Containers of `shiva-fake` for tests, and what this machine sees of them."""

import contextlib
import http.client
import json
import os
from pathlib import Path
from typing import Any

from tests.fakes.engines.engine import Engine
from tests.fakes.engines.image import tag

PREFIX = "/user/ada/"
TOKEN = "t" * 32
PORT = 31000


def notebook(
    engine: Engine, folder: Path, *options: str, behaviour: str = "1", port: int = PORT, network: str = "shiva"
) -> str:
    """Start a container with its token, published at `port` of the machine; return its id."""
    run = folder / f"run-{engine.name}-{port}"
    run.mkdir(mode=0o700)
    token = run / "token"
    token.write_text(TOKEN, encoding="ascii")
    token.chmod(0o400)
    for path in (run, token):
        os.chown(path, engine.base_uid, engine.base_uid)
    mount = f"type=bind,src={run},dst=/run/shiva,readonly"
    net = ("--network", network, "--publish", f"{engine.address}:{port}:8888")
    return engine.docker(
        "run", "--detach", "--env", f"SHIVA_PREFIX={PREFIX}", "--mount", mount, *net, *options, tag(behaviour)
    )


def status(engine: Engine, *, token: str = TOKEN, port: int = PORT) -> int:
    """Return what the container's `api/status` answers to this machine; 0 when nobody answers."""
    connection = http.client.HTTPConnection(engine.address, port, timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", f"{PREFIX}api/status", headers={"Authorization": f"token {token}"})
        return connection.getresponse().status
    return 0


def state(engine: Engine, container: str) -> dict[str, Any]:
    """Return the engine's `State` of a container."""
    found: dict[str, Any] = json.loads(engine.docker("inspect", "--format", "{{json .State}}", container))
    return found
