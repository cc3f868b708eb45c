"""The broker's ports in memory: an engine that outlives brokers, and a world whose answers a test sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerSpec,
    ContainerState,
    Endpoint,
    Gpu,
    GpuUuid,
    Image,
    ImageName,
    ImageRef,
    LaunchId,
    Limits,
    Listing,
    Machine,
    MachineName,
    MachineState,
    UserName,
)
from shiva_jupyter_broker.domain.logs import Log
from shiva_jupyter_broker.domain.ports import (
    Activity,
    Home,
    JupyterUnknownError,
    LauncherUnavailableError,
    LaunchRefusedError,
    PortError,
    Reach,
)

NOW = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
LIMITS = Limits(cpus=2.0, memory_bytes=4 * 2**30, shm_bytes=64 * 2**20, pids=4096, layer_bytes=10 * 2**30)


def machine(name: str = "gpu-01", *, gpus: int = 2, cpus: int = 8, memory_bytes: int = 32 * 2**30) -> Machine:
    """Return a machine whose GPUs are called after it."""
    cards = tuple(Gpu(uuid=GpuUuid(f"GPU-{name}-{index}"), index=index, model="GTX 1080") for index in range(gpus))
    return Machine(name=MachineName(name), address="127.0.0.1", cpus=cpus, memory_bytes=memory_bytes, gpus=cards)


def spec(owner: str = "ada", name: str = "default", **changes: Any) -> ContainerSpec:
    """Return a container as wanted."""
    plain = ContainerSpec(
        id=naming.container_id(UserName(owner), name), launch_id=LaunchId(f"launch-of-{owner}-{name}"),
        owner=UserName(owner), name=name, machine=MachineName("gpu-01"), image=ImageName("shiva-jupyter"),
        image_ref=ImageRef("shiva-jupyter"), gpus=(), limits=LIMITS, home=f"/home/{owner}", uid=20001, token="t" * 64, requested_at=NOW, placed_at=NOW,
    )  # fmt: skip
    return replace(plain, **changes)


def container(owner: str = "ada", name: str = "default", **changes: Any) -> Container:
    """Return a container as observed: booting, nobody listens yet."""
    return replace(observed(spec(owner, name)), **changes)


def observed(wanted: ContainerSpec) -> Container:
    """Return what an engine shows of `wanted` right after its start."""
    return replace(Container.of(wanted, ContainerState.BOOTING), started_at=wanted.placed_at)


@dataclass
class FakeLauncher:
    """Launcher; raises `failure` while there is one, and `refusal` at launches only.

    A stop takes until the test says `end`, because engines take their time.
    """

    name: str = "fake"
    failure: PortError | None = None
    refusal: PortError | None = None
    specs: dict[ContainerId, ContainerSpec] = field(default_factory=dict)
    held: dict[ContainerId, Container] = field(default_factory=dict)
    away: list[Container] = field(default_factory=list)  # older launches of what was started again elsewhere
    launches: int = 0
    settled: int = 0
    known: dict[MachineName, MachineState] = field(default_factory=dict)
    pulled: list[tuple[ImageRef, MachineName]] = field(default_factory=list)
    written: dict[LaunchId, Sequence[str]] = field(default_factory=dict)
    keeps_logs: bool = True

    def launch(self, spec: ContainerSpec) -> None:
        """Show `spec` as booting from now on."""
        if error := self.failure or self.refusal:
            raise error
        known = self.held.get(spec.id)
        if known and (known.state is ContainerState.LOST or self._is_away(known)):
            self.away.append(self.held.pop(spec.id))  # its machine cannot know of the new one
            del self.specs[spec.id]
        if spec.id in self.specs:
            if self.specs[spec.id] != spec:
                raise LaunchRefusedError(f"another container is called {spec.id}")
            return
        self.launches += 1
        self.written[spec.launch_id] = [f"Jupyter of {spec.owner} begins"]
        self.specs[spec.id] = spec
        self.held[spec.id] = observed(spec)

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
        """Begin the end of what lives; drop what has failed."""
        if self.failure:
            raise self.failure
        if any(each.launch_id == launch and self._is_away(each) for each in self.containers()):
            raise LauncherUnavailableError("no answer")
        self.away = [each for each in self.away if each.launch_id != launch]
        for each in [found for found in self.held.values() if found.launch_id == launch]:
            if keep:
                self.fail(each.id, "It was ended. The files in the home are safe.")
            elif each.state is ContainerState.FAILED or grace == timedelta(0):
                self.end(each.id)
            else:
                self._change(each.id, state=ContainerState.STOPPING, endpoint=None)

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return what the test says of machines; of the others, what runs there."""
        there = {each.machine: MachineState(running=frozenset({each.image_ref})) for each in self.held.values()}
        return there | self.known

    def settle(self) -> None:
        """Count the call."""
        self.settled += 1

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Note what is to be fetched where."""
        if self.failure:
            raise self.failure
        self.pulled.append((reference, machine))

    def log(self, launch: LaunchId, *, lines: int) -> Log | None:
        """Return what a test says that it wrote."""
        if self.failure:
            raise self.failure
        told = self.written.get(launch, ())
        return Log(lines=tuple(told[-lines:]), truncated=len(told) > lines) if self.keeps_logs else None

    def containers(self) -> Sequence[Container]:
        """Return every container."""
        if self.failure:
            raise self.failure
        return [*self.held.values(), *self.away]

    def listen(self, container: ContainerId, port: int = 31000) -> None:
        """Let the engine report where Jupyter listens."""
        self._change(container, endpoint=Endpoint(host="127.0.0.1", port=port))

    def fail(self, container: ContainerId, reason: str = "Jupyter ended.") -> None:
        """Let the container fail."""
        self._change(container, state=ContainerState.FAILED, reason=reason, endpoint=None)

    def lose(self, container: ContainerId) -> None:
        """Let its machine stop reporting; where it listened is known still."""
        self._change(container, state=ContainerState.LOST)

    def fall(self, container: ContainerId) -> None:
        """Let it end with its engine, which is to start it again."""
        self._change(container, state=ContainerState.PENDING, endpoint=None)

    def report_again(self, container: ContainerId) -> None:
        """Let its machine report again."""
        self._change(container, state=ContainerState.BOOTING)

    def return_away(self) -> None:
        """Let every machine that was lost report again."""
        self.away = [
            replace(each, state=ContainerState.BOOTING) if each.state is ContainerState.LOST else each
            for each in self.away
        ]

    def end(self, container: ContainerId) -> None:
        """Let the container be gone."""
        del self.held[container], self.specs[container]

    def _is_away(self, each: Container) -> bool:
        return not self.known.get(each.machine, MachineState()).reachable

    def _change(self, container: ContainerId, **changes: Any) -> None:
        self.held[container] = replace(self.held[container], **changes)


@dataclass
class FakeProbe:
    """Probe; every container with an endpoint is reached this far."""

    found: Reach = Reach.ANSWERING
    knocks: int = 0

    def reach(self, container: Container) -> Reach:
        """Count the knock and answer as set."""
        self.knocks += 1
        return Reach.NOTHING if container.endpoint is None else self.found


class FakeReader:
    """ActivityReader; every container with an endpoint has one quiet kernel and one that works."""

    def read(self, container: Container) -> Activity:
        """Answer the same each time."""
        if container.endpoint is None:
            raise JupyterUnknownError(container.id)
        at = FakeClock()()
        return Activity(read_at=at, kernels=2, terminals=0, busy=1, busy_since=at, last_activity_at=at)


@dataclass
class FakeHomes:
    """HomeStore; remembers whose homes were wanted."""

    failure: Exception | None = None
    made: list[str] = field(default_factory=list)

    def ensure(self, user: UserName) -> Home:
        """Return where the home would be."""
        if self.failure:
            raise self.failure
        self.made.append(user)
        return Home(path=f"/home/{user}", uid=20001)


SIZE = 9_200_000_000


@dataclass
class ToldRegistry:
    """Registry of one digest; raises `withdrawn` where an image is to be pinned."""

    digest: str = f"sha256:{'d' * 64}"
    withdrawn: PortError | None = None

    def pinned(self, image: Image) -> Image:
        """Return it by the digest."""
        if self.withdrawn:
            raise self.withdrawn
        return replace(image, reference=self.listing(image).pinned)

    def listing(self, image: Image) -> Listing:
        """Return the digest and one tag, or that there is none."""
        if self.withdrawn:
            return Listing(pinned=image.reference, trouble="It is gone.")
        return Listing(
            pinned=ImageRef(f"{image.reference.partition(':')[0]}@{self.digest}"), tags=("1",), size_bytes=SIZE
        )


@dataclass
class FakeInventory:
    """Inventory as given."""

    declared: Sequence[Machine]

    def machines(self) -> Sequence[Machine]:
        """Return the machines."""
        return self.declared


@dataclass
class FakeClock:
    """Clock that stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> datetime:
        """Move on, and return the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now
