"""Images on offer, and on which machines they are. What was not told is None, or “unknown”: neither there nor missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Presence(StrEnum):
    """Whether a machine has an image."""

    PRESENT = "present"
    ABSENT = "absent"
    PULLING = "pulling"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """One machine, and how far it is with one image."""

    machine: str
    state: Presence
    pulled_bytes: int | None  # while it is fetched; None where the engine does not tell
    total_bytes: int | None
    error: str | None  # one sentence, where fetching it failed last


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on offer."""

    name: str
    title: str
    description: str
    reference: str  # as the catalogue names it
    digest: str | None  # what a start would run now; None: the tag
    size_bytes: int | None  # what a machine fetches that has nothing of it
    needs_gpu: bool
    cuda: str | None
    trouble: str | None  # one sentence, where the registry should have told more
    machines: Sequence[Whereabouts]  # by name
