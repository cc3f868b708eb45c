"""SwitchBoard in a small file, replaced atomically."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from shiva_jupyter_broker.adapters.files import write_atomically
from shiva_jupyter_broker.domain.cluster import Switches
from shiva_jupyter_broker.domain.containers import GpuUuid, MachineName
from shiva_jupyter_broker.domain.ports import SwitchNotKeptError

log = logging.getLogger("shiva.jupyter_broker.switches")

K = TypeVar("K", bound=str)


class SwitchFile:
    """What is switched off, with a sentence each."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier broker kept.

        Raises:
            ValueError: the file is damaged. It is not begun anew: a drained machine must not open by itself.
        """
        self._path = path
        self._lock = threading.Lock()
        self._switches = Switches()
        if path.exists():
            try:
                raw = json.loads(path.read_text(encoding="utf-8"))
                self._switches = Switches(
                    drained={MachineName(str(name)): str(why) for name, why in raw["drained"].items()},
                    disabled={GpuUuid(str(uuid)): str(why) for uuid, why in raw["disabled"].items()},
                )
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"{path} is damaged: {error!r}. Repair it, or remove it to open everything."
                ) from error

    def switches(self) -> Switches:
        """Return what is switched off now."""
        return self._switches

    def drain(self, machine: MachineName, why: str | None) -> None:
        """Close or open a machine."""
        with self._lock:
            self._keep(replace(self._switches, drained=_changed(self._switches.drained, machine, why)))

    def disable(self, gpu: GpuUuid, why: str | None) -> None:
        """Close or open a GPU."""
        with self._lock:
            self._keep(replace(self._switches, disabled=_changed(self._switches.disabled, gpu, why)))

    def _keep(self, switches: Switches) -> None:
        """Write first: what was not kept is not in force either."""
        try:
            write_atomically(self._path, json.dumps(asdict(switches), indent=1))
        except OSError as error:
            log.exception("a switch cannot be kept")
            raise SwitchNotKeptError(error.strerror) from error
        self._switches = switches


def _changed(known: Mapping[K, str], key: K, why: str | None) -> dict[K, str]:
    others = {name: text for name, text in known.items() if name != key}
    return others if why is None else others | {key: why}
