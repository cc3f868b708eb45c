"""The process launcher's labels: one folder a container, written at launch, the only record of it."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.adapters.files import write_atomically
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    ContainerSpec,
    GpuUuid,
    ImageName,
    ImageRef,
    LaunchId,
    Limits,
    MachineName,
    UserName,
)

RECORD = "container.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A spec and the process that runs it."""

    spec: ContainerSpec
    pid: int | None = None  # None between the record and the process
    created: float | None = None  # the process's start as the kernel counts it; tells a reused pid
    started_at: float | None = None  # the same moment by the clock, seconds since 1970; the kernel's is a second coarse
    stopping: bool = False


class Records:
    """Records in `root/<container id>/container.json`, beside Jupyter's own configuration, runtime files and log."""

    def __init__(self, root: Path, *, tidy: bool = True) -> None:
        """`root` is for the broker alone: the records hold tokens. A mere reader asks for no tidying."""
        self._root = root
        if not tidy:
            return
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What a broker left that ended in the middle of claiming or removing holds no container.
        for leftover in [*root.parent.glob("gone-*"), *(f for f in root.iterdir() if not (f / RECORD).exists())]:
            shutil.rmtree(leftover, ignore_errors=True)

    def folder(self, container: ContainerId) -> Path:
        """Return where a container's files lie."""
        return self._root / container

    def claim(self, spec: ContainerSpec) -> bool:
        """Take the id and write the record; False when the id is taken. Atomic among threads and processes."""
        try:
            self.folder(spec.id).mkdir(mode=0o700)
        except FileExistsError:
            return False
        try:
            self.write(Record(spec=spec))
        except OSError:
            shutil.rmtree(self.folder(spec.id), ignore_errors=True)  # a full disk must not keep the id for ever
            raise
        return True

    def write(self, record: Record) -> None:
        """Replace the record."""
        facts = asdict(record)
        facts["spec"] |= {key: facts["spec"][key].isoformat() for key in ("requested_at", "placed_at")}
        write_atomically(self.folder(record.spec.id) / RECORD, json.dumps(facts, indent=1))

    def mark_stopping(self, container: ContainerId) -> Record | None:
        """Note that it is to end; None when there is none."""
        record = self.read(container)
        if record is not None and not record.stopping:
            record = replace(record, stopping=True)
            try:
                self.write(record)
            except FileNotFoundError:  # it ended in between
                return None
        return record

    def read(self, container: ContainerId) -> Record | None:
        """Return one record; None when there is none (or it is being removed).

        Raises:
            ValueError: the file is not a record.
            OSError: it cannot be read.
        """
        try:
            return _record(json.loads((self.folder(container) / RECORD).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the record of {container} is damaged: {error!r}") from error

    def all(self) -> Iterator[Record]:
        """Yield every record; raises like `read`."""
        for entry in sorted(os.scandir(self._root), key=lambda each: each.name):
            if entry.is_dir() and (record := self.read(ContainerId(entry.name))) is not None:
                yield record

    def remove(self, container: ContainerId, launch: LaunchId) -> None:
        """Drop the record of that launch, and leave a successor alone."""
        record = self.read(container)
        if record is not None and record.spec.launch_id == launch:
            grave = self._root.parent / f"gone-{launch}"
            with contextlib.suppress(FileNotFoundError):  # somebody else removed it in between
                self.folder(container).rename(grave)  # the id is free from here on, in one step
            shutil.rmtree(grave, ignore_errors=True)


def _record(raw: dict[str, Any]) -> Record:
    kinds = {"pid": int | None, "created": float | int | None, "started_at": float | int | None, "stopping": bool}
    facts = {key: raw[key] for key in kinds}
    for key, kind in kinds.items():
        if not isinstance(facts[key], kind) or (key != "stopping" and isinstance(facts[key], bool)):
            raise TypeError(key)
    return Record(spec=_spec(raw["spec"]), **facts)


def _spec(raw: dict[str, object]) -> ContainerSpec:
    # The first records knew no references, uids or layers; the notebooks that they tell of may still run.
    raw = {"image_ref": raw["image"], "gpus_shared": False, "uid": os.geteuid(), **raw}
    limits, gpus = raw["limits"], raw["gpus"]
    if not isinstance(limits, dict) or not isinstance(gpus, list):
        raise TypeError("limits or gpus")
    return ContainerSpec(
        id=ContainerId(str(raw["id"])),
        launch_id=LaunchId(str(raw["launch_id"])),
        owner=UserName(str(raw["owner"])),
        name=str(raw["name"]),
        machine=MachineName(str(raw["machine"])),
        image=ImageName(str(raw["image"])),
        image_ref=ImageRef(str(raw["image_ref"])),
        gpus=tuple(GpuUuid(str(uuid)) for uuid in gpus),
        gpus_shared=raw["gpus_shared"] is True,
        limits=Limits(**{"layer_bytes": 10 * 2**30, **limits}),
        home=str(raw["home"]),
        uid=int(str(raw["uid"])),
        token=str(raw["token"]),
        requested_at=datetime.fromisoformat(str(raw["requested_at"])),
        placed_at=datetime.fromisoformat(str(raw["placed_at"])),
    )
