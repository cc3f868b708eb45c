"""HomeStore in a directory that every machine sees: CephFS, NFS, or a plain folder on one machine."""

from pathlib import Path

from shiva_jupyter_broker.domain.containers import UserName
from shiva_jupyter_broker.domain.ports import HomeUnavailableError


class SharedDirectory:
    """One folder a person, named like the person."""

    def __init__(self, root: Path) -> None:
        """`root` is made when it is missing."""
        self._root = root.resolve()
        self._root.mkdir(parents=True, exist_ok=True)

    def ensure(self, user: UserName) -> str:
        """Return the path of the home; a user name cannot leave the root, see `naming`."""
        home = self._root / user
        try:
            home.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:  # the storage is full or away, or something else lies there
            raise HomeUnavailableError(user) from error
        return str(home)
