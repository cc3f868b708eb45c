"""A door that stays open over the tests of a module, on its own loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.loop import ending_for_sure, the_doors_loop
from tests.fakes.raw_door import Stage, raw_door

__all__ = ["stage", "the_doors_loop"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See that each test ends."""
    ending_for_sure(items, Path(__file__).parent)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Open it."""
    with raw_door() as opened:
        yield opened
