"""The event bus of Marathon: no replay, no ids, and slow readers are cut off."""

import json
import threading
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from tests.marathon_simulator.stamps import now

Event = dict[str, Any]


class Subscription:
    """One open event stream."""

    def __init__(self, remote: str, types: Collection[str], most: int, leave: Callable[["Subscription"], None]) -> None:
        """Begin empty; `types` filters, unless it is empty. `leave` is called when its reader is gone."""
        self.remote, self._leave = remote, leave
        self._types, self._most = frozenset(types), most
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, kind: str, frame: bytes) -> None:
        """Hand over a frame; a reader who is too far behind is closed."""
        with self._changed:
            if self._closed or (self._types and kind not in self._types):
                return
            self._waiting.append(frame)
            if len(self._waiting) > self._most:
                self._waiting.clear()
                self._closed = True
            self._changed.notify()

    def take(self, timeout: float) -> bytes | None:
        """Return what there is, b"" when nothing came in time, None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            if self._closed and not self._waiting:
                return None
            frames = b"".join(self._waiting)
            self._waiting.clear()
            return frames

    def close(self) -> None:
        """End the stream."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def leave(self) -> None:
        """Tell that nobody reads any more."""
        self._leave(self)


class Events:
    """Publisher, and a memory of everything for tests."""

    def __init__(self, most: int) -> None:
        """Begin without subscribers; `most` frames may wait per subscriber."""
        self.history: list[Event] = []
        self._most = most
        self._open: list[Subscription] = []
        self._lock = threading.Lock()

    def publish(self, kind: str, **members: Any) -> None:
        """Tell everybody."""
        event = members | {"eventType": kind, "timestamp": now()}
        with self._lock:
            self.history.append(event)
            readers = list(self._open)
        if readers:
            frame = frame_of(event)
            for reader in readers:
                reader.put(kind, frame)

    def subscribe(self, remote: str, types: Collection[str]) -> Subscription:
        """Open a stream; the first event is about itself."""
        subscription = Subscription(remote, types, self._most, self._unsubscribe)
        with self._lock:
            self._open.append(subscription)
        self.publish("event_stream_attached", remoteAddress=remote)
        return subscription

    def _unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._open:
                self._open.remove(subscription)
        self.publish("event_stream_detached", remoteAddress=subscription.remote)

    def cut(self) -> None:
        """Close every stream."""
        with self._lock:
            streams = list(self._open)
        for stream in streams:
            stream.close()

    def open_streams(self) -> int:
        """Return how many read now."""
        with self._lock:
            return len(self._open)


def frame_of(event: Event) -> bytes:
    """Return an event as it goes over the wire."""
    return f"event: {event['eventType']}\r\ndata: {json.dumps(event, separators=(',', ':'))}\r\n\r\n".encode()
