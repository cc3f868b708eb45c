"""Everything that clients ever sent to the simulated Marathon, so that tests can check all of it."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.marathon_simulator.rules.policy import Policy
from tests.marathon_simulator.rules.validation import lint


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that reached a leader or a standby."""

    method: str
    target: str
    body: bytes
    status: int

    def json(self) -> Any:
        """Return the body as JSON; None without one."""
        return json.loads(self.body) if self.body.strip() else None


class Recorder:
    """Keeps requests in the order of their answers."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sent: list[Sent] = []
        self._lock = threading.Lock()

    def note(self, method: str, target: str, body: bytes, status: int) -> None:
        """Keep one."""
        with self._lock:
            self._sent.append(Sent(method, target, body, status))

    def sent(self, method: str = "", prefix: str = "/") -> Sequence[Sent]:
        """Return the requests of a method, whose target begins so."""
        with self._lock:
            return [each for each in self._sent if method in ("", each.method) and each.target.startswith(prefix)]

    def definitions(self) -> Sequence[dict[str, Any]]:
        """Return every full app definition ever sent, accepted or not: bodies of POST /v2/apps."""
        return [
            each.json()
            for each in self.sent("POST", "/v2/apps")
            if each.target.partition("?")[0].rstrip("/") == "/v2/apps"
        ]

    def updates(self) -> Sequence[dict[str, Any]]:
        """Return every partial definition ever sent: bodies of PUT and PATCH."""
        bodies = [each.json() for method in ("PUT", "PATCH") for each in self.sent(method, "/v2/apps")]
        return [app for body in bodies for app in (body if isinstance(body, list) else [body])]

    def lint(self, policy: Policy) -> Sequence[str]:
        """Return what is wrong, by our own strict rules, with any definition ever sent."""
        return [f"{app.get('id')}: {fault}" for app in self.definitions() for fault in lint(app, policy)]
