"""What the door shall reach, and whether it did. All figures of one run; a ratio is of medians."""

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
        """Return the goal with what was reached; a void round of ours misses it."""
        ours, theirs = (
            median(rounds, "shiva", self.figure),
            median(rounds, self.peer, self.figure) if self.peer else 1.0,
        )
        reached = ours / theirs if ours is not None and theirs else None
        sound = reached is not None and all(one["shiva"] is not None for one in rounds)
        met = sound and reached is not None and (reached <= self.bound if self.at_most else reached >= self.bound)
        return asdict(self) | {"reached": reached, "met": met}


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
