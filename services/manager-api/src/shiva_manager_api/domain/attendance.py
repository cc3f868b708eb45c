"""What is known of a container's use: three signals, and what earlier judgements left. None means unknown. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuActivity:
    """What the container's busiest GPU did, step by step, for at least as long as idle containers are left alone.

    Where work cannot be told from memory that is held (a lost GPU, MIG without counters), there is none of this: unknown.
    """

    until: datetime  # the end of the newest step
    step: timedelta
    ratios: Sequence[float | None]  # oldest first; share of each step in which it worked, None: not read

    def known(self) -> list[tuple[datetime, float | None]]:
        """Return each step's end and ratio, newest first; what is no ratio is None."""
        newest_first = enumerate(reversed(self.ratios))
        return [(self.until - i * self.step, r if _is_ratio(r) else None) for i, r in newest_first]

    def coverage(self, since: datetime) -> float:
        """Return the share of steps after `since` that were read; 1 where there are none."""
        later = [ratio is not None for end, ratio in self.known() if end > since]
        return sum(later) / len(later) if later else 1.0

    def mean(self, since: datetime) -> float | None:
        """Return the mean of what was read after `since`."""
        later = [ratio for end, ratio in self.known() if end > since and ratio is not None]
        return sum(later) / len(later) if later else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jupyter:
    """What the container's Jupyter told of its kernels and terminals."""

    read_at: datetime
    busy: int  # kernels that execute, terminals in which a program runs, one more for programs without a terminal
    busy_since: datetime | None = None  # of these, the one that began last
    last_activity_at: datetime | None = None  # of those that are not busy; None: there was none


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """When people last came in."""

    read_at: datetime
    last_at: datetime | None  # None: nobody since it started


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What earlier judgements leave for the next one. Losing it only warns people again."""

    first_warned_at: datetime | None = None
    second_warned_at: datetime | None = None
    judged_at: datetime | None = None  # the last time that everything was known
    busy_at: datetime | None = None  # the last time that work was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """All that is known of one running container. None means unknown."""

    name: str
    gpus: int  # that it holds; without any, `gpu` is not asked for
    started_at: datetime | None
    gpu: GpuActivity | None
    jupyter: Jupyter | None
    access: Access | None
    keep_until: datetime | None = None  # its person asked for it; None: nobody did
    record: Record = Record()


def _is_ratio(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and value >= 0
