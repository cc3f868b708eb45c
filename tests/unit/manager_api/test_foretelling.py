"""How long a start will take: the mean of that machine, and of fetching the image; never a guess where something is unknown."""

import pytest
from shiva_manager_api.domain.foretelling import Past, Took
from shiva_manager_api.domain.images import Presence

PRESENT, ABSENT, PULLING, UNKNOWN = Presence.PRESENT, Presence.ABSENT, Presence.PULLING, Presence.UNKNOWN
STARTS = {"gpu-01": Took(count=4, seconds=16), "gpu-02": Took(count=1, seconds=14)}
FETCHES = {"torch": Took(count=2, seconds=360)}
KNOWN = Past(starts=STARTS, fetches=FETCHES)


@pytest.mark.parametrize(
    ("past", "machine", "image", "presence", "seconds"),
    [
        (KNOWN, "gpu-01", "torch", PRESENT, 4),
        (KNOWN, "gpu-02", "torch", PRESENT, 14),
        (KNOWN, "gpu-03", "torch", PRESENT, 6),  # as on all together
        (KNOWN, "gpu-01", "torch", ABSENT, 184),
        (KNOWN, "gpu-01", "torch", PULLING, 184),
        (KNOWN, "gpu-01", "torch", UNKNOWN, None),
        (KNOWN, "gpu-01", "never fetched", PRESENT, 4),
        (KNOWN, "gpu-01", "never fetched", ABSENT, None),
        (Past(starts={"gpu-01": Took(count=0, seconds=0)}, fetches=FETCHES), "gpu-01", "torch", PRESENT, None),
        (Past(starts=STARTS, fetches={"torch": Took(count=0, seconds=0)}), "gpu-01", "torch", ABSENT, None),
        (Past(), "gpu-01", "torch", PRESENT, None),
    ],
)
def test_a_start_takes_as_long_as_starts_took(
    past: Past, machine: str, image: str, presence: Presence, seconds: float | None
) -> None:
    assert past.foretold(machine=machine, image=image, presence=presence) == seconds
