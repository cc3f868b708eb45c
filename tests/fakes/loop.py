"""The loop that the door runs on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop


@pytest.fixture(scope="package", autouse=True)
def the_doors_loop() -> Iterator[None]:
    """Let `asyncio.run` use it."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    yield
    asyncio.set_event_loop_policy(None)


def ending_for_sure(items: list[pytest.Item], folder: Path) -> None:
    """Let what runs too long below `folder` end by a thread: this loop never sees the signal that pytest-timeout sends."""
    for item in items:
        if folder in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(method="thread"))
