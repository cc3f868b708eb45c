"""A network of the tests' own: a bridge in a namespace, hosts in namespaces on it, and this machine on it too.

Each run takes a free number: it is in every name and in the subnet 10.77.NUMBER.0/24. A lock that ends with the process
guards it, so that runs side by side do not meet, and what a killed run left is found and cleared by the next one.
"""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from tests.fakes.engines import cgroups
from tests.fakes.engines.shell import EngineError, run

BASE = Path("/var/tmp/shiva-engines")
NUMBERS = range(1, 250)
GATEWAY, HERE = 254, 253  # the last part of the bridge's address, and of this machine's


class Lan:
    """The network of one test run; hosts reach one another, this machine, and (by the bridge) whatever a test adds."""

    def __init__(self) -> None:
        """Take a number, clear what ended runs left, and build the bridge."""
        BASE.mkdir(parents=True, exist_ok=True)
        sweep()
        self.number, self._lock = _take()
        self.root = BASE / str(self.number)
        self.hub = self.name("hub")
        self.address = self.at(HERE)
        try:
            self._build()
        except EngineError:
            self.end()
            raise

    def name(self, host: str) -> str:
        """Return the name of a host's namespace and control group."""
        return f"{_prefix(self.number)}{host}"

    def at(self, last: int) -> str:
        """Return an address of this network."""
        return f"10.77.{self.number}.{last}"

    @property
    def subnet(self) -> str:
        """Return all its addresses."""
        return f"{self.at(0)}/24"

    def join(self, host: str, last: int) -> str:
        """Add a host, with the hub as its gateway; return its namespace."""
        namespace = self.name(host)
        run("ip", "netns", "add", namespace)
        self._wire(namespace, host, "eth0", f"{self.at(last)}/24")
        run("ip", "-n", namespace, "route", "add", "default", "via", self.at(GATEWAY))
        return namespace

    def link(self, host: str, *, up: bool) -> None:
        """Cut or mend a host's cable, at the bridge's end."""
        run("ip", "-n", self.hub, "link", "set", host, "up" if up else "down")

    def leave(self, host: str) -> None:
        """Remove a host with all that it ran in its control group."""
        clear(self.name(host))

    def end(self) -> None:
        """Leave nothing behind; safe to repeat."""
        _clear_number(self.number)
        os.close(self._lock)

    def _build(self) -> None:
        run("ip", "netns", "add", self.hub)
        run("ip", "-n", self.hub, "link", "set", "lo", "up")
        run("ip", "-n", self.hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.hub, "address", "add", f"{self.at(GATEWAY)}/24", "dev", "br0")
        run("ip", "-n", self.hub, "link", "set", "br0", "up")
        inside(self.hub, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self._wire("", "here", _cable(self.number), f"{self.address}/24")

    def _wire(self, namespace: str, host: str, device: str, address: str) -> None:
        """Lay a cable from a namespace, or from this machine, to the bridge."""
        where = ("-n", namespace) if namespace else ()
        place = namespace or str(os.getpid())
        run("ip", "-n", self.hub, "link", "add", host, "type", "veth", "peer", "name", device, "netns", place)
        run("ip", "-n", self.hub, "link", "set", host, "master", "br0", "up")
        run("ip", *where, "address", "add", address, "dev", device)
        run("ip", *where, "link", "set", device, "up")
        if namespace:
            run("ip", *where, "link", "set", "lo", "up")


def inside(namespace: str, *command: str, given: str | None = None) -> str:
    """Run a command in the network of a namespace; return what it printed."""
    return run("nsenter", f"--net=/run/netns/{namespace}", *command, given=given)


def clear(name: str) -> None:
    """End a host's processes; remove its namespace and control groups. Nothing there is fine."""
    cgroups.kill(name)
    cgroups.remove(name)
    with contextlib.suppress(EngineError):
        run("ip", "netns", "delete", name)


def sweep() -> None:
    """Clear what runs left that have ended without doing so."""
    for number in sorted(int(path.name) for path in BASE.iterdir() if path.name.isdigit()):
        if (lock := _lock(number)) is not None:
            _clear_number(number)
            os.close(lock)


def _prefix(number: int) -> str:
    return f"shiva-t{number}-"


def _cable(number: int) -> str:
    return f"shivat{number}"


def _take() -> tuple[int, int]:
    for number in NUMBERS:
        if f"10.77.{number}." not in run("ip", "route") and (lock := _lock(number)) is not None:
            return number, lock
    raise EngineError("no free network number")


def _lock(number: int) -> int | None:
    """Return the descriptor that holds the number, or nothing when a living run has it."""
    path = BASE / str(number)
    path.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:  # else its last holder has just removed it
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _clear_number(number: int) -> None:
    """Remove processes, namespaces, mounts and files of a number whose lock we hold."""
    pattern = f"{_prefix(number)}*"
    for name in sorted(cgroups.named(pattern) | {path.name for path in Path("/run/netns").glob(pattern)}):
        clear(name)
    with contextlib.suppress(EngineError):  # often gone with its namespace, which the kernel ends in its own time
        run("ip", "link", "delete", _cable(number))
    forget(BASE / str(number))


def forget(root: Path) -> None:
    """Remove the folder of a machine or a run: what is mounted in it, its files, and its shims' sockets elsewhere."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    for mount in sorted((each for each in mounts if each.startswith(f"{root}/")), reverse=True):
        run("umount", "-l", mount)
    shims = "exec/containerd/daemon/io.containerd.runtime.v2.task/*/*/address"
    for address in (*root.glob(shims), *root.glob(f"*/{shims}")):
        Path(address.read_text(encoding="utf-8").removeprefix("unix://")).unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
