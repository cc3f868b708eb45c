"""A client without opinions, and apps to send."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.simulator import MarathonSimulator

T = TypeVar("T")
KEEP_NOTHING = {"minimumHealthCapacity": 0, "maximumOverCapacity": 0}


def agents(count: int = 2, **changes: Any) -> list[Agent]:
    """Return machines gpu-01, gpu-02, …"""
    return [Agent(hostname=f"gpu-{number:02d}", **changes) for number in range(1, count + 1)]


def notebook(app_id: str = "/shiva/ada", **changes: Any) -> dict[str, Any]:
    """Return an app definition as a careful client sends it."""
    container = {
        "type": "DOCKER", "docker": {"image": "shiva-jupyter"}, "portMappings": [{"containerPort": 8888, "hostPort": 0}],
    }  # fmt: skip
    plain = {
        "id": app_id, "cpus": 1, "mem": 512, "networks": [{"mode": "container/bridge"}], "container": container,
        "unreachableStrategy": "disabled", "upgradeStrategy": KEEP_NOTHING, "labels": {"shiva.id": "ada"},
    }  # fmt: skip
    return plain | changes


def call(
    marathon: MarathonSimulator, method: str, path: str, body: Any = None, *, timeout: float = 10, **more: Any
) -> requests.Response:
    """Send one request to the first node."""
    return requests.request(method, marathon.url + path, json=body, timeout=timeout, **more)


def start(marathon: MarathonSimulator, **changes: Any) -> dict[str, Any]:
    """Create an app and return its first task once it runs."""
    app = notebook(**changes)
    assert call(marathon, "POST", "/v2/apps", app).status_code == 201
    return until(lambda: running(marathon, app["id"]))[0]


def tasks(marathon: MarathonSimulator, app_id: str = "/shiva/ada") -> list[dict[str, Any]]:
    """Return an app's tasks."""
    found: list[dict[str, Any]] = call(marathon, "GET", f"/v2/apps{app_id}/tasks").json()["tasks"]
    return found


def running(marathon: MarathonSimulator, app_id: str = "/shiva/ada") -> list[dict[str, Any]]:
    """Return an app's running tasks."""
    return [each for each in tasks(marathon, app_id) if each["state"] == "TASK_RUNNING"]


def deployments(marathon: MarathonSimulator) -> list[dict[str, Any]]:
    """Return what is being deployed."""
    found: list[dict[str, Any]] = call(marathon, "GET", "/v2/deployments").json()
    return found


def settled(marathon: MarathonSimulator) -> bool:
    """Return whether nothing is being deployed."""
    return not deployments(marathon)


def queue(marathon: MarathonSimulator, embed: str = "") -> list[dict[str, Any]]:
    """Return the launch queue."""
    found: list[dict[str, Any]] = call(marathon, "GET", f"/v2/queue{embed}").json()["queue"]
    return found


def until(look: Callable[[], T], seconds: float = 10) -> T:
    """Return the first truthy value of `look`; fail after a while."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.005)
    return found
