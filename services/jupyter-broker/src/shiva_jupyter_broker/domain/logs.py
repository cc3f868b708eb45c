"""What a container wrote, as it may be shown: the last lines, bounded, without its secret and what only terminals read. Pure."""

import re
from dataclasses import dataclass, replace

MOST_LINES = 1000
MOST_CHARACTERS = 4096  # of a line
HIDDEN = "…"
UNSEEN = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")  # colors of terminals, and control characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Lines, oldest first."""

    lines: tuple[str, ...] = ()
    truncated: bool = False  # there were older ones


def last(written: bytes, lines: int, *, cut: bool = False) -> Log:
    """Return the last lines of what was written; with `cut` something older was left out, maybe in the middle of a line."""
    found = written.decode("utf-8", "replace").splitlines()
    if cut and len(found) > 1:
        del found[0]
    shown = (UNSEEN.sub("", line) for line in found[-lines:])
    return Log(
        lines=tuple(line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…" for line in shown),
        truncated=cut or len(found) > lines,
    )


def without(log: Log, secret: str) -> Log:
    """Return the log without a secret; an empty one is none."""
    return replace(log, lines=tuple(line.replace(secret, HIDDEN) for line in log.lines)) if secret else log
