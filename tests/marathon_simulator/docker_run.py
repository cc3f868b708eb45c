"""The `docker run` of Mesos' Docker containerizer: arguments and environment from an app definition."""

import re
from collections.abc import Iterator, Sequence

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.engine import Order
from tests.marathon_simulator.instances import Instance
from tests.marathon_simulator.rules.policy import App

SANDBOX = "/mnt/mesos/sandbox"
NETWORKS = {"host": "host", "container/bridge": "bridge"}


def order_of(instance: Instance, agent: Agent, extra: Sequence[tuple[str, str]] = ()) -> Order:
    """Return what the agent is told to run."""
    return Order(
        task_id=instance.task_id, container=instance.container, app=instance.app, hostname=agent.hostname, address=agent.address or agent.hostname,
        ports=tuple(instance.ports), environment=dict(_environment(instance, agent)) | dict(extra),
    )  # fmt: skip


def ports_of(app: App) -> list[dict[str, object]]:
    """Return an app's port mappings, or its port definitions."""
    if app["networks"][0]["mode"] == "host":
        return list(app["portDefinitions"])
    return list(app["container"]["portMappings"])


def host_ports_wanted(app: App) -> list[int]:
    """Return the host ports to be found in an offer: a number, or 0 for any. Unpublished mappings want none."""
    if app["networks"][0]["mode"] == "host":
        return [each["port"] if app["requirePorts"] else 0 for each in app["portDefinitions"]]
    return [each["hostPort"] for each in app["container"]["portMappings"] if "hostPort" in each]


def _environment(instance: Instance, agent: Agent) -> Iterator[tuple[str, str]]:
    app = instance.app
    for key, value in app.get("env", {}).items():
        if isinstance(value, str):
            yield key, value
    yield "MARATHON_APP_ID", app["id"]
    yield "MARATHON_APP_VERSION", app["version"]
    for name in ("cpus", "mem", "disk", "gpus"):
        yield f"MARATHON_APP_RESOURCE_{name.upper()}", str(app[name] if name == "gpus" else float(app[name]))
    if "docker" in app.get("container", {}):
        yield "MARATHON_APP_DOCKER_IMAGE", app["container"]["docker"]["image"]
    yield from _labels(app["labels"])
    yield "HOST", agent.hostname
    yield "MESOS_TASK_ID", instance.task_id
    yield "MESOS_SANDBOX", SANDBOX
    yield "MESOS_CONTAINER_NAME", f"mesos-{instance.container}"
    yield from _ports(app, instance.ports)


def _labels(labels: dict[str, str]) -> Iterator[tuple[str, str]]:
    told = {
        re.sub(r"[^A-Z0-9_]", "_", key.upper()): value
        for key, value in labels.items()
        if len(key) < 493 and len(value) < 512
    }
    yield "MARATHON_APP_LABELS", " ".join(told)
    for key, value in told.items():
        yield f"MARATHON_APP_LABEL_{key}", value


def _ports(app: App, host_ports: Sequence[int]) -> Iterator[tuple[str, str]]:
    if not host_ports:
        return
    yield "PORT", str(host_ports[0])
    yield "PORTS", ",".join(str(port) for port in host_ports)
    declared = [each for each in ports_of(app) if "hostPort" in each or "port" in each]
    for index, (port, each) in enumerate(zip(host_ports, declared, strict=False)):
        yield f"PORT{index}", str(port)
        yield f"PORT_{each.get('containerPort') or each.get('port') or port}", str(port)
        if name := str(each.get("name", "")):
            yield f"PORT_{name.upper().replace('-', '_')}", str(port)


def arguments(order: Order, *, sandbox: str = "") -> list[str]:
    """Return everything after `docker run`, in Mesos' order: own options, name, parameters, image, command.

    `sandbox` is the task's folder on the machine; where tasks run in memory there is none.
    """
    app = order.app
    docker = app["container"]["docker"]
    return [
        *_resources(app),
        *[part for key, value in order.environment.items() for part in ("-e", f"{key}={value}")],
        *_volumes(app),
        *(["-v", f"{sandbox}:{SANDBOX}"] if sandbox else []),
        "--net", str(app["networks"][0].get("name") or NETWORKS.get(app["networks"][0]["mode"], "bridge")),
        *_published(order),
        *(["--entrypoint", "/bin/sh"] if "cmd" in app else []),
        "--name", f"mesos-{order.container}",
        *[f"--{each['key']}={each['value']}" for each in docker["parameters"]],
        f"--label=MESOS_TASK_ID={order.task_id}",
        docker["image"],
        *(["-c", app["cmd"]] if "cmd" in app else app.get("args", [])),
    ]  # fmt: skip


def _resources(app: App) -> Iterator[str]:
    limits = app.get("resourceLimits", {})
    if app["container"]["docker"]["privileged"]:
        yield "--privileged"
    yield from ("--cpu-shares", str(max(2, int(1024 * app["cpus"]))))
    if isinstance(limits.get("cpus"), int | float):
        yield from ("--cpu-quota", str(int(limits["cpus"] * 100_000)))
    request = max(32, int(app["mem"])) * 2**20
    if "mem" not in limits:
        yield from ("--memory", str(request))
        return
    yield from ("--memory-reservation", str(request))
    if limits["mem"] != "unlimited":
        yield from ("--memory", str(int(limits["mem"]) * 2**20))


def _volumes(app: App) -> Iterator[str]:
    for volume in app["container"]["volumes"]:
        if "hostPath" in volume:
            inside = volume["containerPath"]
            inside = inside if inside.startswith("/") else f"{SANDBOX}/{inside}"
            yield from ("-v", f"{volume['hostPath']}:{inside}:{volume['mode'].lower()}")


def _published(order: Order) -> Iterator[str]:
    mappings = order.app["container"].get("portMappings", [])
    published = [each for each in mappings if "hostPort" in each]
    for each, host in zip(published, order.ports if published else (), strict=True):
        for protocol in each["protocol"].split(","):
            yield from ("-p", f"{host}:{each['containerPort'] or host}/{protocol}")
