"""IdleBook in one JSON file, replaced atomically under a lock, because the culler and the API both write it."""

import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shiva_manager_api.domain.attendance import Record
from shiva_manager_api.domain.idle_policy import Rule
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.ports import IdleUnavailableError
from shiva_manager_api.domain.signals import moment

log = logging.getLogger("shiva.manager_api.idle_file")

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


class IdleFile:
    """`idle.json` in a folder. Whoever reads sees a whole state, the old or the new one."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the culler's and the API's own."""
        self._path = folder / "idle.json"
        self._lock = folder / "idle.lock"

    def read(self) -> IdleState:
        """Return the state; see `IdleBook.read`."""
        try:
            return decoded(self._path.read_bytes())
        except FileNotFoundError:
            return IdleState()
        except OSError as error:
            raise IdleUnavailableError(f"{self._path} cannot be read: {error.strerror}") from error
        except UNREADABLE:
            log.exception("the state of idle containers is unreadable; people are warned again")
            return IdleState()

    def update(self, change: Callable[[IdleState], IdleState]) -> None:
        """Replace the state; see `IdleBook.update`."""
        try:
            with locked(self._lock):
                _write(self._path, encoded(change(self.read())))
        except OSError as error:
            raise IdleUnavailableError(f"{self._path} cannot be written: {error.strerror}") from error


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock of all processes; it ends with the process. OSError where `wait` is false and somebody holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")  # one is enough: the lock is held
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def encoded(state: IdleState) -> bytes:
    """Return the file's content: times as RFC 3339, spans in seconds."""
    raw = asdict(state)
    for launch_id, kept in state.launches.items():
        rule = {"extension": kept.rule.extension, "extensions_a_day": kept.rule.extensions_a_day}
        raw["launches"][launch_id]["rule"] = rule
    return json.dumps(raw, indent=1, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(value)


def decoded(content: bytes) -> IdleState:
    """Read the file's content; one of UNREADABLE where it is none."""
    raw = json.loads(content)
    return IdleState(
        passed_at=moment(raw["passed_at"]),
        lasting=timedelta(seconds=raw["lasting"]),
        dry_run=bool(raw["dry_run"]),
        stops=_moments(raw["stops"]),
        launches={launch_id: _launch(each) for launch_id, each in raw["launches"].items()},
    )


def _launch(raw: Any) -> Launch:
    told, rule = raw["told"], raw["rule"]
    return Launch(
        container_id=str(raw["container_id"]),
        owner=str(raw["owner"]),
        gpus=int(raw["gpus"]),
        record=Record(**{each.name: moment(raw["record"][each.name]) for each in fields(Record)}),
        told=None if told is None else Told(**{**told, "stop_at": moment(told["stop_at"])}),
        rule=Rule(extension=timedelta(seconds=rule["extension"]), extensions_a_day=int(rule["extensions_a_day"])),
        extensions=_moments(raw["extensions"]),
        keep_until=moment(raw["keep_until"]),
        ending_at=moment(raw["ending_at"]),
    )


def _moments(raw: Any) -> tuple[datetime, ...]:
    return tuple(at for each in raw if (at := moment(each)) is not None)
