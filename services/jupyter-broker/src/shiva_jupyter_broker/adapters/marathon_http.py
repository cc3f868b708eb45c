"""HTTP to Marathon: several addresses, one of which leads; answers that may be slow, cut, or not Marathon's at all.

UnansweredError   no answer that can be relied on; whether it was done is unknown
RefusedError      Marathon understood and said no
"""

import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

from shiva_jupyter_broker.adapters.deadlines import DeadlineAdapter, insecure

log = logging.getLogger("shiva.jupyter_broker.marathon")

T = TypeVar("T")

CONNECT_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
NO_ANSWER = {429, 500, 502, 503, 504}  # of a standby, of a leader that is just beginning, of a proxy between


class UnansweredError(Exception):
    """No answer that can be relied on. The message says of which address, and what came instead."""

    def __init__(self, why: str, *, retry_after: float = 0.0) -> None:
        """`retry_after` is how many seconds the other side asked to be left alone."""
        super().__init__(why)
        self.retry_after = retry_after


class RefusedError(Exception):
    """Marathon understood and said no; the message is Marathon's."""

    def __init__(self, status: int, message: str, deployments: tuple[str, ...] = ()) -> None:
        """`deployments` are those that lock the app."""
        super().__init__(message)
        self.status = status
        self.deployments = deployments

    @property
    def missing(self) -> bool:
        """There is no such app."""
        return self.status == 404

    @property
    def busy(self) -> bool:
        """It may be asked again later: a deployment is under way, or too many are."""
        too_many = self.status == 403 and "deployment" in str(self).lower()
        return too_many or (self.status == 409 and bool(self.deployments))

    @property
    def exists(self) -> bool:
        """An app has that id already."""
        return self.status == 409 and not self.deployments


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one call may take."""

    total_seconds: float = 8.0  # over all addresses and rounds
    attempt_seconds: float = 4.0  # of one address
    attempts: int = 1000


class TimedSession(requests.Session):
    """A session in which `timeout` is for the whole answer. It follows no redirect, and takes nothing from the environment.

    What is not an answer of Marathon raises UnansweredError, a refusal RefusedError; so neither is retried by who calls.
    """

    def __init__(self, *, user: str = "", password: str = "", ca: Path | None = None) -> None:
        """`ca` is the file of the authority that signed Marathon's certificate, where it is not a public one."""
        super().__init__()
        self._listening = requests.Session()  # for what has no end, and so no deadline
        for session in (self, self._listening):
            session.trust_env = False
            session.auth = (user, password) if user else None
            session.verify = True if ca is None else str(ca)
        for scheme in ("http://", "https://"):
            self.mount(scheme, DeadlineAdapter())

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **given: Any) -> requests.Response:
        """Return an answer below 300, read to its end."""
        seconds = float(given["timeout"])
        own = {"auth": self.auth, "verify": self.verify, "timeout": (min(CONNECT_SECONDS, seconds), seconds)}
        where = str(url).split("/v2/")[0]
        try:
            answer = super().request(method, url, *args, **{**given, **own, "allow_redirects": False})
        except (requests.RequestException, OSError) as error:
            raise UnansweredError(f"{where}: {_cause(error)}") from error
        if not answer.ok or answer.status_code >= requests.codes.multiple_choices:
            raise _no(where, answer)
        return answer

    def listen(self, url: str, query: dict[str, list[str]], *, silence_seconds: float) -> requests.Response:
        """Return an event stream at its beginning, to be read from `raw` and closed.

        Raises:
            UnansweredError: nobody there has events, or not for us.
        """
        where = url.split("/v2/")[0]
        try:
            answer = self._listening.get(
                url,
                params=query,
                headers={"Accept": "text/event-stream"},
                timeout=(CONNECT_SECONDS, silence_seconds),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise UnansweredError(f"{where}: {_cause(error)}") from error
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code == requests.codes.ok and kind.startswith("text/event-stream"):
            return answer
        answer.close()
        raise UnansweredError(f"{where}: HTTP {answer.status_code} and no events")


class Addresses:
    """Marathon under several addresses, of which the one that answered last is asked first."""

    def __init__(self, addresses: Sequence[str], session: TimedSession) -> None:
        """`addresses` are URLs without a path."""
        self.session = session
        self._addresses = [address.rstrip("/") for address in addresses]
        self._first = self._addresses[0]

    def in_order(self) -> list[str]:
        """Return all addresses, the one that answered last first."""
        return sorted(self._addresses, key=lambda address: address != self._first)

    def answered(self, address: str) -> None:
        """Note that this address answers."""
        self._first = address

    def ask(self, call: Callable[[str, float], T], patience: Patience) -> T:
        """Return what `call` returns for the first address that answers; `call` gets the address and its seconds.

        Raises:
            RefusedError: what `call` raised: an answer, too.
            UnansweredError: none answered in time; the message tells of each.
        """
        deadline = time.monotonic() + patience.total_seconds
        pause = FIRST_PAUSE_SECONDS
        failures: dict[str, str] = {}
        left = patience.attempts
        while left > 0:
            asked_for = 0.0
            for address in self.in_order()[:left]:
                left -= 1
                seconds = min(patience.attempt_seconds, deadline - time.monotonic())
                if seconds <= 0:
                    break
                try:
                    result = call(address, seconds)
                except RefusedError:
                    self.answered(address)
                    raise
                except UnansweredError as error:
                    failures[address] = str(error)
                    asked_for = max(asked_for, error.retry_after)
                else:
                    self.answered(address)
                    return result
            wait = max(asked_for, pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret, only spread out
            if left <= 0 or time.monotonic() + wait >= deadline:
                break
            time.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise UnansweredError("; ".join(failures.values()) or "no time was left to ask")


def read(answer: requests.Response, reader: Callable[[str], T]) -> T:
    """Return what `reader` makes of an answer's text.

    Raises:
        UnansweredError: it raises ValueError: that is no JSON.
    """
    try:
        return reader(answer.content.decode())
    except ValueError as error:
        raise UnansweredError(f"{answer.url.split('/v2/')[0]}: an answer that is not JSON") from error


def _no(where: str, answer: requests.Response) -> Exception:
    """Return what an answer that is none, or a refusal, is raised as."""
    status = answer.status_code
    try:
        said = json.loads(answer.content)
    except ValueError:
        said = None
    if status in NO_ANSWER or status < requests.codes.bad_request:
        return UnansweredError(f"{where}: HTTP {status}", retry_after=_seconds(answer.headers.get("Retry-After", "")))
    if not isinstance(said, dict) and status not in {requests.codes.unauthorized, requests.codes.forbidden}:
        return UnansweredError(f"{where}: HTTP {status}, and not from Marathon")
    said = said if isinstance(said, dict) else {}
    locks = said.get("deployments")
    ids = [str(each.get("id")) for each in locks if isinstance(each, dict)] if isinstance(locks, list) else []
    message = ". ".join(
        filter(None, [str(said.get("message", answer.reason)).rstrip("."), _details(said.get("details"))])
    )
    return RefusedError(status, message, tuple(ids))


def _details(given: Any) -> str:
    """Return what is wrong where: "/id: error.pattern"."""
    if not isinstance(given, list):
        return given if isinstance(given, str) else ""
    found = [each for each in given if isinstance(each, dict)]
    return "; ".join(f"{each.get('path')}: {', '.join(map(str, each.get('errors') or []))}" for each in found)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def _cause(error: Exception) -> str:
    """Return what happened, without the address and the objects that requests' own messages are full of."""
    if isinstance(error, requests.exceptions.SSLError):
        return insecure(error)
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no answer in time"
    return "no connection" if isinstance(error, requests.ConnectionError) else "its answer broke off"
