"""What the door shall reach, and whether it did. All figures of one run; a ratio is the median of the rounds' own."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

Round = Mapping[str, Mapping[str, float] | None]  # figures by proxy; None: void


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound for a figure of ours, as it is or against a peer's."""

    part: str
    figure: str
    bound: float
    at_most: bool = False
    peer: str = ""

    def verdict(self, rounds: Sequence[Round]) -> dict[str, object]:
        """Return the goal with what was reached; a void round of ours misses it.

        A round's figures stand next to one another in time, so a machine that slows down for minutes changes no ratio.
        """
        ratios = [reached for one in rounds if (reached := self._reached(one)) is not None]
        reached = statistics.median(ratios) if ratios else None
        sound = reached is not None and all(one["shiva"] is not None for one in rounds)
        met = sound and reached is not None and (reached <= self.bound if self.at_most else reached >= self.bound)
        spread = {"lowest": min(ratios, default=None), "highest": max(ratios, default=None)}
        return asdict(self) | {"reached": reached, **spread, "met": met}

    def _reached(self, one: Round) -> float | None:
        ours, theirs = one["shiva"], one[self.peer] if self.peer else {self.figure: 1.0}
        return None if ours is None or not theirs else ours[self.figure] / theirs[self.figure]


GOALS = (
    Goal(part="http", figure="per_second", peer="chp", bound=7.0),
    Goal(part="http", figure="per_second", peer="haproxy", bound=0.8),
    Goal(part="ws", figure="per_second", peer="haproxy", bound=1.0),
    Goal(part="ws", figure="p99_ms", peer="chp", bound=1.0, at_most=True),
    Goal(part="download", figure="per_second", peer="nginx", bound=0.9),
    Goal(part="new", figure="per_second", bound=1000.0),
    Goal(part="memory", figure="kb_each", bound=10.0, at_most=True),
)


def median(rounds: Sequence[Round], proxy: str, figure: str) -> float | None:
    """Return the median over the rounds that count."""
    values = [figures[figure] for one in rounds if (figures := one.get(proxy)) is not None]
    return statistics.median(values) if values else None
