"""A door that stays open over the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.fakes.raw_door import Stage, raw_door


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Open it."""
    with raw_door() as opened:
        yield opened
