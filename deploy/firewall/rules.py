"""The rules, as one text for `nft -f`: applied as a whole or not at all, and twice is the same as once.

A table of our own: the engine, whatever its version and its way to the kernel, neither reads nor flushes it. Its chains come
before the engine's. A drop or refusal here is final; what is accepted here still has to pass the engine's own rules.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from deploy.firewall.config import Firewall, Network

# Neither the internet nor ours to reach: this host, private, shared, link-local (metadata services), benchmark, multicast, reserved.
CLOSED_4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
# The same, and every form in which an IPv6 address carries an IPv4 one.
CLOSED_6 = (
    "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fc00::/7", "fe80::/10",
    "fec0::/10", "ff00::/8",
)  # fmt: skip

TEMPLATE = """\
# Written by `python -m deploy.firewall`; apply with `nft -f`. Change the configuration, not this file.
table inet shiva
delete table inet shiva
table inet shiva {{
{sets}

	# What containers may reach although it is near: name servers, and what the configuration allows.
	chain open {{
{open}
	}}

	chain leaving {{
{family}		ct state established,related accept
		ct state invalid counter drop
		jump open
		meta l4proto {{ tcp, udp }} th dport 53 counter {refuse}
{closed}
	}}

	# Published ports, after the engine has turned them into a container's address; and that address itself.
	chain arriving {{
{family}		ct state established,related accept
{door}
		counter drop
	}}

	chain to_host {{
{family}		ct state established,related accept
{neighbours}		jump open
		counter {refuse}
	}}

	# Published ports that a process of the engine serves, not the kernel.
	chain published {{
		iifname "lo" accept
		ct state established,related accept
{door}
		counter drop
	}}

	chain forward {{
		type filter hook forward priority -10; policy accept;
		iifname @bridges oifname @bridges counter drop
		iifname @bridges jump leaving
		oifname @bridges jump arriving
	}}

	chain input {{
		type filter hook input priority -10; policy accept;
		iifname @bridges jump to_host
		meta l4proto {{ tcp, udp }} th dport {ports} jump published
	}}
}}
"""
NO_IPV6 = "\t\tmeta nfproto ipv6 counter drop\n"
REFUSE = "reject with icmpx admin-prohibited"  # to our own people: a program is told at once, and need not wait in vain
NEIGHBOURS = "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"


FAMILIES = {4: ("ip", "ipv4_addr"), 6: ("ip6", "ipv6_addr")}


def render(firewall: Firewall) -> str:
    """Return the text for `nft -f`. The order of the configuration's lists changes nothing."""
    versions = (4, 6) if firewall.ipv6 else (4,)
    networks: dict[str, Iterable[Network]] = {
        "door": firewall.door,
        "resolvers": [ip_network(each) for each in firewall.resolvers],
        "closed": [*map(ip_network, CLOSED_4 + CLOSED_6), *firewall.control],
    }
    sets = [_addresses(name, version, networks[name]) for name in networks for version in versions]
    near = [
        f"{_to(version)} @resolvers{version} meta l4proto {{ tcp, udp }} th dport 53 accept" for version in versions
    ]
    near += sorted(
        {f"{_to(each.network.version)} {each.network} tcp dport {each.port} accept" for each in firewall.allowed}
    )
    closed = [f"{_to(version)} @closed{version} counter {REFUSE}" for version in versions]
    return TEMPLATE.format(
        sets="\n".join([_bridges(firewall.bridges), *sets]),
        open=_lines(near),
        closed=_lines(closed if firewall.internet else [f"counter {REFUSE}"]),
        door=_lines([f"{FAMILIES[version][0]} saddr @door{version} accept" for version in versions]),
        refuse=REFUSE,
        family="" if firewall.ipv6 else NO_IPV6,
        neighbours=NEIGHBOURS if firewall.ipv6 else "",
        ports="{}-{}".format(*firewall.ports),
    )


def _to(version: int) -> str:
    return f"{FAMILIES[version][0]} daddr"


def _lines(rules: Iterable[str]) -> str:
    return "\n".join(f"\t\t{each}" for each in rules)


def _bridges(names: Iterable[str]) -> str:
    quoted = ", ".join(f'"{each}"' for each in sorted(set(names)))
    return f"\tset bridges {{ type ifname; elements = {{ {quoted} }}; }}"


def _addresses(name: str, version: int, networks: Iterable[Network]) -> str:
    """Return one set of one family; what overlaps is merged, as nft demands."""
    found = ", ".join(_merged(each for each in networks if each.version == version))
    elements = f" elements = {{ {found} }};" if found else ""
    return f"\tset {name}{version} {{ type {FAMILIES[version][1]}; flags interval;{elements} }}"


def _merged(networks: Iterable[Network]) -> list[str]:
    given = list(networks)
    four = [each for each in given if isinstance(each, IPv4Network)]
    six = [each for each in given if isinstance(each, IPv6Network)]
    return [str(each) for each in (*collapse_addresses(four), *collapse_addresses(six))]
