"""Where a container may be: never this machine itself, its neighbours by chance, or a service of ours, unless configured."""

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Which addresses a route may lead to."""

    allowed: tuple[Network, ...]  # although they are loopback, link-local or the like
    control: frozenset[tuple[str, int]]  # host and port of our own services: never

    def refuses(self, host: str, port: int) -> bool:
        """Whether no container may be at this address. A name that is no address is judged when it is resolved."""
        if (host, port) in self.control:
            return True
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self.allowed if network.version == address.version):
            return False
        special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
        return special or address.is_reserved


def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Read networks as `10.0.0.0/8`; ValueError when one is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)
