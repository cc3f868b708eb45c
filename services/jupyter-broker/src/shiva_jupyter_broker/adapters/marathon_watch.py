"""Keeps the snapshot fresh: events say what to look at again, and a full look comes every few seconds in any case.

A full look is one request for all apps, one for the queue while something waits, one for Mesos' machines where there is a
master: as many for five thousand apps as for one.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.marathon_client import MarathonClient
from shiva_jupyter_broker.adapters.marathon_events import Event, EventStream, touched
from shiva_jupyter_broker.adapters.marathon_http import RefusedError, UnansweredError
from shiva_jupyter_broker.adapters.marathon_json import Json, members, text
from shiva_jupyter_broker.adapters.marathon_mesos import Mesos
from shiva_jupyter_broker.adapters.marathon_snapshot import Snapshot
from shiva_jupyter_broker.adapters.marathon_state import OVER, living, suspended

log = logging.getLogger("shiva.jupyter_broker.marathon.watch")

ATTACHED_SECONDS = 10.0  # between full looks while events come
ALONE_SECONDS = 2.0  # while none come, or something waits in the queue
SHARE = 5.0  # a look that takes a second is not repeated for five
FEW = 8  # apps are looked at one by one; more are one full look
OFFERS = 20  # so many waiting apps are told of each offer: on many machines that is much


class Watch:
    """What Marathon and Mesos showed last. Also the listener of the event stream."""

    def __init__(
        self,
        client: MarathonClient,
        snapshot: Snapshot,
        *,
        domain: str,
        mesos: Mesos | None,
        clock: Callable[[], datetime],
    ) -> None:
        """Nothing is asked before `look` or `start`."""
        self._client = client
        self._snapshot = snapshot
        self._selector = f"{labels.DOMAIN}=={_quoted(domain)}"
        self._clock = clock
        self._looking = threading.Lock()
        self._wake = threading.Condition()
        self._dirty: set[str] = set()
        self._everything = False
        self._attached = False
        self._watching = self._closing = False
        self._failure: UnansweredError | RefusedError | None = None
        self._stream = EventStream(client.addresses, self)
        self.mesos = mesos
        self.queue: Mapping[str, Json] = {}  # app id → item
        self.endings: Mapping[str, Event] = {}  # app id → the event that told of its task's end
        self.silent_since: datetime | None = None  # when a look first failed; None while they succeed

    def start(self) -> None:
        """Watch from now on, in two threads of its own."""
        self._watching = True
        self._stream.start()
        threading.Thread(target=self._look_for_ever, name="marathon-watch", daemon=True).start()

    def close(self) -> None:
        """End both threads, as soon as they notice."""
        self._stream.close()
        with self._wake:
            self._closing = True
            self._wake.notify()

    def look(self) -> None:
        """Look at everything now.

        Raises:
            UnansweredError, RefusedError: there is no list; what was seen last stays.
        """
        with self._looking:
            self._look()

    def look_first(self) -> None:
        """Look at everything unless somebody did; where the last look has just failed, do not wait for another one.

        Raises:
            UnansweredError, RefusedError: there was no list yet.
        """
        if self._watching and self._failure is not None:
            raise self._failure
        with self._looking:
            if not self._snapshot.read:
                self._look()

    def _look(self) -> None:
        began = time.monotonic()
        try:
            apps = self._client.apps(label=self._selector)
            waiting = sum(not suspended(app) and not living(app) for app in apps)
            items = self._client.queue(offers=waiting <= OFFERS) if waiting else []
        except (UnansweredError, RefusedError) as error:
            self._failed(error)
            raise
        if self.silent_since is not None:
            log.warning("Marathon answers again", extra={"silent_since": self.silent_since.isoformat()})
            self.silent_since = self._failure = None
        self.queue = {text(members(item, "app"), "id"): item for item in items}
        self._snapshot.looked(apps, began)
        listed = {text(app, "id") for app in apps}
        with self._wake:
            self.endings = {app: event for app, event in self.endings.items() if app in listed}
        if self.mesos is not None:
            self.mesos.look()

    def framework(self) -> str:
        """Return what Mesos calls this Marathon; empty where it cannot be asked now."""
        try:
            return text(self._client.info(), "frameworkId")
        except (UnansweredError, RefusedError):
            return ""

    def look_at(self, app_id: str) -> None:
        """Look at one app now.

        Raises:
            UnansweredError, RefusedError: it cannot be seen.
        """
        began = time.monotonic()
        self._snapshot.looked_at(app_id, self._client.app(app_id), began)

    def wants(self, app_id: str) -> None:
        """Look at one app soon."""
        with self._wake:
            self._dirty.add(app_id)
            self._wake.notify()

    def attached(self) -> None:
        """Look at everything: nobody tells of what happened while there were no events."""
        with self._wake:
            self._attached = self._everything = True
            self._wake.notify()

    def happened(self, event: Event) -> None:
        """Look again at what it is about."""
        apps = touched(event) & {known.id for known in self._snapshot.apps()}
        if event["eventType"] == "app_terminated_event":
            for app in apps:
                self._snapshot.terminated(app)
        if event.get("taskStatus") in OVER:
            with self._wake:
                self.endings = {**self.endings, **dict.fromkeys(apps, event)}
        if apps:
            with self._wake:
                self._dirty |= apps
                self._wake.notify()

    def detached(self, why: str) -> None:
        """Look more often while there are no events."""
        log.info("Marathon's event stream is cut; the apps are looked at more often meanwhile", extra={"why": why})
        with self._wake:
            self._attached = False
            self._wake.notify()

    def _look_for_ever(self) -> None:
        last, took = -ATTACHED_SECONDS, 0.0
        while not self._closing:
            with self._wake:
                pause = max(
                    ATTACHED_SECONDS if self._attached and not self._any_waits() else ALONE_SECONDS, SHARE * took
                )
                due = last + pause - time.monotonic()
                if not self._everything and not self._dirty and due > 0:
                    self._wake.wait(due)
                    continue
                everything = self._everything or due <= 0 or len(self._dirty) > FEW
                dirty, self._dirty, self._everything = self._dirty, set(), False
            began = time.monotonic()
            try:
                self._look_again(set() if everything else dirty)
            except (UnansweredError, RefusedError):
                last = began - pause + ALONE_SECONDS  # said in the log already
                continue
            except Exception:  # whatever it was, the next look may succeed, and nobody else looks
                log.exception("Marathon's apps cannot be looked at")
                last = began
                continue
            if everything:
                last, took = began, time.monotonic() - began

    def _any_waits(self) -> bool:
        """Return whether an app has no task yet: no event tells why."""
        return any(not suspended(known.app) and not living(known.app) for known in self._snapshot.apps())

    def _look_again(self, apps: set[str]) -> None:
        if not apps:
            self.look()
        for app in apps:
            self.look_at(app)

    def _failed(self, error: UnansweredError | RefusedError) -> None:
        self._failure = error
        if self.silent_since is None:
            self.silent_since = self._clock()
            log.warning("Marathon does not answer; what was seen last stays", extra={"why": str(error)})


def _quoted(value: str) -> str:
    """Return a label's value as the selector's grammar wants it."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else f"\\{each}" for each in value)
