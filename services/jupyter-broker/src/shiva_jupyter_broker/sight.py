"""What the broker sees of each container as it passes: it knocks, and notes what it sees for the first time."""

from collections.abc import Callable
from datetime import datetime

from shiva_jupyter_broker.domain.containers import Container, ContainerState
from shiva_jupyter_broker.domain.lifecycle import Marks, View, view
from shiva_jupyter_broker.domain.ports import Clock, Journal, Probe, Reach


class Sight:
    """Observations of the broker itself; whoever looks first notes them."""

    def __init__(self, journal: Journal, probe: Probe, clock: Clock, on_ready: Callable[[View], None]) -> None:
        """`on_ready` gets each container once, when its Jupyter has first answered."""
        self._journal = journal
        self._probe = probe
        self._clock = clock
        self._on_ready = on_ready

    def seen(self, container: Container) -> View:
        """Return the container with what was noted of it, after looking once more where that can tell something new."""
        marks = self._journal.marks(container.launch_id)
        if container.state is not ContainerState.LOST and marks.lost_at is not None:
            self._journal.found(container.launch_id)
            marks = self._journal.marks(container.launch_id)
        new = self._news(container, marks)
        if new == Marks():
            return view(container, marks)
        changed = self._journal.note({container.launch_id: new})
        found = view(container, self._journal.marks(container.launch_id))
        if new.ready_at is not None and container.launch_id in changed:
            self._on_ready(found)
        return found

    def _news(self, container: Container, marks: Marks) -> Marks:
        """Return what can be noted now."""
        state, now = container.state, self._clock()
        if state is ContainerState.BOOTING and marks.ready_at is None and marks.stopping_at is None:
            return self._knock(container, marks, now)
        if state is ContainerState.LOST and marks.lost_at is None:
            return Marks(lost_at=now)
        if state is ContainerState.FAILED and marks.failed_at is None:
            return Marks(failed_at=now)
        if state is ContainerState.PULLING and marks.pulling_at is None:
            return Marks(pulling_at=now)
        return Marks()

    def _knock(self, container: Container, marks: Marks, now: datetime) -> Marks:
        pulled_at = now if marks.pulling_at is not None and marks.pulled_at is None else None
        reach = self._probe.reach(container)
        return Marks(
            pulled_at=pulled_at,
            listening_at=self._clock() if reach >= Reach.LISTENING and marks.listening_at is None else None,
            ready_at=self._clock() if reach is Reach.ANSWERING else None,
        )
