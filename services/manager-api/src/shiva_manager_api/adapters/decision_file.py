"""Decisions as JSON lines in a file of bounded size, and in the log."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shiva_manager_api.domain.idle_ports import Decision

log = logging.getLogger("shiva.manager_api.decisions")

MAX_BYTES = 10 * 2**20  # of each of two files: years of decisions


class DecisionFile:
    """`decisions.jsonl` in a folder; `decisions.1.jsonl` is what it was when it became too large."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        """The file is made by the first decision."""
        self._path = folder / "decisions.jsonl"
        self._earlier = folder / "decisions.1.jsonl"
        self._max_bytes = max_bytes

    def note(self, decision: Decision) -> None:
        """Append one, and log it; a disk that is full takes nothing from the log."""
        log.info("idle: %s", decision["kind"], extra=dict(decision))
        try:
            if self._path.exists() and self._path.stat().st_size > self._max_bytes:
                self._path.replace(self._earlier)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(decision) + "\n")
        except OSError as error:
            log.error("the decision cannot be written into its file", extra={"cause": str(error)})

    def read(self) -> Iterator[Mapping[str, Any]]:
        """Yield what is kept, oldest first; a line that a crash cut is left out."""
        for path in (self._earlier, self._path):
            try:
                with path.open(encoding="utf-8", errors="replace") as file:
                    yield from filter(None, map(_line, file))
            except FileNotFoundError:
                continue


def _line(text: str) -> Mapping[str, Any] | None:
    try:
        decision = json.loads(text)
    except ValueError:
        return None
    return decision if isinstance(decision, dict) and "kind" in decision else None
