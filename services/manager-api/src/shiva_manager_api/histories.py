"""Curves of machines for many who look: each is asked for once in a step, and few at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from shiva_manager_api.domain.machine_history import RANGES, MachineCurves, MachineHistories
from shiva_manager_api.domain.ports import MetricsUnavailableError, RefusedError
from shiva_manager_api.truth import Truth
from shiva_manager_api.waiting import Places

MOST_KEPT = 256
MOST_ASKING = 4  # threads that wait for Prometheus
MOST_WAITING = 8  # threads that wait for one of those
WAIT_SECONDS = 3.0

Key = tuple[str, str, datetime]  # machine, range, last point


class _Asking:
    """A question that is on its way."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.curves: MachineCurves | None = None  # None: no answer came


class Histories:
    """Names of machines are those of the overview; no other one reaches Prometheus."""

    def __init__(self, source: MachineHistories, truth: Truth, *, now: Callable[[], datetime]) -> None:
        """`now` is aware."""
        self._source, self._truth, self._now = source, truth, now
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, MachineCurves] = OrderedDict()
        self._asking: dict[Key, _Asking] = {}
        self._places = Places(MOST_WAITING)

    def of(self, machine: str, wanted: str) -> MachineCurves:
        """Return a machine's curves over a range of RANGES.

        Raises:
            RefusedError: there is no such machine.
            MetricsUnavailableError: Prometheus gives no usable answer, or too many ask.
        """
        fresh = self._known(machine)
        step = RANGES[wanted].step
        key = machine, wanted, datetime.fromtimestamp(self._now().timestamp() // step * step, UTC)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            asking, first = self._asking.get(key), key not in self._asking
            if first and (not fresh or len(self._asking) >= MOST_ASKING):
                raise MetricsUnavailableError("it did not answer a moment ago" if not fresh else "too many ask at once")
            if asking is None:
                asking = self._asking[key] = _Asking()
        return self._answer(key, asking) if first else self._awaited(asking)

    def _known(self, machine: str) -> bool:
        """Return whether Prometheus answers."""
        overview = self._truth.shown().overview
        if all(view.reading.name != machine for view in overview.machines):
            if overview.metrics.value is None and overview.broker.value is None:
                raise MetricsUnavailableError("nobody knows any machine")
            raise RefusedError("machine-not-found", machine=machine)
        return overview.metrics.fresh

    def _answer(self, key: Key, asking: _Asking) -> MachineCurves:
        machine, wanted, until = key
        try:
            asking.curves = curves = self._source.read(machine, RANGES[wanted], until)
        finally:
            with self._lock:
                del self._asking[key]
                if asking.curves is not None:
                    self._keep(key, asking.curves)
            asking.done.set()
        return curves

    def _keep(self, key: Key, curves: MachineCurves) -> None:
        for old in [each for each in self._kept if each[:2] == key[:2]]:
            del self._kept[old]
        self._kept[key] = curves
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _awaited(self, asking: _Asking) -> MachineCurves:
        with self._places.one() as free:
            if free:
                asking.done.wait(WAIT_SECONDS)
        if asking.curves is None:
            raise MetricsUnavailableError("no answer to the one who asked first" if free else "too many wait for one")
        return asking.curves
