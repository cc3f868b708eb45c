"""What the manager needs from the world, and how that may fail.

PortError
├── MetricsUnavailableError   Prometheus gave no usable answer
├── BrokerUnavailableError    the broker gave no usable answer; nothing is known to have changed
│   └── StartUnansweredError  to a start: it may still come about
├── BrokerRefusedError        the broker understood and said no, with a problem of its own
├── RefusedError              a rule of ours says no: a code of problems.json, with its parameters
├── NotYoursError             it belongs to somebody else
├── NoExtensionLeftError      its person asked for more time too often
├── ContainerEndingError      asked for more time when its end was asked for already
├── IdleUnavailableError      what is known of idle containers cannot be read or kept
├── StoreUnavailableError     the database does not answer; nothing was changed
├── NameTakenError            the name belongs to another subject of an identity provider
└── TooManyWaitingError       too many devices wait for their login
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shiva_manager_api.domain.images import Image
from shiva_manager_api.domain.machines import DeclaredMachine, MachineReading, Tenant

Container = Mapping[str, Any]  # as the broker's contract has it, checked when it was read
Explanation = Mapping[str, Any]  # the same
Log = Mapping[str, Any]  # the same


class PortError(Exception):
    """Base of every error that people may meet: a code of problems.json, and what its sentences need."""

    code: str

    def __init__(self, cause: object = "", **parameters: object) -> None:
        """`cause` is for the log alone."""
        super().__init__(cause)
        self.parameters: Mapping[str, object] = parameters


class MetricsUnavailableError(PortError):
    """Prometheus gave no usable answer."""

    code = "metrics-unavailable"


class BrokerUnavailableError(PortError):
    """The broker gave no usable answer. Nothing is known to have changed."""

    code = "broker-unavailable"


class StartUnansweredError(BrokerUnavailableError):
    """The broker gave no answer to a start, which may still come about."""

    code = "start-unanswered"


class RefusedError(PortError):
    """A rule of ours says no."""

    def __init__(self, code: str, **parameters: object) -> None:
        """`code` is of problems.json."""
        super().__init__(code, **parameters)
        self.code = code


class NotYoursError(PortError):
    """The container belongs to somebody else."""

    code = "not-yours"


class NoExtensionLeftError(PortError):
    """The container was kept as often as its rule allows in a day."""

    code = "no-extension-left"


class ContainerEndingError(PortError):
    """The container ends already."""

    code = "container-stopping"


class IdleUnavailableError(PortError):
    """What is known of idle containers cannot be read or kept; nothing was changed."""

    code = "idle-unavailable"


class StoreUnavailableError(PortError):
    """The database does not answer, or cannot be written; nothing was changed."""

    code = "store-unavailable"


class NameTakenError(PortError):
    """The user name belongs to another subject of an identity provider."""

    code = "name-taken"


class TooManyWaitingError(PortError):
    """Too many devices wait for their login."""

    code = "too-many-waiting"


class BrokerRefusedError(PortError):
    """The broker understood and said no."""

    def __init__(self, status: int, code: str, title: str, detail: str, parameters: Mapping[str, object]) -> None:
        """Keep its problem: it is ours too."""
        super().__init__(code, **parameters)
        self.status, self.code, self.title, self.detail = status, code, title, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for; None leaves the choice to the broker."""

    name: str = "default"
    image: str | None = None
    machine: str | None = None
    gpus: int = 0


class MetricsSource(Protocol):
    """Readings of every machine."""

    def machines(self) -> Sequence[MachineReading]:
        """Return one reading per machine that is or should be there.

        Raises:
            MetricsUnavailableError: no usable answer; the caller shows its last snapshot with its age, not zeros.
        """


class ContainerBroker(Protocol):
    """The hand. Every method raises BrokerUnavailableError or BrokerRefusedError."""

    def machines(self) -> Sequence[DeclaredMachine]:
        """Return the inventory with its leases."""

    def tenants(self) -> Sequence[Tenant]:
        """Return every container, as everybody may see it."""

    def containers(self) -> Sequence[Container]:
        """Return every container whole."""

    def container(self, container_id: str) -> Container:
        """Return one."""

    def log(self, container_id: str, lines: int) -> Log:
        """Return the last lines that one wrote."""

    def launch(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> tuple[Container, bool]:
        """Return the container and whether it was started now.

        `avoid_gpus` are not given out unless a machine was chosen; `exclude_gpus` never are.
        """

    def explain(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> Explanation:
        """Return whether such a launch would succeed now, and why not."""

    def stop(self, container_id: str) -> None:
        """Ask for its end; gone already is success."""

    def drain(self, machine: str, why: str | None) -> None:
        """Keep new containers off a machine, or (None) open it."""

    def disable(self, gpu: str, why: str | None) -> None:
        """Keep new containers off a GPU, or (None) give it back."""

    def images(self) -> Sequence[Image]:
        """Return the catalogue, and where each image is."""

    def pull(self, image: str, machines: Sequence[str] | None) -> None:
        """Have it fetched to these machines, or (None) to all that answer; what is there, or on its way, is left alone."""
