"""The nouns: what a container is wanted to be, and what it was seen to be."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

UserName = NewType("UserName", str)  # "ada.lovelace": as it stands in URLs, see `naming`
MachineName = NewType("MachineName", str)  # "gpu-02": as the inventory spells it
ContainerId = NewType("ContainerId", str)  # "ada.lovelace--default": ours, not the engine's
LaunchId = NewType("LaunchId", str)  # fresh for every start, so that no fact of yesterday's run is taken for today's
GpuUuid = NewType("GpuUuid", str)  # "GPU-8f3c…": as NVML spells it, never an index
ImageName = NewType("ImageName", str)  # as the catalogue spells it


class ContainerState(StrEnum):
    """Where a container is in its life. Only READY receives traffic."""

    PENDING = "pending"  # accepted, not placed yet
    PULLING = "pulling"  # its machine is fetching the image
    BOOTING = "booting"  # process up, Jupyter not answering yet
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"  # see `Container.reason`
    LOST = "lost"  # its machine stopped reporting


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a container may use. There is no container without limits: every value is above zero."""

    cpus: float
    memory_bytes: int
    shm_bytes: int
    pids: int

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing."""
        if not all(limit > 0 for limit in (self.cpus, self.memory_bytes, self.shm_bytes, self.pids)):
            raise ValueError("every limit must be above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where Jupyter listens, as the door reaches it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container as wanted. Equal specs mean the same container."""

    id: ContainerId
    launch_id: LaunchId
    owner: UserName
    name: str
    machine: MachineName
    image: ImageName
    gpus: tuple[GpuUuid, ...]
    limits: Limits
    home: str  # path on the machine
    token: str = field(repr=False)  # Jupyter's secret, known to the broker and the door only
    requested_at: datetime  # UTC
    placed_at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container as observed. Rebuilt from the engine's records, never remembered."""

    id: ContainerId
    launch_id: LaunchId
    owner: UserName
    name: str
    machine: MachineName
    image: ImageName
    gpus: tuple[GpuUuid, ...]
    limits: Limits
    token: str = field(repr=False)
    state: ContainerState
    reason: str | None  # for FAILED and LOST: one sentence a user can act on
    requested_at: datetime
    placed_at: datetime
    started_at: datetime | None  # when the engine says that its process began
    endpoint: Endpoint | None  # set once Jupyter listens

    @property
    def holds_resources(self) -> bool:
        """Whether its GPUs and memory are taken: a lease is a container that has not ended."""
        return self.state is not ContainerState.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU that should exist."""

    uuid: GpuUuid
    index: int
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that should exist, as the inventory declares it."""

    name: MachineName
    address: str
    cpus: int
    memory_bytes: int
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on offer."""

    name: ImageName
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for; None leaves the choice to us."""

    owner: UserName
    name: str = "default"
    image: ImageName | None = None
    machine: MachineName | None = None
    gpus: int = 0
