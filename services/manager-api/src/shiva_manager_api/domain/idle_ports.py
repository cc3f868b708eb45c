"""What the rule for idle containers needs from the world."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from shiva_manager_api.domain.attendance import Jupyter
from shiva_manager_api.domain.gpu_history import GpuHistory
from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.ports import Container

Decision = Mapping[str, object]  # one line of the log: `kind`, whose container, the sentence, the numbers


class IdleBook(Protocol):
    """The one state that culler and API share."""

    def read(self) -> IdleState:
        """Return it; an unreadable one is an empty one.

        Raises:
            IdleUnavailableError: there is no place for it.
        """

    def update(self, change: Callable[[IdleState], IdleState]) -> None:
        """Replace it by what `change` makes of it, while nobody else does; what `change` raises leaves it as it was.

        Raises:
            IdleUnavailableError: it cannot be written; it is as it was.
        """


class GpuHistories(Protocol):
    """What the GPUs did."""

    def read(self, *, until: datetime, span: timedelta) -> GpuHistory:
        """Return the history of every container, asked now.

        Raises:
            MetricsUnavailableError: no usable answer.
        """


class RunningContainers(Protocol):
    """The part of the broker that judging needs. Every method raises BrokerUnavailableError or BrokerRefusedError."""

    def containers(self) -> Sequence[Container]:
        """Return every container whole."""

    def container(self, container_id: str) -> Container:
        """Return one."""

    def activity(self, container_id: str) -> Jupyter:
        """Return what its Jupyter tells now."""

    def stop(self, container_id: str, launch_id: str) -> None:
        """Ask for the end of that launch; one that was started since goes on."""


class Decisions(Protocol):
    """Where decisions go. Never raises, never waits."""

    def note(self, decision: Decision) -> None:
        """Keep one."""
