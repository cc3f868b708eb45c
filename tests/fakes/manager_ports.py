"""The manager's ports in memory: a broker and a Prometheus whose answers and failures a test sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shiva_manager_api.adapters.prometheus_curves import GPU, MACHINE
from shiva_manager_api.domain.container_history import GPU_SERIES, SERIES, ContainerCurves
from shiva_manager_api.domain.foretelling import Past
from shiva_manager_api.domain.held_time import GpuTime, HeldTimes
from shiva_manager_api.domain.images import Image, Presence, Whereabouts
from shiva_manager_api.domain.machine_history import GpuCurves, MachineCurves, Range
from shiva_manager_api.domain.machines import DeclaredGpu, DeclaredMachine, MachineReading, Tenant
from shiva_manager_api.domain.ports import BrokerRefusedError, Container, Explanation, Log, PortError, Wish

JUPYTER = Image(
    name="shiva-jupyter", title="JupyterLab", description="JupyterLab with this project's Python.",
    reference="registry.lan/shiva-jupyter:2026.1", digest=f"sha256:{'d' * 64}", size_bytes=9_200_000_000, needs_gpu=False,
    cuda=None, trouble=None,
    machines=[
        Whereabouts(machine="gpu-01", state=Presence.PULLING, pulled_bytes=3, total_bytes=9, error=None),
        Whereabouts(machine="gpu-02", state=Presence.ABSENT, pulled_bytes=None, total_bytes=None, error="No room."),
    ],
)  # fmt: skip
GPUS = ("GPU-1", "GPU-2")


def container(owner: str = "ada", name: str = "default", **changes: Any) -> dict[str, Any]:
    """Return a ready container as the broker's contract has it."""
    return {
        "id": f"{owner}--{name}", "owner": owner, "name": name, "machine": "gpu-01", "image": "shiva-jupyter",
        "gpus": ["GPU-1"], "state": "ready", "reason": None, "url": f"/user/{owner}/",
        "requested_at": "2026-11-23T09:10:00.000Z", "started_at": "2026-11-23T09:10:00.180Z",
        "ready_at": "2026-11-23T09:10:02.310Z", "last_access_at": None,
        "phases": {"placed_seconds": 0.02, "created_seconds": 0.16, "booting_seconds": 1.7, "ready_seconds": 0.4},
        "time_to_notebook_seconds": 2.31,
        "limits": {"cpus": 2.0, "memory_bytes": 2**32, "shm_bytes": 2**26, "pids": 4096}, "launch_id": "1a" * 16, "history": [],
    } | changes  # fmt: skip


def launch_of(container_id: str) -> str:
    """Return the launch of a container of FakeBroker."""
    return f"launch of {container_id}"


def declared(name: str = "gpu-01", *, held: Mapping[str, str] | None = None, gpus: Sequence[str] = GPUS,
             fits_default: bool = True, closed: str | None = None,
             disabled: Mapping[str, str] | None = None) -> DeclaredMachine:  # fmt: skip
    """Return a machine of the inventory; `held` is GPU → container, `disabled` is GPU → why."""
    cards = tuple(
        DeclaredGpu(
            uuid=uuid, index=index, model="GTX 1080", container_id=(held or {}).get(uuid),
            disabled=(disabled or {}).get(uuid),
        )
        for index, uuid in enumerate(gpus)
    )  # fmt: skip
    return DeclaredMachine(name=name, cpus=8, memory_bytes=2**35, fits_default=fits_default, closed=closed, gpus=cards)


@dataclass
class FakeMetrics:
    """MetricsSource; raises `failure` while there is one."""

    readings: Sequence[MachineReading] = ()
    failure: PortError | None = None

    def machines(self) -> Sequence[MachineReading]:
        """Return the readings."""
        if self.failure:
            raise self.failure
        return self.readings


@dataclass
class FakeCurves:
    """MachineHistories of a machine with one GPU; raises `failure` while there is one. `asked` is what was asked."""

    failure: PortError | None = None
    asked: list[tuple[str, Range, datetime]] = field(default_factory=list)

    def read(self, machine: str, asked: Range, until: datetime) -> MachineCurves:
        """Return curves that nobody told but for their last point."""
        self.asked.append((machine, asked, until))
        if self.failure:
            raise self.failure
        curve = [None] * (asked.points - 1) + [0.5]
        gpu = GpuCurves(uuid="GPU-1", index=0, curves=dict.fromkeys(GPU, curve))
        return MachineCurves(
            machine=machine, start=until - timedelta(seconds=asked.span), end=until, step=asked.step,
            curves=dict.fromkeys(MACHINE, curve), gpus=[gpu],
        )  # fmt: skip


@dataclass
class FakeContainerCurves:
    """ContainerHistories of containers that hold what the broker says; raises `failure` while there is one."""

    failure: PortError | None = None
    asked: list[tuple[str, float]] = field(default_factory=list)

    def read(
        self, container_id: str, gpus: Sequence[str], cpus: float, asked: Range, until: datetime
    ) -> ContainerCurves:
        """Return curves that nobody told but for their last point."""
        self.asked.append((container_id, cpus))
        if self.failure:
            raise self.failure
        curve = [None] * (asked.points - 1) + [0.5]
        return ContainerCurves(
            container_id=container_id, start=until - timedelta(seconds=asked.span), end=until, step=asked.step,
            curves=dict.fromkeys(SERIES, curve),
            gpus=[GpuCurves(uuid=uuid, index=None, curves=dict.fromkeys(GPU_SERIES, curve)) for uuid in gpus],
        )  # fmt: skip


