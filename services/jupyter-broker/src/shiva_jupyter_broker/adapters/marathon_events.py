"""Marathon's event stream: hints that something changed, read as they come. Nothing is replayed after a cut."""

import json
import logging
import random
import threading
import time
from typing import Any, Protocol

import requests
import urllib3

from shiva_jupyter_broker.adapters.marathon_http import Addresses, UnansweredError

log = logging.getLogger("shiva.jupyter_broker.marathon.events")

SILENCE_SECONDS = 30.0  # Marathon sends an empty line every ten
MAX_FRAME_BYTES = 16 * 2**20
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
TYPES = (
    "status_update_event", "instance_changed_event", "app_terminated_event", "deployment_success", "deployment_failed",
    "instance_health_changed_event", "group_change_success",
)  # fmt: skip

Event = dict[str, Any]


class Frames:
    """Bytes as they arrive → events. Lines end in CRLF, LF or CR; what cannot be read is left out."""

    def __init__(self) -> None:
        """Begin before the first line."""
        self._rest = b""
        self._type = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that `piece` completes.

        Raises:
            UnansweredError: an event without end.
        """
        text = self._rest + piece
        held = b"\r" if text.endswith(b"\r") else b""  # its LF may come with the next piece
        lines = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        found = [self._line(line.decode("utf-8", "replace")) for line in lines]
        if len(self._rest) + sum(map(len, self._data)) > MAX_FRAME_BYTES:
            raise UnansweredError("an event without end")
        return [event for event in found if event is not None]

    def _line(self, line: str) -> Event | None:
        if not line:
            kind, data, self._type, self._data = self._type, self._data, "", []
            return _event(kind, "\n".join(data)) if data else None
        name, _, value = line.partition(":")
        if name == "event":
            self._type = value.removeprefix(" ")
        elif name == "data":
            self._data.append(value.removeprefix(" "))
        return None


def _event(kind: str, data: str) -> Event | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return {"eventType": kind, **found} if isinstance(found, dict) else None


class Listener(Protocol):
    """Who wants to know."""

    def attached(self) -> None:
        """Take note that the stream begins: what happened before is unknown."""

    def happened(self, event: Event) -> None:
        """Take note of an event. It may come twice, and in another order than things happened."""

    def detached(self, why: str) -> None:
        """Take note that the stream is cut."""


class EventStream:
    """Reads from whichever address leads, for ever, in a thread of its own."""

    def __init__(self, addresses: Addresses, listener: Listener) -> None:
        """A standby redirects to the leader; that is not followed, because the leader is one of `addresses`."""
        self._addresses = addresses
        self._listener = listener
        self._closing = threading.Event()

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read_for_ever, name="marathon-events", daemon=True).start()

    def close(self) -> None:
        """Read no more after the next piece, or the next silence."""
        self._closing.set()

    def _read_for_ever(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._closing.is_set():
            began = time.monotonic()
            failures = [why for address in self._addresses.in_order() if (why := self._read(address))]
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS  # it was attached for a while
            log.info("the event stream is cut", extra={"why": "; ".join(failures)})
            self._closing.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret, only spread out
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _read(self, address: str) -> str:
        """Read until the stream is cut, and return why it was."""
        try:
            answer = self._addresses.session.listen(
                f"{address}/v2/events", {"event_type": list(TYPES)}, silence_seconds=SILENCE_SECONDS
            )
        except UnansweredError as error:
            return str(error)
        self._addresses.answered(address)
        self._listener.attached()
        why = "it ended"
        frames = Frames()
        try:
            while not self._closing.is_set() and (piece := answer.raw.read1(1 << 16)):
                for event in frames.feed(piece):
                    self._listener.happened(event)
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnansweredError, OSError) as error:
            why = type(error).__name__
        except Exception:  # whatever it was, nobody else listens
            log.exception("an event cannot be read")
            why = "an event cannot be read"
        finally:
            answer.close()
            self._listener.detached(why)
        return f"{address}: {why}"


def touched(event: Event) -> set[str]:
    """Return the ids of the apps that an event is about."""
    plan = event.get("plan")
    steps = plan.get("steps") if isinstance(plan, dict) else None
    actions = (
        [action for step in steps if isinstance(step, dict) for action in step.get("actions") or []] if steps else []
    )
    named = [
        event.get("appId"),
        event.get("runSpecId"),
        *(each.get("app") for each in actions if isinstance(each, dict)),
    ]
    return {each for each in named if isinstance(each, str)}
