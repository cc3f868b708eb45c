"""Two machines with containers, and everything around them that a container must not reach, or must."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docker import scan
from tests.docker.containers import notebook
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.lan import Lan, inside
from tests.fakes.engines.shell import run

ROOT = Path(__file__).resolve().parents[2]
SCAN = Path(scan.__file__).read_text(encoding="utf-8")
PAIR = "198.51.100.0/24"  # of a bridge on machine one; allowed by mistake, and neighbours are apart all the same
PUBLIC, METADATA = "203.0.113.7", "169.254.169.254"
# Marathon, Mesos, ZooKeeper, broker, manager, its database, broker's exporter, Prometheus, Alertmanager, Grafana, registry, engines' API
CONTROL = (8080, 5050, 2181, 8082, 8081, 5432, 9102, 9090, 9093, 3000, 5000, 2375, 2376)
# ssh, engine's API, Mesos agent, exporters, SNMP
MACHINE = (("tcp", 22), ("tcp", 2375), ("tcp", 5051), ("tcp", 9100), ("tcp", 9101), ("udp", 161))
OUTSIDE = {"control": 20, "stranger": 50, "names": 53, "mirror": 60, "internet": 70}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was built; targets are written as `scan` reads them."""

    lan: Lan
    one: Engine
    two: Engine
    mine: str  # a container on machine one, with a neighbour and an address-less published port 31002
    neighbour: str
    far: str  # a container on machine two
    services: list[str]  # all that listens anywhere, as a container on machine one would call it

    @property
    def wanted(self) -> list[str]:
        """Return what containers are to reach."""
        return [f"tcp/{PUBLIC}/80", f"tcp/{self.lan.at(OUTSIDE['mirror'])}/80", "name/mirror.example/0"]

    def config(self, **changes: object) -> str:
        """Return the firewall's configuration for this network."""
        return json.dumps({
            "door": [self.lan.address], "resolvers": [self.lan.at(OUTSIDE["names"])],
            "allowed": [f"{self.lan.at(OUTSIDE['mirror'])}:80", f"{PAIR}:8888"], "bridges": ["shiva0", "shiva1"],
        } | changes)  # fmt: skip


def scanned(engine: Engine, container: str, targets: Sequence[str]) -> list[str]:
    """Return which targets answer to a container."""
    return engine.docker("exec", "-i", container, "python3", "-", *targets, given=SCAN).splitlines()


def scanned_by(namespace: str, *targets: str) -> list[str]:
    """Return which targets answer to a host."""
    return inside(namespace, sys.executable, "-", *targets, given=SCAN).splitlines()


def address(engine: Engine, container: str, network: str = "shiva") -> str:
    """Return a container's address on its bridge."""
    return engine.docker("inspect", "-f", f"{{{{.NetworkSettings.Networks.{network}.IPAddress}}}}", container)


def apply(engine: Engine, config: str, folder: Path) -> None:
    """Do what deploy/README.md says: print the rules, and load them on the machine."""
    written = folder / "firewall.json"
    written.write_text(config, encoding="utf-8")
    command = (sys.executable, "-m", "deploy.firewall", "--config", str(written))
    rules = run("env", f"PYTHONPATH={ROOT}", *command)
    inside(engine.namespace, "nft", "-f", "-", given=f"{rules}\n")


@contextlib.contextmanager
def world(engines: Engines, folder: Path) -> Iterator[World]:
    """Build it, without any rule; remove everything but the machines."""
    lan = engines.lan
    with contextlib.ExitStack() as stack:
        one, two = engines.fresh(1), engines.fresh(2)
        for host, last in OUTSIDE.items():
            stack.callback(lan.leave, host)
            lan.join(host, last)
        _addresses(lan, one, stack)
        dns = ("--dns", lan.at(OUTSIDE["names"]))
        mine = notebook(one, folder, *dns, "--publish", "31002:8888")
        neighbour = notebook(one, folder, port=31001)
        far = notebook(two, folder, *dns)
        yield World(
            lan=lan, one=one, two=two, mine=mine, neighbour=neighbour, far=far,
            services=[*_outside(lan, stack), *_on_machines(one, two, stack), *_published(one, two)],
        )  # fmt: skip
        for engine in (one, two):
            inside(engine.namespace, "nft", "-f", "-", given="table inet shiva\ndelete table inet shiva\n")


