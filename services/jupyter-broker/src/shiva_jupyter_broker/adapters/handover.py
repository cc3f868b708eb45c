"""What a container is given that nobody else may see: its token, in a folder of its own on the shared storage.

The token is worked out from the launch's id and a key that only the broker has, so that it stands in no label and is the
same after a restart. The folder is mounted read-only into the container, whose root alone can read it.
"""

import hashlib
import hmac
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from shiva_jupyter_broker.adapters.files import write_atomically
from shiva_jupyter_broker.domain.containers import LaunchId
from shiva_jupyter_broker.domain.ports import HomeUnavailableError

log = logging.getLogger("shiva.jupyter_broker.handover")

FOLDER = ".shiva/launches"  # beside the homes: no user name begins with a dot
KEY_BYTES = 32


def token_of(key: bytes) -> Callable[[LaunchId], str]:
    """Return how the token of a launch is worked out: 64 hexadecimal digits."""
    return lambda launch: hmac.new(key, launch.encode(), hashlib.sha256).hexdigest()


def key_in(path: Path) -> bytes:
    """Return the broker's key, made when it is missing. Losing it ends no container, but none can be entered any more.

    Raises:
        ValueError: the file is no key; the message names it.
    """
    if not path.exists():
        write_atomically(path, secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is no key of {KEY_BYTES} bytes")
    return key


class Handover:
    """One folder a launch, `<homes>/.shiva/launches/<domain>/<launch>`, with the file `token`."""

    def __init__(self, homes: Path, *, domain: str, root_uid: int) -> None:
        """Installations that share the homes differ by `domain`, and leave each other's launches alone.

        `root_uid` is who a container's root is outside: 0, or where the engines' remapped range begins."""
        self._root = homes.resolve() / FOLDER / domain
        self._root_uid = root_uid

    def give(self, launch: LaunchId, token: str) -> str:
        """Write the token and return the folder; doing it again changes nothing.

        Raises:
            HomeUnavailableError: the storage refuses.
        """
        folder = self._root / launch
        try:
            for each in (self._root.parent, self._root):
                each.mkdir(mode=0o711, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            draft = folder / f".token.{os.getpid()}.{threading.get_ident()}"  # of two who give it at once, both succeed
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w", encoding="ascii") as file:
                file.write(token)
            if os.geteuid() == 0:
                os.chown(draft, self._root_uid, self._root_uid)
                os.chown(folder, self._root_uid, self._root_uid)
            draft.replace(folder / "token")
        except OSError as error:
            raise HomeUnavailableError(str(launch)) from error
        return str(folder)

    def forget_all_but(self, launches: set[LaunchId]) -> None:
        """Remove the folders of launches that are gone."""
        try:
            gone = [entry for entry in os.scandir(self._root) if entry.name not in launches]
        except OSError:
            return
        for entry in gone:
            shutil.rmtree(entry.path, ignore_errors=True)
            log.info("launch forgotten", extra={"launch": entry.name})
