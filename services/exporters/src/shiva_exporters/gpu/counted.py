"""Counts that only grow: a reader begins at nothing, and what the ones before it counted is added."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from shiva_exporters.gpu.source import Reading, Xid

Xids = Mapping[str, Mapping[int, Xid]]


class Counted:
    """Adds up the readings of one reader after another."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._before = self._now = Reading(driver_version="", gpus=())

    def with_earlier(self, reading: Reading) -> Reading:
        """Return a reading of this reader with what was counted before it."""
        self._now = replace(
            reading,
            xids=_added(self._before.xids, reading.xids),
            errors=Counter(self._before.errors) + Counter(reading.errors),
        )
        return self._now

    def begin_anew(self) -> None:
        """From now on there is another reader."""
        self._before = self._now


def _added(before: Xids, now: Xids) -> Xids:
    return {uuid: _sum(before.get(uuid, {}), now.get(uuid, {})) for uuid in {**before, **now}}


def _sum(before: Mapping[int, Xid], now: Mapping[int, Xid]) -> Mapping[int, Xid]:
    both = {
        number: Xid(count=before[number].count + xid.count, last_at=max(before[number].last_at, xid.last_at))
        for number, xid in now.items()
        if number in before
    }
    return {**before, **now, **both}
