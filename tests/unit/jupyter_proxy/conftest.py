"""A door that stays open over the tests of a module, on its own loop."""

from collections.abc import Iterator

import pytest

from tests.fakes.loop import the_doors_loop
from tests.fakes.raw_door import Stage, raw_door

__all__ = ["stage", "the_doors_loop"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Open it."""
    with raw_door() as opened:
        yield opened
