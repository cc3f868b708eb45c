"""Every act of an admin, every login and every token, in a log that only grows. What cannot be noted is not done."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from shiva_common import logs
from shiva_common.identity import Identity

from shiva_manager_api.domain.people import Act
from shiva_manager_api.domain.people_ports import AuditLog
from shiva_manager_api.domain.ports import PortError

log = logging.getLogger("shiva.manager_api.audit")

SEEN_AGAIN = timedelta(hours=1)  # a page that looks every two seconds is one look
MAX_SEEN = 10_000
UNKNOWN = "internal"  # the code of a mistake of ours


class Audit:
    """Writes the log. Every method raises StoreUnavailableError where it cannot, before anything was done."""

    def __init__(self, acts: AuditLog, *, now: Callable[[], datetime]) -> None:
        """`now` is aware."""
        self._acts = acts
        self._now = now
        self._seen: dict[tuple[str, str, str], datetime] = {}
        self._looking = threading.Lock()

    def note(self, who: Identity, action: str, target: str, *, outcome: str = "done", **facts: object) -> None:
        """Keep one line."""
        self._acts.append(
            Act(
                at=self._now(), actor=who.name, client=who.client, token_id=who.token_id, action=action, target=target,
                outcome=outcome, request_id=logs.request_id.get(), facts=facts,
            )
        )  # fmt: skip

    @contextmanager
    def act(self, who: Identity, action: str, target: str, **facts: object) -> Iterator[None]:
        """Keep a line before the act and one after it. The act is done where the second cannot be kept: the first tells of it."""
        self.note(who, action, target, outcome="asked", **facts)
        try:
            yield
        except Exception as error:
            code = error.code if isinstance(error, PortError) else UNKNOWN
            self._after(who, action, target, "failed", {**facts, "code": code})
            raise
        self._after(who, action, target, "done", facts)

    def _after(self, who: Identity, action: str, target: str, outcome: str, facts: dict[str, object]) -> None:
        try:
            self.note(who, action, target, outcome=outcome, **facts)
        except PortError:
            log.exception("the end of an act is not in the audit log", extra={"act": action, "target": target})

    def sees(self, who: Identity, target: str, action: str = "container.see") -> None:
        """Note that an admin looks at what is another's; once an hour."""
        now, key = self._now(), (who.name, action, target)
        with self._looking:
            seen = self._seen.get(key)
        if seen is not None and timedelta(0) <= now - seen < SEEN_AGAIN:  # a clock may be set back
            return
        self.note(who, action, target)
        with self._looking:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen[key] = now
