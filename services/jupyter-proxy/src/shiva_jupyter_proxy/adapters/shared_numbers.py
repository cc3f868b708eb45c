"""Numbers of several worker processes, seen as one: each writes its own file every second, a scrape adds them up."""

import asyncio
import contextlib
import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from shiva_jupyter_proxy.observing import Counts, Numbers

log = logging.getLogger("shiva.jupyter_proxy.numbers")

PERIOD_SECONDS = 1.0


def to_json(numbers: Numbers) -> str:
    """Return numbers as text."""
    return json.dumps(asdict(numbers))


def from_json(text: str) -> Numbers:
    """Read them; ValueError when they are none."""
    try:
        raw = json.loads(text)
        return Numbers(**raw | {kind: Counts(**raw[kind]) for kind in ("container", "shiva")})
    except (TypeError, KeyError) as error:
        raise ValueError("these are no numbers") from error


def add(numbers: Numbers, more: Numbers) -> Numbers:
    """Return the sum."""
    return Numbers(
        _both(numbers.container, more.container),
        _both(numbers.shiva, more.shiva),
        numbers.connections + more.connections,
        numbers.tunnels + more.tunnels,
    )


def _both(counts: Counts, more: Counts) -> Counts:
    return Counts(
        [a + b for a, b in zip(counts.answers, more.answers, strict=True)],
        [a + b for a, b in zip(counts.durations, more.durations, strict=True)],
        counts.seconds + more.seconds,
        counts.upstream_errors + more.upstream_errors,
    )


class SharedNumbers:
    """One worker's numbers in a folder that all workers share."""

    def __init__(self, folder: Path, worker: int, numbers: Numbers) -> None:
        """Go on from what an earlier process of this place counted: a counter never goes back."""
        self._own = folder / f"numbers-{worker}.json"
        self._numbers = numbers
        with contextlib.suppress(OSError, ValueError):
            before = from_json(self._own.read_text(encoding="utf-8"))
            both = add(before, numbers)
            numbers.container, numbers.shiva = both.container, both.shiva

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
