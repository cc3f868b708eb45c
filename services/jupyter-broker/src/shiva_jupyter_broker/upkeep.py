"""What the watcher does at every look: carry on what was begun, end what must not go on, forget what is gone."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from shiva_jupyter_broker.domain.containers import Container, ContainerState
from shiva_jupyter_broker.domain.lifecycle import Marks, View, newest
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError
from shiva_jupyter_broker.service import Broker

log = logging.getLogger("shiva.jupyter_broker.upkeep")

UNSETTLED = {ContainerState.PENDING, ContainerState.PULLING, ContainerState.BOOTING, ContainerState.STOPPING}


class Upkeep:
    """One step after the other, each safe to repeat and to be cut off anywhere."""

    def __init__(self, broker: Broker, *, boot_timeout: timedelta) -> None:
        """`boot_timeout` is how long a Jupyter may take until its first answer."""
        self._broker = broker
        self._boot_timeout = boot_timeout

    def step(self) -> bool:
        """Look once at everything; return whether something is still on its way."""
        broker, launcher = self._broker, self._broker.ports.launcher
        launcher.settle()
        with broker.deciding:  # else a launch in between would be forgotten as soon as it is seen
            found = launcher.containers()
            broker.ports.journal.forget_all_but({each.launch_id for each in found})
        views = broker.sight.all_seen(newest(found))
        self._end_twins(found, views)
        now = broker.ports.clock()
        for seen in views:
            self._carry_on_stop(seen)
            self._end_what_never_answers(seen, now)
        return any(seen.container.state in UNSETTLED for seen in views)

    def _end_twins(self, found: Sequence[Container], views: Sequence[View]) -> None:
        """End the older of two launches: its machine was lost, and now reports again."""
        winners = {seen.container.launch_id for seen in views}
        for each in found:
            if each.launch_id not in winners and each.state is not ContainerState.LOST:
                log.info("an older launch ends", extra={"container": each.id, "machine": each.machine})
                self._stop(each, keep=False)

    def _carry_on_stop(self, seen: View) -> None:
        """Ask again for an end that was asked for: the broker ended in between, or the machine was away."""
        lost = seen.container.state is ContainerState.LOST
        if seen.marks.stopping_at is not None and not lost:
            self._stop(seen.container, keep=False)

    def _end_what_never_answers(self, seen: View, now: datetime) -> None:
        c, marks = seen.container, seen.marks
        booting = c.state is ContainerState.BOOTING and marks.ready_at is None and c.started_at is not None
        if booting and now - (c.started_at or now) > self._boot_timeout:
            seconds = self._boot_timeout.total_seconds()
            failure = (
                f"Jupyter did not answer within {seconds:g} s and was ended. The files in the home are safe. "
                "Look at the last lines of its log, then start it again, or with another image."
            )
            log.info("a container never answered", extra={"container": c.id, "machine": c.machine})
            self._broker.ports.journal.note({c.launch_id: Marks(failure=failure)})
            self._stop(c, keep=True)
        elif marks.failure is not None and c.state is ContainerState.STOPPING and marks.stopping_at is None:
            self._stop(c, keep=True)

    def _stop(self, container: Container, *, keep: bool) -> None:
        try:
            self._broker.ports.launcher.stop(container.launch_id, grace=self._broker.stop_grace, keep=keep)
        except LauncherUnavailableError:
            log.info("an end has to wait for its machine", extra={"container": container.id})
