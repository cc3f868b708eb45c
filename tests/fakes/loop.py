"""The loop that the door runs on."""

import asyncio
from collections.abc import Iterator

import pytest
import uvloop


@pytest.fixture(scope="package", autouse=True)
def the_doors_loop() -> Iterator[None]:
    """Let `asyncio.run` use it."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    yield
    asyncio.set_event_loop_policy(None)
