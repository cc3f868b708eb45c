"""What a fake driver reports by itself: each event set is a queue that a test fills."""

import queue
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Event:
    """What happened to a card; type 8 is an XID. An exception in its place is raised to who waits."""

    device: Any
    eventData: int
    eventType: int = 8


@dataclass
class EventSet:
    """Whoever waits, for some cards."""

    cards: list[Any] = field(default_factory=list)
    waiting: "queue.Queue[Event | Exception]" = field(default_factory=queue.Queue)
    freed: bool = False


class Events:
    """A part of the module."""

    event_sets: list[EventSet]
    event_set: Exception | None = None
    NVMLError_Timeout: type[Exception]
    nvmlEventTypeXidCriticalError: int = 8

    def happens(self, card: Any, number: int, *, kind: int = 8) -> None:
        """Tell everybody who waits for this card."""
        for each in self.event_sets:
            if card in each.cards and not each.freed:
                each.waiting.put(Event(card, number, kind))

    def fails(self, error: Exception) -> None:
        """Let everybody's waiting end with an error."""
        for each in self.event_sets:
            each.waiting.put(error)

    def nvmlEventSetCreate(self) -> EventSet:
        """Begin."""
        if self.event_set is not None:
            raise self.event_set
        self.event_sets.append(EventSet())
        return self.event_sets[-1]

    def nvmlEventSetFree(self, eventSet: EventSet) -> None:
        """End."""
        eventSet.freed = True

    def nvmlDeviceGetSupportedEventTypes(self, handle: Any) -> Any:
        """Tell what can be waited for."""
        return handle.says("SupportedEventTypes")

    def nvmlDeviceRegisterEvents(self, handle: Any, eventTypes: int, eventSet: EventSet) -> None:
        """Wait for this card's too."""
        assert eventTypes == self.nvmlEventTypeXidCriticalError
        if "RegisterEvents" in handle.told:
            handle.says("RegisterEvents")
        eventSet.cards.append(handle)

    def nvmlEventSetWait_v2(self, eventSet: EventSet, timeoutms: int) -> Event:
        """Wait, not as long as may be: the real one may end early as well."""
        try:
            found = eventSet.waiting.get(timeout=min(timeoutms, 20) / 1000)
        except queue.Empty:
            raise self.NVMLError_Timeout from None
        if isinstance(found, Exception):
            raise found
        return found
