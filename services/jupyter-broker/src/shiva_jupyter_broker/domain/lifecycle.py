"""What was observed → what people see: the state, the way there, and how long each phase of the start took. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from shiva_jupyter_broker.domain.containers import Container, ContainerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the broker alone saw, or decided, of one launch; None means that it did not."""

    pulling_at: datetime | None = None  # its machine was first seen to fetch the image
    pulled_at: datetime | None = None  # its image was first seen to be there, after a pull
    listening_at: datetime | None = None  # Jupyter's port was first seen
    ready_at: datetime | None = None  # Jupyter first answered with its token
    last_access_at: datetime | None = None
    lost_at: datetime | None = None  # its machine was first seen not to report; None again once it does
    stopping_at: datetime | None = None  # its end was asked for: carried on after a restart of the broker
    failed_at: datetime | None = None  # it was first seen to have failed
    failure: str | None = None  # why the broker itself ended it, as a sentence

    def merged(self, later: "Marks") -> "Marks":
        """Return both: of two accesses the later stays, of everything else what was noted first."""
        kept = {each.name: getattr(self, each.name) or getattr(later, each.name) for each in fields(self)}
        accesses = [at for at in (self.last_access_at, later.last_access_at) if at is not None]
        return Marks(**kept | {"last_access_at": max(accesses, default=None)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Seconds of each phase of the start; None while it has not ended, or where an end of it is unknown."""

    placed_seconds: float | None
    pulled_seconds: float | None
    created_seconds: float | None
    booting_seconds: float | None
    ready_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transition of a container's life."""

    state: ContainerState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A container together with what the broker saw of it."""

    container: Container
    marks: Marks

    @property
    def phases(self) -> Phases:
        """How long each phase took. Without a pull, none took no time: its image was there."""
        c, marks = self.container, self.marks
        return Phases(
            placed_seconds=_seconds(c.requested_at, c.placed_at),
            pulled_seconds=_seconds(c.placed_at, marks.pulled_at),
            created_seconds=_seconds(marks.pulled_at or c.placed_at, c.started_at),
            booting_seconds=_seconds(c.started_at, marks.listening_at),
            ready_seconds=_seconds(marks.listening_at, marks.ready_at),
        )

    @property
    def time_to_notebook_seconds(self) -> float | None:
        """From the request to Jupyter's first answer."""
        return _seconds(self.container.requested_at, self.marks.ready_at)

    @property
    def history(self) -> Sequence[Step]:
        """Every transition that was seen, in the order of their times."""
        c, marks = self.container, self.marks
        seen = [
            (ContainerState.PENDING, c.requested_at),
            (ContainerState.PULLING, marks.pulling_at),
            (ContainerState.BOOTING, c.started_at),
            (ContainerState.READY, marks.ready_at),
            (ContainerState.LOST, marks.lost_at),
            (ContainerState.STOPPING, marks.stopping_at),
            (ContainerState.FAILED, c.ended_at or marks.failed_at),
        ]
        return sorted((Step(state=state, at=at) for state, at in seen if at is not None), key=lambda step: step.at)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    # An engine's clock ticks in hundredths, so a start may seem to lie a moment before its request.
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


def view(container: Container, marks: Marks) -> View:
    """Return what people see: a booting container whose Jupyter has answered is ready, one that is to end is stopping."""
    state, reason = container.state, container.reason
    if state is not ContainerState.FAILED and state is not ContainerState.LOST and (marks.stopping_at or marks.failure):
        state = ContainerState.STOPPING
    elif state is ContainerState.BOOTING and container.endpoint is not None and marks.ready_at is not None:
        state = ContainerState.READY
    elif state is ContainerState.FAILED and marks.failure is not None:
        reason = marks.failure
    ends = state is ContainerState.STOPPING or marks.stopping_at or marks.failure
    endpoint = None if ends else container.endpoint
    return View(container=replace(container, state=state, reason=reason, endpoint=endpoint), marks=marks)


def newest(containers: Iterable[Container]) -> list[Container]:
    """Return one container an id, by id: of twins, whose machines do not know of each other, the one placed last."""
    latest: dict[str, Container] = {}
    for each in containers:
        known = latest.get(each.id)
        if known is None or (known.placed_at, known.launch_id) < (each.placed_at, each.launch_id):
            latest[each.id] = each
    return [latest[key] for key in sorted(latest)]
