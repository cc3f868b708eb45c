"""What a command finds around it, in one place, so that a test can give another."""

import os
import time
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Clock, environment and browser."""

    environ: Mapping[str, str]
    now: Callable[[], datetime]  # aware
    monotonic: Callable[[], float]  # seconds
    sleep: Callable[[float], None]  # seconds
    browse: Callable[[str], bool]  # whether a browser was found
    zone: tzinfo | None = None  # None: the system's


def real() -> World:
    """Return the one that we live in."""
    return World(
        environ=os.environ,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=time.sleep,
        browse=webbrowser.open,
    )
