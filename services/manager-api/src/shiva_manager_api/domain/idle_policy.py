"""The operator's rules for containers that nobody uses: how long, for whom, and how often a person may say no. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST_WITH_GPU = 3 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How long a container is idle when its person is warned, warned again, and when it ends."""

    warn: timedelta
    warn_again: timedelta
    stop: timedelta

    def __post_init__(self) -> None:
        """Refuse an end without two warnings before it."""
        if not timedelta(0) < self.warn < self.warn_again < self.stop:
            raise ValueError("a ladder rises: 0 < warn < warn_again < stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a container counts as idle, and what follows from it."""

    with_gpu: Ladder = Ladder(warn=60 * MINUTE, warn_again=105 * MINUTE, stop=120 * MINUTE)
    without_gpu: Ladder = Ladder(warn=22 * HOUR, warn_again=23 * HOUR, stop=24 * HOUR)
    grace: timedelta = 30 * MINUTE  # after a start; idle time does not begin before
    gpu_busy_ratio: float = 0.01  # a step of GPU activity from here on is work
    gpu_coverage: float = 0.9  # less of the idle time covered by readings: unknown
    busy_cap: timedelta | None = None  # so long a busy kernel or terminal is work; None: as long as it is busy
    fresh: timedelta = 3 * MINUTE  # an older reading, or one of the future, is none
    pause: timedelta = 10 * MINUTE  # not judged for longer: nobody watched the countdown, which begins again
    extension: timedelta = 4 * HOUR
    extensions_a_day: int = 2
    exempt: bool = False

    def __post_init__(self) -> None:
        """Refuse what would take silence for idleness."""
        spans = (self.fresh, self.pause, self.extension, HOUR if self.busy_cap is None else self.busy_cap)
        if min(spans) <= timedelta(0) or self.grace < timedelta(0) or self.extensions_a_day < 0:
            raise ValueError("times are above zero (grace: zero or more), extensions_a_day is zero or more")
        if self.with_gpu.stop > LONGEST_WITH_GPU:
            raise ValueError("with_gpu.stop is 3 days at most: GPUs are looked at minute by minute for twice as long")
        if not (0 < self.gpu_busy_ratio <= 1 and 0 < self.gpu_coverage <= 1):
            raise ValueError("gpu_busy_ratio and gpu_coverage are above 0 and at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule for everybody, others for some images and some people."""

    rule: Rule = Rule()
    images: Mapping[str, Rule] = field(default_factory=dict)
    people: Mapping[str, Rule] = field(default_factory=dict)
    stops_an_hour: int = 4  # so that no error of the readings can empty the cluster

    def of(self, *, user: str, image: str) -> Rule:
        """Return the person's rule, else the image's, else everybody's."""
        return self.people.get(user) or self.images.get(image) or self.rule


def extensions_left(given: Sequence[datetime], *, now: datetime, rule: Rule) -> int:
    """Return how often a person may still ask. `given` are the times of earlier extensions; the last 24 hours count.

    One in the future, seen by a clock that went back, counts.
    """
    return max(0, rule.extensions_a_day - sum(at > now - DAY for at in given))


def extended(given: Sequence[datetime], *, now: datetime, rule: Rule) -> datetime | None:
    """Return until when a container is kept if its person asks now; None: asked too often, see `extensions_left`."""
    return now + rule.extension if extensions_left(given, now=now, rule=rule) else None
