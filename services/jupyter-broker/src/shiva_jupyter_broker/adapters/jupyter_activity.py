"""What a container's own Jupyter tells of its kernels and terminals. Whoever answers may be hostile: unknown, never quiet."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import urllib3

from shiva_jupyter_broker.adapters.deadlines import DeadlineAdapter
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import Container
from shiva_jupyter_broker.domain.ports import Activity, Clock, JupyterUnknownError

DEADLINE_SECONDS = 3.0  # for everything together
MAX_BYTES = 1 << 20
CLOCK_SLACK = timedelta(minutes=1)  # between the machines; what is later than that is no time
QUIET_STATES = {"idle", "dead"}  # of a kernel; any other word is work
UNTOLD = (
    requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError,
)  # fmt: skip
State = tuple[bool, datetime | None]  # whether it is busy; since when, or its last activity


class JupyterReader:
    """Ask with the container's token; no proxy and no other password of the broker's environment comes in between."""

    def __init__(self, clock: Clock) -> None:
        """`clock` tells which times lie in the future."""
        self._clock = clock

    def read(self, container: Container) -> Activity:
        """Return what it does now; see `ActivityReader`."""
        now, jupyter = self._clock(), _Jupyter(container)
        try:
            kernels = [_kernel(each, now) for each in _listed(jupyter.asked("api/kernels"))]
            terminals, left = _beside(jupyter, now)
        except UNTOLD as error:
            raise JupyterUnknownError(container.id) from error
        finally:
            jupyter.close()
        every = kernels + terminals + left
        began = [at for is_busy, at in every if is_busy]
        known = [at for at in began if at is not None]
        return Activity(
            read_at=now,
            kernels=len(kernels),
            terminals=len(terminals),
            busy=len(began),
            busy_since=max(known) if known and len(known) == len(began) else None,
            last_activity_at=max((at for is_busy, at in every if not is_busy and at), default=None),
        )


class _Jupyter:
    """Questions that share one deadline."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._adapter = DeadlineAdapter()
        self._until = time.monotonic() + DEADLINE_SECONDS

    def asked(self, path: str) -> Any:
        """Return the JSON of an answer, None where there is no such page; raise one of UNTOLD."""
        container, left = self._container, self._until - time.monotonic()
        if container.endpoint is None or left <= 0:
            raise TimeoutError("it does not listen, or not soon enough")
        base = f"http://{container.endpoint.host}:{container.endpoint.port}"
        asked = requests.Request(
            "GET",
            f"{base}{naming.prefix(container.owner, container.name)}{path}",
            headers={"Authorization": f"token {container.token}"},
        ).prepare()
        with self._adapter.send(asked, stream=True, timeout=left) as answer:
            if answer.status_code == requests.codes.not_found:
                return None
            body = answer.raw.read(MAX_BYTES + 1)
            if answer.status_code != requests.codes.ok or len(body) > MAX_BYTES:
                raise ValueError(f"status {answer.status_code}, {len(body)} bytes")
            told = json.loads(body)
            if told is None:
                raise ValueError("there is such a page, and it says nothing")
            return told

    def close(self) -> None:
        self._adapter.close()


def _listed(told: Any) -> list[Mapping[str, Any]]:
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise TypeError("no list of objects")
    return told


def _beside(jupyter: _Jupyter, now: datetime) -> tuple[list[State], list[State]]:
    """Return the terminals, and what was left running without one, as our extension tells; without it, no terminal is quiet."""
    told = jupyter.asked("api/shiva/activity")
    if told is not None:
        since = told["left_running_since"]
        left: list[State] = [] if since is None else [(True, _time(since, now))]
        return [_terminal(each, now) for each in _listed(told["terminals"])], left
    if _listed(jupyter.asked("api/terminals")):
        raise ValueError("it has terminals, and does not tell what runs in them")
    return [], []


def _kernel(told: Mapping[str, Any], now: datetime) -> State:
    """Read a kernel; one that is busy began before its last activity."""
    state = told["execution_state"]
    if not isinstance(state, str):
        raise TypeError("no state")
    return state not in QUIET_STATES, _time(told["last_activity"], now)


def _terminal(told: Mapping[str, Any], now: datetime) -> State:
    is_busy, since, last = told["busy"], told["busy_since"], _time(told["last_activity"], now)
    if not isinstance(is_busy, bool):
        raise TypeError("neither busy nor not")
    return is_busy, last if not is_busy else None if since is None else _time(since, now)


def _time(told: Any, now: datetime) -> datetime:
    at = datetime.fromisoformat(told)
    if at.tzinfo is None or at > now + CLOCK_SLACK:
        raise ValueError("no time that has been")
    return min(at.astimezone(UTC), now)