def _addresses(lan: Lan, one: Engine, stack: contextlib.ExitStack) -> None:
    """Give the hub a metadata service's address, `internet` a public one behind the hub, and two hosts IPv6."""
    run("ip", "-n", lan.hub, "address", "add", f"{METADATA}/32", "dev", "br0")
    stack.callback(run, "ip", "-n", lan.hub, "address", "delete", f"{METADATA}/32", "dev", "br0")
    run("ip", "-n", lan.name("internet"), "address", "add", f"{PUBLIC}/32", "dev", "eth0")
    run("ip", "-n", lan.hub, "route", "replace", PUBLIC, "via", lan.at(OUTSIDE["internet"]))
    for namespace, last in ((one.namespace, 1), (lan.name("stranger"), 50)):
        run("ip", "-n", namespace, "address", "replace", f"fd77::{last}/64", "dev", "eth0", "nodad")


def _outside(lan: Lan, stack: contextlib.ExitStack) -> list[str]:
    control, mirror, names = (lan.at(OUTSIDE[host]) for host in ("control", "mirror", "names"))
    _listen(stack, lan.name("names"), f"dns/{names}/53")
    here = _listen(stack, "", f"tcp/{lan.address}/0")
    return [
        *here,
        *_listen(stack, lan.hub, f"tcp/{METADATA}/80", f"tcp/{lan.at(254)}/22"),
        *_listen(stack, lan.name("control"), *(f"tcp/{control}/{port}" for port in CONTROL), f"udp/{control}/8125"),
        *_listen(stack, lan.name("mirror"), f"tcp/{mirror}/80", f"tcp/{mirror}/81"),
        *_listen(stack, lan.name("names"), f"tcp/{names}/22"),
        *_listen(stack, lan.name("internet"), *(f"{each}/{PUBLIC}/{port}" for each, port in _INTERNET)),
        "name/mirror.example/0",
    ]


_INTERNET = (("tcp", 80), ("tcp", 53), ("udp", 53))


def _on_machines(one: Engine, two: Engine, stack: contextlib.ExitStack) -> list[str]:
    found = []
    for engine, hosts in (
        (one, (one.address, _gateway(one, "shiva0"), _gateway(one, "docker0"))),
        (two, (two.address,)),
    ):
        targets = [f"{kind}/{host}/{port}" for host in hosts for kind, port in MACHINE]
        found += _listen(stack, engine.namespace, *targets)
    return found


def _published(one: Engine, two: Engine) -> list[str]:
    return [
        *(f"tcp/{one.address}/{port}" for port in (31000, 31001, 31002)),
        f"tcp/{_gateway(one, 'shiva0')}/31002", f"tcp/{two.address}/31000",
    ]  # fmt: skip


def _gateway(engine: Engine, bridge: str) -> str:
    (device,) = json.loads(run("ip", "-n", engine.namespace, "-4", "-json", "address", "show", "dev", bridge))
    return str(device["addr_info"][0]["local"])


def _listen(stack: contextlib.ExitStack, namespace: str, *targets: str) -> list[str]:
    """Start services in a namespace, or here without one; return their targets once they listen."""
    where = ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []
    process = stack.enter_context(
        subprocess.Popen(
            [*where, sys.executable, "-m", "tests.docker.listeners", *targets],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
    )  # fmt: skip
    assert process.stdin is not None
    stack.callback(process.stdin.close)
    assert process.stdout is not None
    return process.stdout.readline().split()