@dataclass
class FakeHeldTimes:
    """HeldTimeSource of what a test says; raises `failure` while there is one."""

    failure: PortError | None = None
    people: Mapping[str, GpuTime] = field(default_factory=lambda: {"ada": GpuTime(held=7200.0, used=3600.04)})
    machines: Mapping[str, GpuTime] = field(default_factory=lambda: {"gpu-01": GpuTime(held=7200.0, used=None)})
    recorded: bool = True
    asked: list[tuple[int, datetime]] = field(default_factory=list)

    def read(self, span: int, until: datetime) -> HeldTimes:
        """Return it, recorded from the middle of the span on."""
        self.asked.append((span, until))
        if self.failure:
            raise self.failure
        since = until - timedelta(seconds=span / 2) if self.recorded else None
        return HeldTimes(
            start=until - timedelta(seconds=span), end=until, recorded_from=since, people=self.people, machines=self.machines
        )  # fmt: skip


@dataclass
class FakePasts:
    """Pasts as given; raises `failure` while there is one."""

    past: Past = field(default_factory=Past)
    failure: PortError | None = None
    asked: int = 0

    def read(self) -> Past:
        """Count the question and answer."""
        self.asked += 1
        if self.failure:
            raise self.failure
        return self.past


@dataclass
class FakeBroker:
    """ContainerBroker; raises `failure` while there is one. `launched` and `stopped` are what was asked."""

    held: list[dict[str, Any]] = field(default_factory=list)
    inventory: Sequence[DeclaredMachine] = ()
    failure: Exception | None = None
    launched: list[tuple[str, Wish]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    explained: list[tuple[str, Wish]] = field(default_factory=list)
    drained: dict[str, str | None] = field(default_factory=dict)
    disabled: dict[str, str | None] = field(default_factory=dict)
    pulled: list[tuple[str, Sequence[str] | None]] = field(default_factory=list)
    presence: Presence = Presence.PRESENT
    avoided: tuple[str, ...] = ()  # by the last launch
    excluded: tuple[str, ...] = ()  # by the last launch

    def _answer(self) -> None:
        if self.failure:
            raise self.failure

    def machines(self) -> Sequence[DeclaredMachine]:
        """Return the inventory."""
        self._answer()
        return self.inventory

    def tenants(self) -> Sequence[Tenant]:
        """Return every container in short."""
        self._answer()
        return [
            Tenant(id=c["id"], owner=c["owner"], name=c["name"], machine=c["machine"], state=c["state"], since=None,
                   gpus=len(c["gpus"]), launch_id=launch_of(c["id"]))
            for c in self.held
        ]  # fmt: skip

    def containers(self) -> Sequence[Container]:
        """Return every container."""
        self._answer()
        return self.held

    def container(self, container_id: str) -> Container:
        """Return one or refuse."""
        self._answer()
        for each in self.held:
            if each["id"] == container_id:
                return each
        raise BrokerRefusedError(404, "container-not-found", "A title", "A detail.", {})

    def log(self, container_id: str, lines: int) -> Log:
        """Return two lines, or fewer."""
        self.container(container_id)
        told = ["begins", "listens"][-lines:]
        return {
            "container_id": container_id,
            "taken_at": "2026-11-23T10:00:00.000Z",
            "lines": told,
            "truncated": lines < 2,
        }

    def launch(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> tuple[Container, bool]:
        """Start, or return the one that runs."""
        self._answer()
        self.avoided, self.excluded = tuple(avoid_gpus), tuple(exclude_gpus)
        self.launched.append((owner, wish))
        for each in self.held:
            if each["id"] == f"{owner}--{wish.name}":
                return each, False
        self.held.append(container(owner, wish.name, state="booting", ready_at=None))
        return self.held[-1], True

    def explain(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> Explanation:
        """Find room on the first machine."""
        self._answer()
        self.avoided, self.excluded = tuple(avoid_gpus), tuple(exclude_gpus)
        self.explained.append((owner, wish))
        machines: list[dict[str, Any]] = [{"name": "gpu-01", "image": self.presence, "misfit": None, "holders": []}]
        return {
            "image": JUPYTER.name, "fits": True, "machine": "gpu-01", "everywhere": None, "machines": machines, "offers": [],
        }  # fmt: skip

    def drain(self, machine: str, why: str | None) -> None:
        """Remember it, or refuse."""
        self._answer()
        if machine not in {each.name for each in self.inventory}:
            raise BrokerRefusedError(404, "machine-not-found", "A title", "A detail.", {})
        self.drained[machine] = why

    def disable(self, gpu: str, why: str | None) -> None:
        """Remember it, or refuse."""
        self._answer()
        if gpu not in {each.uuid for machine in self.inventory for each in machine.gpus}:
            raise BrokerRefusedError(404, "gpu-not-found", "A title", "A detail.", {})
        self.disabled[gpu] = why

    def stop(self, container_id: str) -> None:
        """Remember who was stopped."""
        self._answer()
        self.stopped.append(container_id)

    def pull(self, image: str, machines: Sequence[str] | None) -> None:
        """Remember it, or refuse."""
        self._answer()
        if image != JUPYTER.name:
            raise BrokerRefusedError(404, "image-not-found", "A title", "A detail.", {})
        if not set(machines or ()) <= {each.name for each in self.inventory}:
            raise BrokerRefusedError(404, "machine-not-found", "A title", "A detail.", {})
        self.pulled.append((image, machines))

    def images(self) -> Sequence[Image]:
        """Return one image."""
        self._answer()
        return [JUPYTER]
