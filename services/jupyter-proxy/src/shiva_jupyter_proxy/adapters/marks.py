"""What must hold over several processes and restarts: ended sessions, used codes, last uses. Empty files in one folder.

`ended-<session>`  it is over            `left-<user>`  sessions that began before this file's time are over
`used-<code>`      it was taken          `seen-<session>`  last used at about this file's time
`barred-<user>`    shut out              no session of theirs holds
"""

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from shiva_jupyter_proxy.domain.ports import Revoked, Session

log = logging.getLogger("shiva.jupyter_proxy.marks")

LOOK_SECONDS = 1.0
SEEN_SECONDS = 60.0  # a use is noted this often at most
SWEEP_SECONDS = 600.0
USED_SECONDS = 3600.0  # no code and no login on its way is good for as long


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
        self._left: dict[str, float] = {}  # sessions that began until then are over: all of who is shut out
        self._seen: dict[str, tuple[Session, float]] = {}  # the sessions used here, and when that was noted
        self._swept_at = clock()
        self._left |= {name: math.inf for name in _after("barred-", os.listdir(folder))}
        self.look()

    def take(self, code: str) -> bool:
        """Use a code up; False when it was used before, by any process."""
        return self._make(f"used-{code}")

    def end(self, session: Session, *, everywhere: bool = False) -> None:
        """End a session, or all of its person that began until now: here at once, elsewhere at the next look."""
        if everywhere:
            self._leave(session.person.name, self._clock())
        else:
            self._make(f"ended-{session.id}")
        self.look()

    def told(self, people: Sequence[Revoked]) -> None:
        """Take the manager's word about whose sessions are over. It is kept on disk: a restart forgets nothing.

        Who was shut out and is let in again logs in anew: the sessions from before stay over.
        """
        barred = {each.name for each in people if each.barred}
        before = {name for name in self._left if self.is_barred(name)}
        ends = [(each.name, each.ended_before or 0.0) for each in people]
        ends += [(name, self._clock()) for name in before - barred]
        for name in before - barred:
            del self._left[name]
        self._left |= {name: max(at, self._left.get(name, 0.0)) for name, at in ends}
        self._left |= dict.fromkeys(barred, math.inf)
        try:
            self._keep(ends, barred, before)
        except OSError as error:
            log.error("revocations hold, but a restart will forget them", extra={"cause": str(error)})
        self.look()

    def _keep(self, ends: list[tuple[str, float]], barred: set[str], before: set[str]) -> None:
        for name, at in ends:
            self._leave(name, at)
        for name in barred - before:
            self._make(f"barred-{name}")
        for name in before - barred:
            (self._folder / f"barred-{name}").unlink(missing_ok=True)

    def is_barred(self, name: str) -> bool:
        """Whether a person is shut out."""
        return self._left.get(name) == math.inf

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
        self._ended = _after("ended-", names)
        for name in _after("left-", names):
            at = _time_of(self._folder / f"left-{name}") or 0.0
            self._left[name] = max(at, self._left.get(name, 0.0))
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

    def _leave(self, name: str, at: float) -> None:
        """Mark that sessions that began until `at` are over; a mark never goes back."""
        path, new = self._folder / f"left-{name}", self._folder / f"new-{os.getpid()}-{name}"
        if at > (_time_of(path) or 0.0):
            new.touch(mode=0o600)
            os.utime(new, (at, at))
            os.replace(new, path)  # nobody sees it with another time

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
            at, lasts = _time_of(path), USED_SECONDS if name.startswith("used-") else self._lifetime + SWEEP_SECONDS
            if at is not None and now - at > lasts and not name.startswith("barred-"):
                path.unlink(missing_ok=True)


def _after(prefix: str, names: list[str]) -> set[str]:
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def _time_of(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
