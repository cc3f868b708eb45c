"""How long a start will take, from how long starts took. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shiva_manager_api.domain.images import Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How often something happened, and how many seconds that took together; a count over a span need not be whole."""

    count: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The last days: starts by machine, without fetching their image; fetches by image."""

    starts: Mapping[str, Took] = field(default_factory=dict)
    fetches: Mapping[str, Took] = field(default_factory=dict)

    def foretold(self, *, machine: str, image: str, presence: Presence) -> float | None:
        """Return seconds from the request to Jupyter's first answer; None where a part of it is unknown.

        What is on its way may be there sooner. Without a start on that machine, it is as on all together.
        """
        starts = self.starts.get(machine, NEVER)
        start = _mean(starts) if starts.count > 0 else _mean(_together(self.starts))
        fetch = {Presence.PRESENT: 0.0, Presence.UNKNOWN: None}.get(presence, _mean(self.fetches.get(image, NEVER)))
        return None if start is None or fetch is None else start + fetch


class Pasts(Protocol):
    """Who knows how long starts took."""

    def read(self) -> Past:
        """Return it.

        Raises:
            MetricsUnavailableError: no usable answer.
        """


NEVER = Took(count=0.0, seconds=0.0)


def _mean(took: Took) -> float | None:
    return took.seconds / took.count if took.count > 0 else None


def _together(all_of_them: Mapping[str, Took]) -> Took:
    return Took(
        count=sum(each.count for each in all_of_them.values()),
        seconds=sum(each.seconds for each in all_of_them.values()),
    )
