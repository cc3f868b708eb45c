"""The loop that the door runs on, and a door that stays open over the tests of a module."""

import asyncio
from collections.abc import Iterator

import pytest
import uvloop

from tests.fakes.raw_door import Stage, raw_door


@pytest.fixture(scope="session", autouse=True)
def the_doors_loop() -> Iterator[None]:
    """Let `asyncio.run` use it."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    yield
    asyncio.set_event_loop_policy(None)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Open it."""
    with raw_door() as opened:
        yield opened
