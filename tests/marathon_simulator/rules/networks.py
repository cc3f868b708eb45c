"""Networks and ports as Marathon validates them, after the translation of deprecated members."""

from collections.abc import Sequence
from typing import Any

from tests.marathon_simulator.rules.policy import App, Objections, Policy, docker_engine


def objections(app: App, policy: Policy) -> Objections:
    """Yield what is wrong with networks and ports."""
    networks = app.get("networks", [])
    modes = [each["mode"] for each in networks]
    names = [each["name"] for each in networks if "name" in each]
    yield from _modes(networks, modes)
    if len(set(names)) != len(names):
        yield "/networks", "Duplicate networks are not allowed"
    unnamed = [each for each in networks if each["mode"] == "container" and "name" not in each]
    if unnamed and policy.default_network_name is None:
        yield "/networks", "Network name must be specified when container network is selected."
    if docker_engine(app) and modes.count("container") > 1:
        yield "/", "may only specify a single container network when using the Docker container engine"
    yield from _mappings(app, names)
    yield from _definitions(app.get("portDefinitions", []))


def _modes(networks: Sequence[App], modes: Sequence[str]) -> Objections:
    alone = len(modes) == 1 or set(modes) <= {"container"}
    if not alone:
        yield "/networks", "May specify a single host network, single bridge network, or else 1-to-n container networks"
    for each in networks:
        if each["mode"] == "host" and (each.get("name") or each.get("labels")):
            yield "/networks", "Host networks may not have names or labels"
        if each["mode"] == "container/bridge" and each.get("name"):
            yield "/networks", "Bridge networks may not have names"


def _mappings(app: App, names: Sequence[str]) -> Objections:
    mappings: list[dict[str, Any]] = app.get("container", {}).get("portMappings", [])
    if _repeats([each["name"] for each in mappings if "name" in each]):
        yield "/container/portMappings", "Port names must be unique."
    for index, mapping in enumerate(mappings):
        at, wanted = f"/container/portMappings({index})", mapping.get("networkNames", [])
        for place, name in enumerate(wanted):
            if name not in names:
                yield f"{at}/networkNames({place})", f"is not one of ({', '.join(names)})"
        if len(names) > 1 and "hostPort" in mapping and len(wanted) != 1:
            yield (
                at,
                "networkNames must be a single item list when hostPort is specified and more than 1 container network is defined",
            )


def _definitions(definitions: Sequence[App]) -> Objections:
    if _repeats([each["name"] for each in definitions if "name" in each]):
        yield "/portDefinitions", "Port names must be unique."
    if _repeats([each["port"] for each in definitions if each["port"]]):
        yield "/portDefinitions", "Ports must be unique."


def _repeats(values: Sequence[Any]) -> bool:
    return len(set(values)) != len(values)
