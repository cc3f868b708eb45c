"""What the broker sees of each container as it passes: it knocks, and notes what it sees for the first time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from shiva_jupyter_broker.domain.containers import Container, ContainerState, LaunchId
from shiva_jupyter_broker.domain.lifecycle import Marks, View, view
from shiva_jupyter_broker.domain.ports import Clock, Journal, Probe, Reach

KNOCKS = 16  # at the same time


class Lost:
    """Which of what is lost still answers: its engine may be away, or lie, while its Jupyter works on.

    And which of what fell with its engine answers again: that it has answered before says nothing of now.
    """

    def __init__(self, probe: Probe) -> None:
        """Nothing is lost."""
        self._probe = probe
        self._knocking = ThreadPoolExecutor(KNOCKS, thread_name_prefix="lost")
        self._knocked = set[LaunchId]()  # a thread is on its way there
        self._silent = set[LaunchId]()
        self._fell = set[LaunchId]()

    def seen(self, container: Container) -> Container:
        """Return it, without an endpoint once nobody with its token answers there. Nobody waits: it is asked for the next time."""
        if container.endpoint is None:
            return container
        if container.launch_id not in self._knocked:
            self._knocked.add(container.launch_id)
            self._knocking.submit(self._knock, container)
        return replace(container, endpoint=None) if container.launch_id in self._silent else container

    def doubts(self, container: Container, marks: Marks) -> bool:
        """Return whether it has to be seen whether it answers."""
        if container.state is ContainerState.PENDING and marks.ready_at is not None:
            self._fell.add(container.launch_id)
            self._silent.add(container.launch_id)
        rises = container.state is ContainerState.BOOTING and container.launch_id in self._fell
        return rises or container.state is ContainerState.LOST

    def _knock(self, container: Container) -> None:
        answers = self._probe.reach(container) is Reach.ANSWERING
        (self._silent.discard if answers else self._silent.add)(container.launch_id)
        if answers:
            self._fell.discard(container.launch_id)
        self._knocked.discard(container.launch_id)


class Sight:
    """Observations of the broker itself; whoever looks first notes them."""

    def __init__(self, journal: Journal, probe: Probe, clock: Clock, on_ready: Callable[[View], None]) -> None:
        """`on_ready` gets each container once, when its Jupyter has first answered."""
        self._journal = journal
        self._probe = probe
        self._clock = clock
        self._on_ready = on_ready
        self._lost = Lost(probe)
        self._knocking = ThreadPoolExecutor(KNOCKS, thread_name_prefix="knock")

    def seen(self, container: Container) -> View:
        """Return one container with what was noted of it; see `all_seen`."""
        return self.all_seen([container])[0]

    def all_seen(self, containers: Sequence[Container]) -> list[View]:
        """Return each with what was noted of it, after looking once more where that can tell something new.

        Knocks go out side by side and are noted together, so that many that boot take no longer than one that does not answer.
        """
        marks = [self._known(each) for each in containers]
        containers = [
            self._lost.seen(each) if self._lost.doubts(each, known) else each
            for each, known in zip(containers, marks, strict=True)
        ]
        looks = [(each, known) for each, known in zip(containers, marks, strict=True) if self._tells_more(each, known)]
        if not looks:
            return [view(each, known) for each, known in zip(containers, marks, strict=True)]
        knocking = (
            self._knocking.map(lambda look: self._news(*look), looks) if len(looks) > 1 else [self._news(*looks[0])]
        )
        news = {each.launch_id: found for (each, _), found in zip(looks, knocking, strict=True) if found != Marks()}
        changed = self._journal.note(news)
        views = [view(each, self._journal.marks(each.launch_id)) for each in containers]
        for found in views:
            launch = found.container.launch_id
            if launch in changed and news[launch].ready_at is not None:
                self._on_ready(found)
        return views

    def _known(self, container: Container) -> Marks:
        marks = self._journal.marks(container.launch_id)
        if container.state is ContainerState.LOST or marks.lost_at is None:
            return marks
        self._journal.found(container.launch_id)
        return self._journal.marks(container.launch_id)

    @staticmethod
    def _tells_more(container: Container, marks: Marks) -> bool:
        """Return whether a look at it can tell what was not noted yet."""
        noted = {
            ContainerState.BOOTING: marks.ready_at or marks.stopping_at,
            ContainerState.LOST: marks.lost_at,
            ContainerState.FAILED: marks.failed_at,
            ContainerState.PULLING: marks.pulling_at,
        }
        return container.state in noted and noted[container.state] is None

    def _news(self, container: Container, marks: Marks) -> Marks:
        """Return what can be noted now of what `_tells_more`."""
        now = self._clock()
        match container.state:
            case ContainerState.LOST:
                return Marks(lost_at=now)
            case ContainerState.FAILED:
                return Marks(failed_at=now)
            case ContainerState.PULLING:
                return Marks(pulling_at=now)
            case _:
                return self._knock(container, marks, now)

    def _knock(self, container: Container, marks: Marks, now: datetime) -> Marks:
        pulled_at = now if marks.pulling_at is not None and marks.pulled_at is None else None
        reach = self._probe.reach(container)
        return Marks(
            pulled_at=pulled_at,
            listening_at=self._clock() if reach >= Reach.LISTENING and marks.listening_at is None else None,
            ready_at=self._clock() if reach is Reach.ANSWERING else None,
        )
