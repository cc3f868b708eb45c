"""The nouns: what a container is wanted to be, and what it was seen to be."""

from collections.abc import Mapping
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
ImageRef = NewType("ImageRef", str)  # "registry.lan/shiva-jupyter:2026.1", or pinned "…@sha256:…"


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
    memory_bytes: int  # memory and swap together: what does not fit is ended, not swapped
    shm_bytes: int
    pids: int
    layer_bytes: int  # what it may write outside its home, where the engine's storage driver can limit that

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing."""
        if not all(limit > 0 for limit in (self.cpus, self.memory_bytes, self.shm_bytes, self.pids, self.layer_bytes)):
            raise ValueError("every limit must be above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where Jupyter listens, as the door reaches it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """How far a machine is with fetching an image; None where the engine does not tell."""

    done_bytes: int | None
    total_bytes: int | None
    error: str | None = None  # one sentence, once it has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container as wanted. Equal specs mean the same container."""

    id: ContainerId
    launch_id: LaunchId
    owner: UserName
    name: str
    machine: MachineName
    image: ImageName
    image_ref: ImageRef  # what is run: pinned where a registry could tell the digest
    gpus: tuple[GpuUuid, ...]
    gpus_shared: bool = False  # others may hold the same GPUs, up to the policy's cap
    limits: Limits
    home: str  # path on the machine
    uid: int  # the person's, on the storage: the owner of the home
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
    image_ref: ImageRef
    gpus: tuple[GpuUuid, ...]
    gpus_shared: bool = False
    limits: Limits
    token: str = field(repr=False)
    state: ContainerState
    reason: str | None  # for FAILED and LOST, and while it waits for its machine: one sentence a user can act on
    requested_at: datetime
    placed_at: datetime
    started_at: datetime | None  # when the engine says that its process began
    ended_at: datetime | None = None  # when the engine says that it ended, for FAILED
    endpoint: Endpoint | None  # where Jupyter will answer; READY is known by its answer. For LOST: where it did
    engine_id: str | None = None  # what the engine calls it, where processes on the machine can be told by that
    log_tail: tuple[str, ...] = ()  # for FAILED: the last lines that it wrote
    pull: Pull | None = None  # for PULLING

    @classmethod
    def of(cls, spec: ContainerSpec, state: ContainerState, reason: str | None = None) -> "Container":
        """Return what a spec alone tells of it; what else an engine shows is for `dataclasses.replace`."""
        return cls(
            id=spec.id,
            launch_id=spec.launch_id,
            owner=spec.owner,
            name=spec.name,
            machine=spec.machine,
            image=spec.image,
            image_ref=spec.image_ref,
            gpus=spec.gpus,
            gpus_shared=spec.gpus_shared,
            limits=spec.limits,
            token=spec.token,
            state=state,
            reason=reason,
            requested_at=spec.requested_at,
            placed_at=spec.placed_at,
            started_at=None,
            endpoint=None,
        )

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
    driver: str | None = None  # of its GPUs: "550.54.14"


class ImagePresence(StrEnum):
    """Whether a machine has an image."""

    PRESENT = "present"
    ABSENT = "absent"
    PULLING = "pulling"  # it is fetched now
    UNKNOWN = "unknown"  # the machine is away, or its engine does not tell: neither there nor missing


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """What the engine knows of a machine now."""

    reachable: bool = True
    since: datetime | None = None  # when it was first seen not to answer
    images: frozenset[ImageRef] | None = (
        None  # references and digests that are there; None where the engine does not tell
    )
    running: frozenset[ImageRef] = frozenset()  # of what runs there: for sure there, also where nobody tells the rest
    imageless: bool = False  # what starts there is the machine's own: nothing has to be fetched
    pulls: Mapping[ImageRef, Pull] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  # sentences for the operator: what protects less than it should

    def presence(self, reference: ImageRef) -> ImagePresence:
        """Return whether an image is there; a machine that is away may have lost, or got, it since."""
        if not self.reachable:
            return ImagePresence.UNKNOWN
        pull = self.pulls.get(reference)
        if pull is not None and pull.error is None:
            return ImagePresence.PULLING
        if self.imageless or reference in self.running or reference in (self.images or ()):
            return ImagePresence.PRESENT
        return ImagePresence.UNKNOWN if self.images is None else ImagePresence.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on offer."""

    name: ImageName
    title: str
    description: str
    reference: ImageRef = ImageRef("")
    needs_gpu: bool = False
    cuda: str | None = None  # the CUDA version that it was built for: "12.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a registry tells of an image on offer."""

    pinned: ImageRef  # what a start would run now: by its digest where one is known
    tags: tuple[str, ...] | None = None  # None where nobody tells
    size_bytes: int | None = None  # what a machine fetches that has nothing of it; None where nobody tells
    trouble: str | None = None  # one sentence, where the registry should have told more


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for; None leaves the choice to us."""

    owner: UserName
    name: str = "default"
    image: ImageName | None = None
    machine: MachineName | None = None
    gpus: int = 0
    gpus_shared: bool = False  # content with GPUs that others use too
    cpus: float | None = None
    memory_bytes: int | None = None
    avoid: frozenset[GpuUuid] = frozenset()  # in use by what is not ours; kept out unless the machine was chosen
    exclude: frozenset[GpuUuid] = frozenset()  # faulty; never given out
