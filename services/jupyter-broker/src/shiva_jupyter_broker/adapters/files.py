"""Inventory and journal in files: one read, one replaced atomically."""

import json
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path

from shiva_jupyter_broker.domain.containers import Gpu, GpuUuid, LaunchId, Machine, MachineName
from shiva_jupyter_broker.domain.lifecycle import Marks

log = logging.getLogger("shiva.jupyter_broker.files")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace `path`, readable by its owner alone, so that a reader sees the old or the new content and nothing between."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


class InventoryFile:
    """Inventory from machines.json, the one list that Prometheus' targets are made from too."""

    def __init__(self, path: Path) -> None:
        """Read it once, so that a bad file ends the start and not a request.

        Raises:
            ValueError: it cannot be read, or is not an inventory; the message names the file.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            self._machines = tuple(sorted((_machine(each) for each in raw["machines"]), key=lambda m: m.name))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not an inventory: {error!r}") from error
        if len({machine.name for machine in self._machines}) != len(self._machines):
            raise ValueError(f"{path} names a machine twice")
        gpus = [gpu.uuid for machine in self._machines for gpu in machine.gpus]
        if len(set(gpus)) != len(gpus):
            raise ValueError(f"{path} names a GPU twice")

    def machines(self) -> Sequence[Machine]:
        """Return the declared machines by name."""
        return self._machines


def _machine(raw: dict[str, object]) -> Machine:
    gpus = raw["gpus"]
    if not isinstance(gpus, list):
        raise TypeError("gpus must be a list")
    return Machine(
        name=MachineName(str(raw["name"])),
        address=str(raw["address"]),
        cpus=int(str(raw["cpus"])),
        memory_bytes=int(str(raw["memory_bytes"])),
        gpus=tuple(
            Gpu(uuid=GpuUuid(str(gpu["uuid"])), index=int(gpu["index"]), model=str(gpu["model"])) for gpu in gpus
        ),
        driver=None if raw.get("driver") is None else str(raw["driver"]),
    )


class JournalFile:
    """Journal in one JSON file. An unreadable file is set aside, said in the log, and begun anew."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier broker noted."""
        self._path = path
        self._lock = threading.Lock()
        self._marks: dict[LaunchId, Marks] = {}
        if path.exists():
            try:
                raw = json.loads(path.read_text(encoding="utf-8"))
                self._marks = {LaunchId(launch): _read(marks) for launch, marks in raw["launches"].items()}
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                aside = path.with_suffix(".unreadable")
                path.replace(aside)
                log.exception("the journal is unreadable; last accesses are unknown now", extra={"kept_as": str(aside)})

    def marks(self, launch: LaunchId) -> Marks:
        """Return what is known of a launch."""
        return self._marks.get(launch, Marks())

    def note(self, news: Mapping[LaunchId, Marks]) -> set[LaunchId]:
        """Merge and write; return the launches of which anything changed."""
        with self._lock:
            merged = {launch: self.marks(launch).merged(marks) for launch, marks in news.items()}
            changed = {launch for launch, marks in merged.items() if marks != self.marks(launch)}
            self._marks |= merged
            if changed:
                self._write()
            return changed

    def found(self, launch: LaunchId) -> None:
        """Forget that it was lost."""
        with self._lock:
            known = self.marks(launch)
            if known.lost_at is not None:
                self._marks[launch] = replace(known, lost_at=None)
                self._write()

    def forget_all_but(self, launches: set[LaunchId]) -> None:
        """Drop what belongs to launches that are gone."""
        with self._lock:
            gone = self._marks.keys() - launches
            for launch in gone:
                del self._marks[launch]
            if gone:
                self._write()

    def _write(self) -> None:
        launches = {
            launch: {
                key: value.isoformat() if isinstance(value, datetime) else value
                for key, value in asdict(marks).items()
                if value is not None
            }
            for launch, marks in self._marks.items()
        }
        try:
            write_atomically(self._path, json.dumps({"launches": launches}, indent=1))
        except OSError:
            log.exception("the journal cannot be written; it goes on in memory")


def _read(raw: dict[str, str | None]) -> Marks:
    """Read one launch's marks; what an older journal did not note is not known."""
    failure = raw.get("failure")
    times = {
        each.name: datetime.fromisoformat(at)
        for each in fields(Marks)
        if each.name != "failure" and (at := raw.get(each.name))
    }
    if any(at.tzinfo is None for at in times.values()):
        raise ValueError("a time without a zone")
    return Marks(**times, failure=None if failure is None else str(failure))
