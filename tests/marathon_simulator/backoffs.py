"""The growing delay before an app that fails is launched again."""

import time
from dataclasses import dataclass

from tests.marathon_simulator.rules.policy import App


@dataclass(slots=True)
class Delay:
    """How long the last one was, in seconds of app definitions, and until when it lasts (monotonic)."""

    seconds: float
    until: float


class Backoffs:
    """One delay per app."""

    def __init__(self, second: float) -> None:
        """Begin without any; `second` is the length of a second."""
        self._second = second
        self._delays: dict[str, Delay] = {}

    def grow(self, app: App) -> None:
        """Count a failure."""
        last = self._delays.get(app["id"])
        seconds = float(app["backoffSeconds"]) if last is None else last.seconds * app["backoffFactor"]
        seconds = min(seconds, float(app["maxLaunchDelaySeconds"]))
        self._delays[app["id"]] = Delay(seconds, time.monotonic() + seconds * self._second)

    def reset(self, app_id: str) -> None:
        """Forget the failures."""
        self._delays.pop(app_id, None)

    def left(self, app_id: str) -> float:
        """Return the real seconds until the next launch is allowed."""
        delay = self._delays.get(app_id)
        return 0.0 if delay is None else max(0.0, delay.until - time.monotonic())

    def clear(self) -> None:
        """Forget all, as a new leader does."""
        self._delays.clear()
