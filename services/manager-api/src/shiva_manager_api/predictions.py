"""How long a start will take on each machine, as an explanation tells it. Nobody who asks waits for Prometheus."""

from collections.abc import Callable

from shiva_manager_api.cached import Cached
from shiva_manager_api.domain.foretelling import Past, Pasts
from shiva_manager_api.domain.images import Presence
from shiva_manager_api.domain.ports import Explanation
from shiva_manager_api.keeping import Attention, Keeper, Pace

KEEP_SECONDS = 60.0
PACE = Pace(watched=KEEP_SECONDS, idle=600.0)  # the mean of days changes slowly


class Predictions:
    """Remembers the last good answer: it is of days, and as good some minutes later."""

    def __init__(self, source: Pasts, *, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._past = Cached(source.read, keep_seconds=KEEP_SECONDS, clock=clock)
        self._attention = Attention(clock)
        self._keeper: Keeper | None = None
        self._clock = clock

    def keep(self) -> None:
        """Ask in the background from now on; until then who looks asks, and waits."""
        self._keeper = Keeper(self._past, lambda: None, pace=PACE, attention=self._attention, clock=self._clock)
        self._keeper.start("start times")

    def told(self, explained: Explanation) -> Explanation:
        """Return an explanation with how long the start would take; null where that is not known."""
        self._attention.look()
        past = (self._past.get() if self._keeper is None else self._past.last()).value or Past()
        rest = {key: value for key, value in explained.items() if key != "image"}
        machines = [each | {"predicted_seconds": _seconds(past, each, explained["image"])} for each in rest["machines"]]
        chosen = [each["predicted_seconds"] for each in machines if each["name"] == rest["machine"]]
        return {**rest, "machines": machines, "predicted_seconds": next(iter(chosen), None)}


def _seconds(past: Past, told: Explanation, image: str) -> float | None:
    seconds = past.foretold(machine=told["name"], image=image, presence=Presence(told["image"]))
    return None if seconds is None else round(seconds, 1)
