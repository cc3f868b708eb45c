"""HomeStore in a directory that every machine sees: CephFS, NFS, or a plain folder on one machine."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from shiva_jupyter_broker.domain.containers import UserName
from shiva_jupyter_broker.domain.ports import Home, HomeUnavailableError

BOOK = ".shiva/uids"  # the highest uid ever given: a home that somebody removed frees no uid
FIRST = 20001  # inside a container, so above every user that an image brings


class SharedDirectory:
    """One folder a person, named like the person. Its owner is the record of the person's uid, the same on every machine."""

    def __init__(self, root: Path, *, uid_base: int | None) -> None:
        """`root` is made when it is missing; uids begin at `uid_base` + 20001, which takes root to give away.

        None: every home is the broker's own, as is every container.
        """
        self._root = root.resolve()
        self._gives = uid_base is not None
        self._first = (uid_base or 0) + FIRST
        self._last = (uid_base or 0) + 65533  # what a remapped range of 65536 holds, without nobody
        self._root.mkdir(parents=True, exist_ok=True)

    def lacking(self) -> Sequence[str]:
        """Return the mount options that the root should have here and has not: no file in a home may work as setuid or device."""
        flags = os.statvfs(self._root).f_flag
        return [name for name, flag in (("nosuid", os.ST_NOSUID), ("nodev", os.ST_NODEV)) if not flags & flag]

    def ensure(self, user: UserName) -> Home:
        """Return the home; a user name cannot leave the root, see `naming`."""
        path = self._root / user
        try:
            owner = self._owner(path) if path.exists() else self._make(path)
        except (
            OSError,
            ValueError,
        ) as error:  # the storage is full or away, something else lies there, the book is damaged
            raise HomeUnavailableError(user) from error
        if self._gives and not self._first <= owner <= self._last:
            raise HomeUnavailableError(user) from ValueError(
                f"{path} belongs to {owner}, and people are {self._first} to {self._last} (UID_BASE)"
            )
        return Home(path=str(path), uid=owner)

    @staticmethod
    def _owner(path: Path) -> int:
        found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            return os.fstat(found).st_uid
        finally:
            os.close(found)

    def _make(self, path: Path) -> int:
        """Make a home under another name first, so that nobody finds one without its owner."""
        if not self._gives:
            path.mkdir(mode=0o700, exist_ok=True)
            return self._owner(path)
        book = self._root / BOOK
        book.parent.mkdir(mode=0o711, exist_ok=True)
        with os.fdopen(os.open(book, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two brokers on two machines must not give one uid twice
            if path.exists():
                return self._owner(path)
            uid = self._next(file.read())
            file.seek(0)
            file.write(f"{uid}\n")
            file.flush()
            os.fsync(file.fileno())
            draft = book.parent / f"home-{uid}"
            draft.mkdir(mode=0o700)
            os.chown(draft, uid, uid)
            draft.rename(path)
            return uid

    def _next(self, noted: str) -> int:
        """Return the next uid: above the book, and above every home, should the book have been lost."""
        owners = [entry.stat(follow_symlinks=False).st_uid for entry in os.scandir(self._root)]
        known = [uid for uid in [int(noted or 0), *owners] if self._first <= uid <= self._last]
        if (uid := max(known, default=self._first - 1) + 1) > self._last:
            raise OSError("there are no uids left")
        return uid
