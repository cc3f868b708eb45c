"""Who may reach containers, and what containers may reach, as an operator writes it down: one JSON object."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Ports = tuple[int, int]  # first and last
BRIDGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")  # what the kernel takes, and no wildcard of nft
PORTS = re.compile(r"(\d{1,5})-(\d{1,5})")
DESTINATION = re.compile(r"(?:\[([^\]]+)\]|([^\[\]:]+)):(\d{1,5})")


class ConfigError(Exception):
    """The configuration cannot be used; the message says why, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One TCP port of one address or network."""

    network: Network
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """What the rules are made of. Private, link-local and multicast networks need no naming: they are closed anyway."""

    door: tuple[Network, ...]  # who may reach containers: the door and the broker
    resolvers: tuple[Address, ...]  # the only name servers
    control: tuple[Network, ...] = ()  # closed although public: control plane, machines
    allowed: tuple[Destination, ...] = ()  # open although private: mirrors, the public URL
    bridges: tuple[str, ...] = ("shiva0",)
    ports: Ports = (31000, 32000)
    internet: bool = True
    ipv6: bool = False


def read(text: str) -> Firewall:
    """Return the configuration that `text` holds.

    Raises:
        ConfigError: it is not one JSON object of known fields with usable values.
    """
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"This is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise ConfigError("One JSON object is expected, with the fields that deploy/README.md lists.")
    if unknown := sorted(given.keys() - FIELDS.keys()):
        raise ConfigError(f"There is no field {_quoted(unknown)}; the fields are {_quoted(FIELDS)}.")
    if absent := [name for name in ("door", "resolvers") if not given.get(name)]:
        raise ConfigError(f"{_quoted(absent)} must name somebody: {MEANING[absent[0]]}.")
    firewall = Firewall(**{name: FIELDS[name](name, value) for name, value in given.items()})
    _check_families(firewall)
    return firewall


MEANING = {
    "door": "the addresses of the door and the broker, or nobody reaches a notebook",
    "resolvers": "the addresses of the name servers, or no container finds a package mirror",
}


def _strings(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f"`{name}` must be a list of strings.")
    return value


def _networks(name: str, value: object) -> tuple[Network, ...]:
    return tuple(_network(name, each) for each in _strings(name, value))


def _network(name: str, text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ConfigError(f"`{name}` has “{text}”, which is no address and no network: {error}.") from error
    if network.prefixlen == 0:
        raise ConfigError(f"`{name}` has “{text}”, which is everybody. Name the addresses that are meant.")
    return network


def _resolvers(name: str, value: object) -> tuple[Address, ...]:
    return tuple(_resolver(name, each) for each in _strings(name, value))


def _resolver(name: str, text: str) -> Address:
    try:
        address = ip_address(text)
    except ValueError as error:
        raise ConfigError(f"`{name}` has “{text}”, which is no address: {error}.") from error
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        raise ConfigError(
            f"`{name}` has “{text}”, which containers cannot reach. Name the server behind it (`resolvectl dns`)."
        )
    return address


def _destinations(name: str, value: object) -> tuple[Destination, ...]:
    return tuple(_destination(name, each) for each in _strings(name, value))


def _destination(name: str, text: str) -> Destination:
    parts = DESTINATION.fullmatch(text)
    if parts is None:
        raise ConfigError(f"`{name}` has “{text}”: write address:port, as in 10.0.0.8:443 or [fd00::8]:443.")
    return Destination(network=_network(name, parts[1] or parts[2]), port=_port(name, parts[3]))


def _port(name: str, text: str) -> int:
    if not 1 <= int(text) <= 65535:
        raise ConfigError(f"`{name}` has port {text}; ports go from 1 to 65535.")
    return int(text)


def _ports(name: str, value: object) -> Ports:
    parts = PORTS.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        raise ConfigError(f"`{name}` must be the first and the last port, as in “31000-32000”.")
    first, last = _port(name, parts[1]), _port(name, parts[2])
    if first > last:
        raise ConfigError(f"`{name}` ends before it begins: “{value}”.")
    return first, last


def _bridges(name: str, value: object) -> tuple[str, ...]:
    bridges = tuple(_strings(name, value))
    if wrong := [each for each in bridges if not BRIDGE.fullmatch(each) or each == "lo"]:
        raise ConfigError(f"`{name}` has {_quoted(wrong)}, which is no name of a bridge, as shiva0 is.")
    if not bridges:
        raise ConfigError(f"`{name}` is empty: no container would be held back. Leave it out for shiva0.")
    return bridges


def _switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"`{name}` must be true or false.")
    return value


FIELDS: dict[str, Callable[[str, object], Any]] = {
    "door": _networks, "resolvers": _resolvers, "control": _networks, "allowed": _destinations,
    "bridges": _bridges, "ports": _ports, "internet": _switch, "ipv6": _switch,
}  # fmt: skip


def _check_families(firewall: Firewall) -> None:
    """Refuse addresses that no rule would ever meet."""
    opened = [*firewall.door, *firewall.resolvers, *(each.network for each in firewall.allowed)]
    if not firewall.ipv6 and (lost := [str(each) for each in opened if each.version == 6]):
        raise ConfigError(f"{_quoted(lost)} would be closed like all IPv6. Set `ipv6` to true, or leave it out.")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{each}”" for each in names)
