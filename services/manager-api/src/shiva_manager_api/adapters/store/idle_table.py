"""IdleBook in one row, which the culler and the API both write, each in a transaction of its own."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.tables import idle_book
from shiva_manager_api.domain.attendance import Record
from shiva_manager_api.domain.idle_policy import Rule
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.ports import IdleUnavailableError, StoreUnavailableError
from shiva_manager_api.domain.signals import moment

log = logging.getLogger("shiva.manager_api.idle_table")

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


class IdleTable:
    """Whoever reads sees a whole state, the old or the new one; see `IdleBook`."""

    def __init__(self, database: Database) -> None:
        """Work on that database."""
        self._database = database

    def read(self) -> IdleState:
        """Return the state; see `IdleBook.read`."""
        try:
            with self._database.reading() as connection:
                kept = connection.scalar(select(idle_book.c.state))
        except StoreUnavailableError as error:
            raise IdleUnavailableError(str(error)) from error
        return _state(kept)

    def update(self, change: Callable[[IdleState], IdleState]) -> None:
        """Replace the state; see `IdleBook.update`."""
        try:
            with self._database.writing() as connection:
                kept = connection.scalar(select(idle_book.c.state).with_for_update())
                connection.execute(update(idle_book).values(state=encoded(change(_state(kept)))))
        except StoreUnavailableError as error:
            raise IdleUnavailableError(str(error)) from error


def _state(kept: str | None) -> IdleState:
    if not kept:
        return IdleState()
    try:
        return decoded(kept)
    except UNREADABLE:
        log.exception("the state of idle containers is unreadable; people are warned again")
        return IdleState()


def encoded(state: IdleState) -> str:
    """Return what is kept: times as RFC 3339, spans in seconds."""
    raw = asdict(state)
    for launch_id, kept in state.launches.items():
        rule = {"extension": kept.rule.extension, "extensions_a_day": kept.rule.extensions_a_day}
        raw["launches"][launch_id]["rule"] = rule
    return json.dumps(raw, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(value)


def decoded(content: str) -> IdleState:
    """Read what was kept; one of UNREADABLE where it is none."""
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
