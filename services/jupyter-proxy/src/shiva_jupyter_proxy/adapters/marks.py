"""What must hold over several processes and restarts: ended sessions, used codes, last uses. Empty files in one folder.

`ended-<session>`  it is over            `left-<user>`  sessions that began before this file's time are over
`used-<code>`      it was taken          `seen-<session>`  last used at about this file's time
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from shiva_jupyter_proxy.domain.ports import Session

log = logging.getLogger("shiva.jupyter_proxy.marks")

LOOK_SECONDS = 1.0
SEEN_SECONDS = 60.0  # a use is noted this often at most
SWEEP_SECONDS = 600.0


class Marks:
    """One process's view of the folder; it is looked at once a second."""

    def __init__(
        self,
        folder: Path,
        *,
        lifetime: timedelta,
        idle: timedelta,
        on_over: Callable[[set[str]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`on_over` gets the ids of sessions that are over now; OSError when the folder cannot be used."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._lifetime = lifetime.total_seconds()
        self._idle = idle.total_seconds()
        self._on_over = on_over
        self._clock = clock
        self._ended: set[str] = set()
        self._left: dict[str, float] = {}
        self._seen: dict[str, tuple[Session, float]] = {}  # the sessions used here, and when that was noted
        self._swept_at = clock()
        self.look()

    def take(self, code: str) -> bool:
        """Use a code up; False when it was used before, by any process."""
        return self._make(f"used-{code}")

    def end(self, session: Session, *, everywhere: bool = False) -> None:
        """End a session, or all of its person that began until now: here at once, elsewhere at the next look."""
        if everywhere:
            path = self._folder / f"left-{session.person.name}"
            path.touch(mode=0o600)
            os.utime(path, (now := self._clock(), now))
        else:
            self._make(f"ended-{session.id}")
        self.look()

    def holds(self, session: Session) -> bool:
        """Whether a session goes on; it is used now."""
        now = self._clock()
        if self._is_over(session, now):
            return False
        noted = self._seen.get(session.id)
        if noted is not None and now - noted[1] < SEEN_SECONDS:
            return True
        path = self._folder / f"seen-{session.id}"
        if now - max(session.issued_at, _time_of(path) or 0.0) > self._idle:
            return False
        self._seen[session.id] = (session, now)
        try:
            path.touch(mode=0o600)
            os.utime(path, (now, now))
        except OSError as error:
            log.warning("the use of a session was not noted", extra={"cause": str(error)})
        return True

    def look(self) -> None:
        """Take what other processes marked, and say which sessions are over."""
        try:
            names = os.listdir(self._folder)
        except OSError as error:
            log.error("the folder of marks cannot be read, keeping what is known", extra={"cause": str(error)})
            return
        self._ended = {name.removeprefix("ended-") for name in names if name.startswith("ended-")}
        for name in names:
            if name.startswith("left-") and (at := _time_of(self._folder / name)) is not None:
                self._left[name.removeprefix("left-")] = at
        now = self._clock()
        if over := {id_ for id_, (session, _) in self._seen.items() if self._is_over(session, now)}:
            for id_ in over:
                del self._seen[id_]
            self._on_over(over)
        if now - self._swept_at > SWEEP_SECONDS:
            self._swept_at = now
            self._sweep(names, now)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception:  # a mistake of ours must not end the looking
                log.exception("looking at the marks failed")

    def _is_over(self, session: Session, now: float) -> bool:
        left = self._left.get(session.person.name)
        return (
            session.id in self._ended
            or (left is not None and session.issued_at <= left)
            or now - session.issued_at > self._lifetime
        )

    def _make(self, name: str) -> bool:
        try:
            os.close(os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True

    def _sweep(self, names: list[str], now: float) -> None:
        """Remove marks of what is over anyway: nothing here outlives a session's longest life."""
        for name in names:
            path = self._folder / name
            at = _time_of(path)
            if at is not None and now - at > self._lifetime + SWEEP_SECONDS:
                path.unlink(missing_ok=True)


def _time_of(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
