"""One thread a launch: what is begun for it is not begun twice, and what ends it waits for what starts it."""

import logging
import threading
from collections.abc import Callable

from docker.errors import APIError

from shiva_jupyter_broker.domain.containers import LaunchId
from shiva_jupyter_broker.domain.ports import PortError

log = logging.getLogger("shiva.jupyter_broker.docker_jobs")


class Jobs:
    """Which launches a thread of ours works at."""

    def __init__(self) -> None:
        """Nobody works."""
        self._changed = threading.Condition()
        self._held = set[LaunchId]()
        self._ending = set[LaunchId]()

    @property
    def held(self) -> frozenset[LaunchId]:
        """Return what is being started."""
        with self._changed:
            return frozenset(self._held)

    def is_ending(self, launch: LaunchId) -> bool:
        """Tell whether a launch is being ended."""
        return launch in self._ending

    def hold(self, launch: LaunchId) -> bool:
        """Take a launch for the calling thread; False when another has it, or it is being ended."""
        with self._changed:
            if launch in self._held or launch in self._ending:
                return False
            self._held.add(launch)
            return True

    def let_go(self, launch: LaunchId) -> None:
        """Give it back."""
        with self._changed:
            self._held.discard(launch)
            self._changed.notify_all()

    def go_on(self, launch: LaunchId, act: Callable[[], object]) -> None:
        """Let a thread do the rest for a launch that the caller holds, and then give it back."""
        threading.Thread(target=self._run, args=(launch, act), daemon=True).start()

    def begin(self, launch: LaunchId, act: Callable[[], object]) -> None:
        """Let a thread do something for a launch, unless another one works at it."""
        if self.hold(launch):
            self.go_on(launch, act)

    def end(self, launch: LaunchId, act: Callable[[], object]) -> None:
        """Let a thread end a launch, once nobody works at it any more; asking again while it does changes nothing."""
        with self._changed:
            if launch in self._ending:
                return
            self._ending.add(launch)
        threading.Thread(target=self._end, args=(launch, act), daemon=True).start()

    def _run(self, launch: LaunchId, act: Callable[[], object]) -> None:
        try:
            _say(launch, act)
        finally:
            self.let_go(launch)

    def _end(self, launch: LaunchId, act: Callable[[], object]) -> None:
        try:
            with self._changed:
                self._changed.wait_for(lambda: launch not in self._held)
            _say(launch, act)
        finally:
            with self._changed:
                self._ending.discard(launch)


def _say(launch: LaunchId, act: Callable[[], object]) -> None:
    try:
        act()
    except (APIError, PortError) as error:
        log.warning("something has to be tried again", extra={"launch": launch, "cause": repr(error)})
