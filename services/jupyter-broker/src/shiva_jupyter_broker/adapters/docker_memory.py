"""What was last seen on each machine, in a file: for when the broker starts and a machine is away."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.files import write_atomically

log = logging.getLogger("shiva.jupyter_broker.docker_memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One machine as last seen."""

    containers: Sequence[Mapping[str, str]] = ()  # the labels of each
    alive: frozenset[str] = frozenset()  # the launches that had not ended
    ports: Mapping[str, int] = field(default_factory=dict)  # where those that listened did, by launch


class Memory:
    """By machine. A file that cannot be read or written costs a restart's memory, no more, and says so."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier broker kept."""
        self._path = path
        self._lock = threading.Lock()
        self._known: Mapping[str, Remembered] = {}
        self.is_new = not path.exists()
        if not self.is_new:
            try:
                self._known = {name: _read(raw) for name, raw in json.loads(path.read_text(encoding="utf-8")).items()}
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                log.exception("what was last seen is unreadable", extra={"path": str(path)})

    def of(self, machine: str) -> Remembered:
        """Return what was last seen there; nothing of a machine that was never seen."""
        return self._known.get(machine, Remembered())

    def keep(self, seen: Mapping[str, Remembered]) -> None:
        """Replace it, where that changes anything."""
        with self._lock:
            if seen == self._known:
                return
            text = json.dumps(
                {
                    name: {
                        "containers": list(map(dict, each.containers)),
                        "alive": sorted(each.alive),
                        "ports": dict(each.ports),
                    }
                    for name, each in seen.items()
                }
            )
            try:
                write_atomically(self._path, text)
            except OSError:
                log.exception("what was last seen cannot be kept")
            self._known = seen


def _read(raw: Mapping[str, Any]) -> Remembered:
    containers = [{str(key): str(value) for key, value in dict(each).items()} for each in raw["containers"]]
    containers = [
        each for each in containers if {labels.LAUNCH, labels.ID} <= each.keys()
    ]  # else damaged, as on the engine
    ports = {str(launch): int(port) for launch, port in dict(raw.get("ports", {})).items()}
    return Remembered(containers=containers, alive=frozenset(map(str, raw["alive"])), ports=ports)
