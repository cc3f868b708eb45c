"""What was observed → what people see: the state, and how long each phase of the start took. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from shiva_jupyter_broker.domain.containers import Container, ContainerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the broker alone saw of one launch; None means that it did not see it."""

    listening_at: datetime | None = None  # Jupyter's port was first seen
    ready_at: datetime | None = None  # Jupyter first answered with its token
    last_access_at: datetime | None = None
    lost_at: datetime | None = None  # its machine was first seen not to report; None again once it does


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Seconds of each phase of the start; None while it has not ended, or where an end of it is unknown."""

    placed_seconds: float | None
    created_seconds: float | None
    booting_seconds: float | None
    ready_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A container together with what the broker saw of it."""

    container: Container
    marks: Marks

    @property
    def phases(self) -> Phases:
        """How long each phase took."""
        c = self.container
        return Phases(
            placed_seconds=_seconds(c.requested_at, c.placed_at),
            created_seconds=_seconds(c.placed_at, c.started_at),
            booting_seconds=_seconds(c.started_at, self.marks.listening_at),
            ready_seconds=_seconds(self.marks.listening_at, self.marks.ready_at),
        )

    @property
    def time_to_notebook_seconds(self) -> float | None:
        """From the request to Jupyter's first answer."""
        return _seconds(self.container.requested_at, self.marks.ready_at)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    # An engine's clock ticks in hundredths, so a start may seem to lie a moment before its request.
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


def view(container: Container, marks: Marks) -> View:
    """Return what people see: a booting container whose Jupyter has answered is ready."""
    if container.state is ContainerState.BOOTING and container.endpoint is not None and marks.ready_at is not None:
        container = replace(container, state=ContainerState.READY)
    return View(container=container, marks=marks)
