"""Container, volumes, secrets and environment as Marathon validates them."""

from collections.abc import Iterator
from typing import Any

from tests.marathon_simulator.rules.policy import App, Objections, Policy, docker_engine


def objections(app: App, policy: Policy) -> Objections:
    """Yield what is wrong inside the container, and with what it is given."""
    if "container" in app:
        yield from _engine(app["container"])
        for index, volume in enumerate(app["container"]["volumes"]):
            yield from _volume(volume, f"/container/volumes({index})", app, policy)
        yield from _names(app)
    if app.get("secrets") and (objection := policy.off("secrets")):
        yield "/secrets", objection
    yield from _environment(app)


def _engine(container: dict[str, Any]) -> Objections:
    docker = container.get("docker")
    if container["type"] == "DOCKER":
        if docker is None:
            yield "/container/docker", "not defined"
        elif "pullConfig" in docker:
            yield "/container/docker/pullConfig", "pullConfig is not supported with Docker containerizer"
    elif docker and docker["parameters"]:
        yield "/container/docker/parameters", "must be empty"
    ipc = container.get("linuxInfo", {}).get("ipcInfo", {})
    if ipc.get("mode") == "SHARE_PARENT" and "shmSize" in ipc:
        yield "/container/linuxInfo/ipcInfo", "ipcInfo shmSize can NOT be set when mode is SHARE_PARENT"
    seccomp = container.get("linuxInfo", {}).get("seccomp")
    if seccomp is not None and ("profileName" in seccomp) == bool(seccomp.get("unconfined")):
        yield "/container/linuxInfo/seccomp", "Seccomp configuration must be either a profileName or unconfined"


def _volume(volume: dict[str, Any], at: str, app: App, policy: Policy) -> Objections:
    if "persistent" in volume:
        yield from _persistent(volume, at)
    if "external" in volume and (objection := policy.off("external_volumes")):
        yield at, objection
    if volume.get("external", {}).get("provider") == "dvdi" and app.get("instances", 1) > 1:
        yield "/", f"Number of instances is limited to 1 when declaring DVDI volumes in app [{app.get('id')}]"
    if "secret" in volume and volume["secret"] not in app.get("secrets", {}):
        yield at, "volume.secret must refer to an existing secret"


def _persistent(volume: dict[str, Any], at: str) -> Objections:
    persistent = volume["persistent"]
    if "/" in volume["containerPath"]:
        yield f"{at}/containerPath", 'value must not contain "/"'
    if volume["containerPath"] in (".", ".."):
        yield f"{at}/containerPath", "value must not be '.' or '..'"
    if volume["mode"] != "RW":
        yield f"{at}/mode", f"got {volume['mode']}, expected RW"
    if persistent["type"] == "root" and persistent.get("constraints"):
        yield f"{at}/persistent/constraints", "Constraints on root volumes are not supported"
    if persistent["type"] != "mount" and "maxSize" in persistent:
        yield f"{at}/persistent/maxSize", "Only mount volumes can have maxSize"


def _names(app: App) -> Objections:
    volumes = app["container"]["volumes"]
    names = [each["external"]["name"] for each in volumes if "external" in each]
    if len(set(names)) != len(names):
        yield "/container/volumes", "Volume names must be unique"
    pull = app["container"].get("docker", {}).get("pullConfig")
    if pull and not docker_engine(app) and pull["secret"] not in app.get("secrets", {}):
        yield "/container/docker/pullConfig", "pullConfig.secret must refer to an existing secret"


def _environment(app: App) -> Iterator[tuple[str, str]]:
    for index, (name, value) in enumerate(app.get("env", {}).items()):
        if not name:
            yield f"/env/keys({index})", "must not be empty"
        if isinstance(value, dict) and value["secret"] not in app.get("secrets", {}):
            yield f"/env/{name}/secret", "references an undefined secret"
