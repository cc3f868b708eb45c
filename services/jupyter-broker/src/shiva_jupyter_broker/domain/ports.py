"""What the broker needs from the world, and how that may fail.

PortError
├── LauncherUnavailableError   the engine did not answer; nothing is known to have changed
├── LaunchRefusedError         the engine understood and said no
├── HomeUnavailableError       the home cannot be made or reached
├── ImageNotFoundError         the catalogue has no such image
├── ImageWithdrawnError        the catalogue offers it, but the registry has it no more
├── MachineNotFoundError       the inventory has no such machine
├── SwitchNotKeptError         the broker's own disk refuses
├── GpuNotFoundError           the inventory has no such GPU
├── ContainerNotFoundError     there is no such container
├── JupyterUnknownError        its Jupyter does not tell what it does
├── ContainerStoppingError     it is ending; wait for that
└── NoCapacityError            no machine fits now; `explanation` says why, machine by machine
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from shiva_jupyter_broker.domain.cluster import Switches
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    GpuUuid,
    Image,
    ImageRef,
    LaunchId,
    Listing,
    Machine,
    MachineName,
    MachineState,
    UserName,
)
from shiva_jupyter_broker.domain.explain import Explanation
from shiva_jupyter_broker.domain.lifecycle import Marks
from shiva_jupyter_broker.domain.logs import Log

Clock = Callable[[], datetime]  # returns an aware UTC time


class PortError(Exception):
    """Base of every error that people may meet."""


class LauncherUnavailableError(PortError):
    """The engine did not answer. Nothing is known to have changed."""


class LaunchRefusedError(PortError):
    """The engine understood and said no: the id is taken, the process cannot be limited, …"""


class HomeUnavailableError(PortError):
    """The home cannot be made or reached. Nothing was started, and no file was touched."""


class ImageNotFoundError(PortError):
    """The catalogue has no such image."""


class ImageWithdrawnError(PortError):
    """The catalogue offers it, but the registry says that it has no such image."""


class MachineNotFoundError(PortError):
    """The inventory has no such machine."""


class SwitchNotKeptError(PortError):
    """The broker's own disk refuses. What was not kept is not in force."""


class GpuNotFoundError(PortError):
    """The inventory has no such GPU."""


class ContainerNotFoundError(PortError):
    """There is no such container."""


class JupyterUnknownError(PortError):
    """A container's Jupyter does not answer, or lies, or cannot tell what it does: unknown, which is not quiet."""


class ContainerStoppingError(PortError):
    """A container of that id is ending; it must be gone before it can start again."""


class NoCapacityError(PortError):
    """No machine fits now."""

    def __init__(self, explanation: Explanation) -> None:
        """Keep why, machine by machine, and what would fit."""
        super().__init__("no machine fits")
        self.explanation = explanation


class Launcher(Protocol):
    """Start, stop and list containers on some engine.

    Stateless towards its callers: everything that `containers` returns is read back from labels written at launch.
    """

    name: str

    def launch(self, spec: ContainerSpec) -> None:
        """Ask for `spec` to run, and return once the request is accepted.

        Idempotent: launching an identical spec again changes nothing.

        Raises:
            LaunchRefusedError: another container already has `spec.id`, or the engine rejects the request.
            LauncherUnavailableError: no answer within the adapter's timeout.
        """

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
        """Ask for that launch to end, killing it after `grace`; return at once. Stopping what is gone succeeds.

        With `keep` it is shown as FAILED afterwards, until it is stopped once more.

        Raises:
            LauncherUnavailableError: its machine, or the engine, does not answer; it goes on.
        """

    def containers(self) -> Sequence[Container]:
        """Return every container of this launcher, in any state. READY is for the broker to say, once Jupyter answered.

        What stands on a machine that does not answer is LOST, never left out.

        Raises:
            LauncherUnavailableError: the list would be incomplete.
        """

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return what is known of each machine. Never raises, and asks nobody: as of the last look."""

    def settle(self) -> None:
        """Finish what a call, or an earlier broker, left half done: starts, removals, pulls. Called often; returns soon."""

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Ask for the image to be fetched there; progress is in `machines`. What is there, or on its way, is left alone.

        Raises:
            LauncherUnavailableError: the machine does not answer.
        """

    def log(self, launch: LaunchId, *, lines: int) -> Log | None:
        """Return the last lines that a launch wrote, read now; none where it wrote nothing yet, or is gone.

        None: this engine keeps none, or what it kept can be read no more.

        Raises:
            LauncherUnavailableError: its machine does not answer.
        """


