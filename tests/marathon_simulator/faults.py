"""Faults between a client and Marathon, asked for by a test, one request at a time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.marathon_simulator.web.messages import LOCKED, Answer, Request, html, ok

Proceed = Callable[[], Answer]
Fault = Callable[[Proceed], Answer]
Matches = Callable[[Request], bool]


@dataclass(slots=True)
class _Armed:
    matches: Matches
    fault: Fault
    left: int | None  # None: until `clear`


class Faults:
    """What shall go wrong, and what did."""

    def __init__(self) -> None:
        """Begin without faults."""
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()
        self.struck: list[str] = []  # "POST /v2/apps" of every request that met a fault

    def arm(self, fault: Fault, *, method: str = "", prefix: str = "/", times: int | None = 1) -> None:
        """Let requests of a method, whose target begins so, meet the fault; `times` None means all of them."""

        def matches(request: Request) -> bool:
            return (
                method in ("", request.method)
                and request.target.startswith(prefix)
                and "x-marathon-via" not in request.headers
            )

        with self._lock:
            self._armed.append(_Armed(matches, fault, times))

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._armed.clear()

    def around(self, request: Request, proceed: Proceed) -> Answer:
        """Return the answer to a request, through a fault if one waits for it."""
        fault = self._take(request)
        return proceed() if fault is None else fault(proceed)

    def _take(self, request: Request) -> Fault | None:
        with self._lock:
            found = next((each for each in self._armed if each.matches(request)), None)
            if found is None:
                return None
            self.struck.append(f"{request.method} {request.target}")
            if found.left is not None:
                found.left -= 1
                if found.left == 0:
                    self._armed.remove(found)
            return found.fault


def locked(_: Proceed) -> Answer:
    """Answer 409: an unknown deployment holds the lock."""
    return ok({"message": LOCKED, "deployments": [{"id": "97c136bf-5a28-4821-9d94-480d9fbb01c8"}]}, 409)


def unavailable(_: Proceed) -> Answer:
    """Answer 503: an internal timeout."""
    return ok({"message": "Futures timed out after [2500 milliseconds]"}, 503)


def overloaded(_: Proceed) -> Answer:
    """Answer 503 in HTML: too many concurrent requests."""
    return html(503, "Too many concurrent requests")


def no_leader(_: Proceed) -> Answer:
    """Answer 502 in HTML, as a standby without a leader."""
    return html(502, "Could not determine the current leader")


def garbage(_: Proceed) -> Answer:
    """Answer 200 with a body that is not JSON."""
    return Answer(body=b'{"apps": [{"id": \x00\xff', media="application/json")


def not_http(_: Proceed) -> Answer:
    """Answer with bytes that are not HTTP."""
    return Answer(raw=b"\x16\x03\x01 nothing of sense\r\n\r\n")


def empty_list(_: Proceed) -> Answer:
    """Answer 200 with a valid list that is empty, whatever exists."""
    return ok({"apps": []})


def refused(_: Proceed) -> Answer:
    """Close the connection before anything is done."""
    return Answer(cut=0)


def reply_lost(proceed: Proceed) -> Answer:
    """Do what was asked, and close the connection without a word."""
    return replace(proceed(), cut=0)


def twice(proceed: Proceed) -> Answer:
    """Do it twice, as after a retry on the way; the client sees the second answer."""
    proceed()
    return proceed()


def slow(seconds: float) -> Fault:
    """Return a fault that answers late."""

    def fault(proceed: Proceed) -> Answer:
        time.sleep(seconds)
        return proceed()

    return fault


def cut(count: int) -> Fault:
    """Return a fault that closes the connection after so many bytes."""
    return lambda proceed: replace(proceed(), cut=count)


def drip(pause: float) -> Fault:
    """Return a fault that sends one byte at a time, so many seconds apart."""
    return lambda proceed: replace(proceed(), drip=pause)


def hang(until: threading.Event) -> Fault:
    """Return a fault that does nothing until the event is set, and then closes the connection."""

    def fault(_: Proceed) -> Answer:
        until.wait()
        return Answer(cut=0)

    return fault
