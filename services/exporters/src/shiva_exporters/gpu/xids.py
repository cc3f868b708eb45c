"""XID errors: the driver tells them once, to whoever waits just then, so a thread of its own waits."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from shiva_exporters.gpu.asking import Asking, Questions
from shiva_exporters.gpu.source import Xid

log = logging.getLogger("shiva.exporters.gpu")

WAIT_MS = 1000
MAX_XID = 1023  # the greatest known is below 200; anything above is garbage


class _Watch:
    """One event set with its thread; over when a card or the driver fails, or when it is told to be."""

    def __init__(self, asking: Asking, events: Any, seen: Callable[[str, int], None]) -> None:
        self.over = threading.Event()
        self.watched: dict[bytes, str] = {}  # UUID by the address of a handle: a lost card cannot tell its own any more
        self.events = events
        self._asking = asking
        self._seen = seen
        self._thread = threading.Thread(target=self._run, name="xids", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        nvml = self._asking.nvml
        try:
            while not self.over.is_set():
                with suppress(nvml.NVMLError_Timeout):
                    event = nvml.nvmlEventSetWait_v2(self.events, WAIT_MS)
                    uuid = self.watched.get(bytes(event.device))
                    if event.eventType == nvml.nvmlEventTypeXidCriticalError and uuid is not None:
                        self._seen(uuid, int(event.eventData))
        except self._asking.all as error:
            log.info("waiting for XIDs begins anew", exc_info=error)
        self.over.set()

    def end(self) -> None:
        """Leave the driver alone; a thread that hangs in it is left behind."""
        self.over.set()
        self._thread.join(2 * WAIT_MS / 1000)
        if not self._thread.is_alive():
            with suppress(*self._asking.all):
                self._asking.nvml.nvmlEventSetFree(self.events)


class Xids:
    """Counts XIDs by card; the counts outlive any number of starts of the driver."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns seconds since 1970."""
        self._clock = clock
        self._counts: dict[str, Mapping[int, Xid]] = {}  # each replaced as a whole: one thread writes, another reads
        self._watch: _Watch | None = None

    def watch(self, asking: Asking, card: Questions, uuid: str) -> None:
        """Wait for a card's XIDs from now on, if it can tell any; raises as `Questions.ask` does."""
        if self._watch is not None and self._watch.over.is_set():
            self.end()
        address, wanted = bytes(card.handle), asking.nvml.nvmlEventTypeXidCriticalError
        if self._watch is not None and self._watch.watched.get(address) == uuid:
            return
        if not (card.ask("nvmlDeviceGetSupportedEventTypes") or 0) & wanted:
            return
        if self._watch is None:
            begun = card.asked(("nvmlEventSetCreate",), asking.nvml.nvmlEventSetCreate)
            if begun is None:
                return
            self._watch = _Watch(asking, begun, self._seen)
        events = self._watch.events
        registered = card.asked(
            ("nvmlDeviceRegisterEvents",),
            lambda: asking.nvml.nvmlDeviceRegisterEvents(card.handle, wanted, events) is None,
        )
        if registered:
            self._watch.watched[address] = uuid
            self._counts.setdefault(uuid, {})

    def end(self) -> None:
        """Stop waiting: the driver is about to be let go."""
        if self._watch is not None:
            self._watch.end()
            self._watch = None

    def so_far(self) -> Mapping[str, Mapping[int, Xid]]:
        """Return what was seen, by UUID; a card that was never watched is not in it."""
        return dict(self._counts)

    def _seen(self, uuid: str, number: int) -> None:
        if 0 < number <= MAX_XID:
            before = self._counts.get(uuid, {})
            count = before[number].count + 1 if number in before else 1
            self._counts[uuid] = {**before, number: Xid(count=count, last_at=self._clock())}
            log.warning("XID", extra={"uuid": uuid, "xid": number})