class Reach(IntEnum):
    """How far one gets towards a container's Jupyter."""

    NOTHING = 0
    LISTENING = 1  # somebody accepts connections there
    ANSWERING = 2  # Jupyter answers with this container's own token; somebody else on that port does not


class Probe(Protocol):
    """Knock at a container's Jupyter."""

    def reach(self, container: Container) -> Reach:
        """Return how far one gets now; NOTHING without an endpoint. Never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a container's Jupyter does now."""

    read_at: datetime
    kernels: int
    terminals: int
    busy: int  # kernels that execute, terminals in which a program runs, and one more where any runs without a terminal
    busy_since: datetime | None  # of these, the one that began last; it may have begun earlier, None: nobody tells
    last_activity_at: datetime | None  # of those that are not busy; None: there is none


class ActivityReader(Protocol):
    """Ask a container's Jupyter what it does."""

    def read(self, container: Container) -> Activity:
        """Return what it does now; takes a few seconds at most.

        Raises:
            JupyterUnknownError: it does not tell.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A person's files, as every machine sees them."""

    path: str
    uid: int  # the owner on the storage


class HomeStore(Protocol):
    """Where people keep their files."""

    def ensure(self, user: UserName) -> Home:
        """Return the home, made when it is missing; never emptied, never removed. Its owner is the person's uid.

        Raises:
            HomeUnavailableError: it can neither be found nor made, or is not a person's.
        """


class Catalogue(Protocol):
    """The images on offer."""

    def images(self) -> Sequence[Image]:
        """Return at least one; the first is the default."""


class Registry(Protocol):
    """Where the engines fetch images from."""

    def pinned(self, image: Image) -> Image:
        """Return the image with its reference's tag exchanged for the digest that it stands for now.

        Where the registry does not tell, it is the digest that was last known; where none is, or the reference is not of a
        registry that we know, it stays as it is: an image that is on the machine still starts.

        Raises:
            ImageWithdrawnError: the registry answers that it has no such image.
        """

    def listing(self, image: Image) -> Listing:
        """Return what the registry tells of it, for people to read. Never raises."""


class SwitchBoard(Protocol):
    """What operators took out of placement. Survives restarts."""

    def switches(self) -> Switches:
        """Return what is switched off now."""

    def drain(self, machine: MachineName, why: str | None) -> None:
        """Keep new containers off a machine; None opens it again."""

    def disable(self, gpu: GpuUuid, why: str | None) -> None:
        """Keep new containers off a GPU; None gives it back."""


class Inventory(Protocol):
    """The machines that should exist."""

    def machines(self) -> Sequence[Machine]:
        """Return them by name."""


class Journal(Protocol):
    """What the broker alone saw of each launch. Losing it loses no container and ends nobody's work."""

    def marks(self, launch: LaunchId) -> Marks:
        """Return what is known; empty marks for an unknown launch."""

    def note(self, news: Mapping[LaunchId, Marks]) -> set[LaunchId]:
        """Merge, see `Marks.merged`; one write for all.

        Return the launches of which anything changed, so that of two who saw the same thing one may count it.
        """

    def found(self, launch: LaunchId) -> None:
        """Forget `lost_at`: the machine reports again."""

    def forget_all_but(self, launches: set[LaunchId]) -> None:
        """Drop what belongs to launches that are gone."""
