"""The broker's containers over HTTP, as far as metrics need them: a tolerant reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import requests

TIMEOUT_SECONDS = 2.0


class BrokerAwayError(Exception):
    """The broker gave no usable answer: nothing is known, which is not an empty cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFacts:
    """What metrics tell of a container; times are seconds since 1970, None where unknown."""

    id: str
    launch_id: str  # a fresh one for each start, by which the GPU exporters tell it
    user: str
    machine: str
    image: str
    name: str
    state: str
    gpus: tuple[str, ...]  # UUIDs
    started_at: float | None
    last_access_at: float | None
    time_to_notebook_seconds: float | None


class ContainerSource(Protocol):
    """Lists containers."""

    def containers(self) -> Sequence[ContainerFacts]:
        """Return every container; BrokerAwayError when the list would be incomplete."""


class BrokerHttp:
    """ContainerSource over `GET /v1/containers`."""

    def __init__(self, url: str, token: str) -> None:
        """`url` without a path; `token` is the exporter's own."""
        self._url = f"{url.rstrip('/')}/v1/containers"
        self._headers = {"Authorization": f"Bearer {token}"}

    def containers(self) -> Sequence[ContainerFacts]:
        """Return every container."""
        try:
            answer = requests.get(self._url, headers=self._headers, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            return [facts(each) for each in answer.json()["containers"]]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise BrokerAwayError(repr(error)) from error


def facts(raw: dict[str, Any]) -> ContainerFacts:
    """Read one container; KeyError, TypeError or ValueError when it is none."""
    took = raw["time_to_notebook_seconds"]
    return ContainerFacts(
        id=str(raw["id"]),
        launch_id=str(raw["launch_id"]),
        user=str(raw["owner"]),
        machine=str(raw["machine"]),
        image=str(raw["image"]),
        name=str(raw["name"]),
        state=str(raw["state"]),
        gpus=tuple(map(str, raw["gpus"])),
        started_at=_seconds(raw["started_at"]),
        last_access_at=_seconds(raw["last_access_at"]),
        time_to_notebook_seconds=None if took is None else float(took),
    )


def _seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
