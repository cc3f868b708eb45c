"""Numbers of several worker processes, seen as one: each writes its own file every second, a scrape adds them up."""

import asyncio
import contextlib
import json
import logging
import os
from collections import Counter
from pathlib import Path

from shiva_jupyter_proxy.observing import Numbers

log = logging.getLogger("shiva.jupyter_proxy.numbers")

PERIOD_SECONDS = 1.0


def to_json(numbers: Numbers) -> str:
    """Return numbers as text."""
    answers = [[kind, hundreds, count] for (kind, hundreds), count in numbers.answers.items()]
    return json.dumps(
        [answers, numbers.durations, numbers.seconds, numbers.upstream_errors, numbers.connections, numbers.tunnels]
    )


def from_json(text: str) -> Numbers:
    """Read them; ValueError when they are none."""
    try:
        answers, durations, seconds, errors, connections, tunnels = json.loads(text)
        counted = Counter({(str(kind), int(hundreds)): int(count) for kind, hundreds, count in answers})
        return Numbers(counted, dict(durations), Counter(seconds), Counter(errors), connections, tunnels)
    except TypeError as error:
        raise ValueError("these are no numbers") from error


def add(numbers: Numbers, more: Numbers) -> Numbers:
    """Return the sum."""
    durations = {
        kind: [a + b for a, b in zip(numbers.durations[kind], more.durations[kind], strict=True)]
        for kind in numbers.durations
    }
    return Numbers(
        numbers.answers + more.answers,
        durations,
        numbers.seconds + more.seconds,
        numbers.upstream_errors + more.upstream_errors,
        numbers.connections + more.connections,
        numbers.tunnels + more.tunnels,
    )


class SharedNumbers:
    """One worker's numbers in a folder that all workers share."""

    def __init__(self, folder: Path, worker: int, numbers: Numbers) -> None:
        """Go on from what an earlier process of this place counted: a counter never goes back."""
        self._own = folder / f"numbers-{worker}.json"
        self._numbers = numbers
        with contextlib.suppress(OSError, ValueError):
            before = from_json(self._own.read_text(encoding="utf-8"))
            before.connections = before.tunnels = 0
            both = add(before, numbers)
            numbers.answers, numbers.durations, numbers.seconds = both.answers, both.durations, both.seconds
            numbers.upstream_errors = both.upstream_errors

    def together(self) -> Numbers:
        """Return the sum of all workers; the others' are at most a second old."""
        total = self._numbers
        for path in sorted(self._own.parent.glob("numbers-*.json")):
            if path != self._own:
                with contextlib.suppress(OSError, ValueError):
                    total = add(total, from_json(path.read_text(encoding="utf-8")))
        return total

    def save(self) -> None:
        """Write the own ones, whole or not at all."""
        new = self._own.with_suffix(".new")
        try:
            new.write_text(to_json(self._numbers), encoding="utf-8")
            os.replace(new, self._own)
        except OSError as error:
            log.warning("numbers not written", extra={"cause": str(error)})

    async def run(self) -> None:
        """Save for ever."""
        while True:
            self.save()
            await asyncio.sleep(PERIOD_SECONDS)
