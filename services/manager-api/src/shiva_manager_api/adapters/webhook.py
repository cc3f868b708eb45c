"""Decisions to a URL, so that a chat or a mail gateway can tell people. Never in the way of judging."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

import requests

from shiva_manager_api.domain.idle_ports import Decision

log = logging.getLogger("shiva.manager_api.webhook")

DEADLINE_SECONDS = 5.0
WAITS_SECONDS = (0.0, 1.0, 5.0)  # before each try
WAITING = 1000  # decisions; more are not told
CLOSE_SECONDS = 30.0


class Webhook:
    """Posts one decision after the other, in the background."""

    def __init__(
        self, url: str, *, failed: Callable[[Decision, str], None], waits_seconds: Sequence[float] = WAITS_SECONDS
    ) -> None:
        """`failed` gets what could not be told, and why."""
        self._url = url
        self._failed = failed
        self._waits = waits_seconds
        self._waiting: queue.Queue[Decision | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def note(self, decision: Decision) -> None:
        """Tell one decision, soon."""
        try:
            self._waiting.put_nowait(decision)
        except queue.Full:
            self._failed(decision, "too many wait")

    def close(self, *, wait_seconds: float = CLOSE_SECONDS) -> None:
        """Wait until everything is told, but no longer than that; what is left has failed."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(wait_seconds)
        with contextlib.suppress(queue.Empty):
            while True:
                if (left := self._waiting.get_nowait()) is not None:
                    self._failed(left, "the culler ended")

    def _run(self) -> None:
        while (decision := self._waiting.get()) is not None:
            try:
                self._tell(decision)
            except Exception:
                log.exception("a webhook broke")

    def _tell(self, decision: Decision) -> None:
        cause = ""
        for wait in self._waits:
            time.sleep(wait)
            try:
                answer = requests.post(self._url, json=decision, timeout=DEADLINE_SECONDS, allow_redirects=False)
            except requests.RequestException as error:
                cause = repr(error)
                continue
            if 200 <= answer.status_code < 300:
                return
            cause = f"it answered {answer.status_code}"
        self._failed(decision, cause)
