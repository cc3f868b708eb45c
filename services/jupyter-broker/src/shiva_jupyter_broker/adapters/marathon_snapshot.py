"""Our apps as Marathon showed them last, together with what we did since. Nothing is dropped on one list's word.

An empty list, a short one, or one of a leader that is no longer one looks like any other list. So an app that a list lacks
stays as it was seen until the next list lacks it too; where many are missing at once, until they are for two minutes. What
we wrote ourselves is shown at once, and no list that was begun before changes it.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.marathon_app import PULL, App
from shiva_jupyter_broker.adapters.marathon_json import members, text
from shiva_jupyter_broker.domain.containers import ContainerSpec, LaunchId

log = logging.getLogger("shiva.jupyter_broker.marathon.snapshot")

MANY = 0.2  # of all apps: more than that do not vanish at once without a doubt
MANY_SECONDS = 120.0
UNSURE_SECONDS = 30.0  # a creation whose answer is missing may arrive that late


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One app of ours."""

    app: App
    spec: ContainerSpec | None  # None for an app that only fetches an image
    written: float = -math.inf  # when we changed it ourselves
    unsure: bool = False  # whether our creation arrived is unknown
    missing_since: float | None = None  # when the first list that lacked it was begun

    @property
    def id(self) -> str:
        """What Marathon calls it."""
        return text(self.app, "id")


class Snapshot:
    """Thread-safe; times are seconds of a clock that never goes back."""

    def __init__(self, domain: str, token_of: Callable[[LaunchId], str], clock: Callable[[], float]) -> None:
        """Begin without having seen anything."""
        self._domain = domain
        self._token_of = token_of
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._terminated: set[str] = set()
        self._lock = threading.Lock()
        self.changes = 0  # grows with every change, so that what was worked out can be kept
        self.read = False  # whether there was a list at all

    def apps(self) -> Sequence[Known]:
        """Return every app."""
        with self._lock:
            return tuple(self._known.values())

    def looked(self, apps: Sequence[App], began: float) -> None:
        """Merge a list of all apps that was asked for at `began`."""
        with self._lock:
            listed = {known.id: known for app in apps if (known := self._seen(app, began)) is not None}
            missing = [self._missed(known, began) for known in self._known.values() if known.id not in listed]
            kept = {known.id: known for known in missing if not self._gone(known, began, _are_many(missing, listed))}
            if missing:
                log.info(
                    "apps are missing", extra={"missing": len(missing), "shown_on": len(kept), "listed": len(listed)}
                )
            self._known = listed | kept
            self._terminated &= kept.keys()
            self.read = True
            self.changes += 1

    def looked_at(self, app_id: str, app: App | None, began: float) -> None:
        """Merge a look at one app; that it is missing counts as the first list that lacks it."""
        with self._lock:
            known = self._seen(app, began) if app is not None else None
            if known is None and app_id in self._known:
                known = self._missed(self._known[app_id], began)
            if known is not None:
                self._known[app_id] = known
                self.changes += 1

    def wrote(self, app: App, *, unsure: bool = False) -> None:
        """Show an app as we made or changed it."""
        with self._lock:
            before = self._known.get(text(app, "id"))
            spec = before.spec if before is not None else self._spec(app)
            self._known[text(app, "id")] = Known(app=app, spec=spec, written=self._clock(), unsure=unsure)
            self.changes += 1

    def removed(self, app_id: str) -> None:
        """Show it no more: we deleted it."""
        with self._lock:
            if self._known.pop(app_id, None) is not None:
                self.changes += 1

    def terminated(self, app_id: str) -> None:
        """Note that an event told of its end: the next list that lacks it is believed."""
        with self._lock:
            if app_id in self._known:
                self._terminated.add(app_id)

    def _seen(self, app: App, began: float) -> Known | None:
        """Return what is known after `app` was seen in an answer to a question of `began`; None if it is not ours."""
        before = self._known.get(text(app, "id"))
        if before is not None:
            stale = before.written > began or text(app, "version") < text(before.app, "version")
            return replace(before, missing_since=None) if stale else Known(app=app, spec=before.spec)
        if text(members(app, "labels"), labels.DOMAIN) != self._domain:
            return None
        spec = self._spec(app)
        return Known(app=app, spec=spec) if spec is not None or PULL in members(app, "labels") else None

    def _spec(self, app: App) -> ContainerSpec | None:
        given = members(app, "labels")
        if PULL in given:
            return None
        try:
            return labels.spec(given, token=self._token_of(LaunchId(text(given, labels.LAUNCH))))
        except labels.DamagedLabelsError as error:
            log.error("an app of ours cannot be read", extra={"app": text(app, "id"), "why": str(error)})
            return None

    @staticmethod
    def _missed(known: Known, began: float) -> Known:
        if known.written > began or known.missing_since is not None:
            return known
        return replace(known, missing_since=began)

    def _gone(self, known: Known, began: float, many: bool) -> bool:
        """Return whether a missing app is believed to be gone."""
        if known.missing_since is None:
            return False
        for_seconds = began - known.missing_since
        if known.unsure:
            return for_seconds >= UNSURE_SECONDS
        if known.id in self._terminated:
            return True
        return for_seconds >= MANY_SECONDS if many else for_seconds > 0


def _are_many(missing: Sequence[Known], listed: dict[str, Known]) -> bool:
    return not listed or len(missing) > max(1.0, MANY * (len(missing) + len(listed)))
