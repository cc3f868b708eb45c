"""While one client attacks the parser, another one is still answered within a quarter of a second."""

import asyncio
import statistics
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.attacks import NAMES
from tests.fakes.door_process import DoorProcess, door_process

pytestmark = [pytest.mark.full, pytest.mark.speed, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
WORST_SECONDS = 0.25
ROUNDS, ASKS = 3, 50


async def worst(door: DoorProcess) -> float:
    """Ask many times, with a pause each, and return the longest that an answer took."""
    line, longest = await door.line(), 0.0
    for number in range(ASKS):
        began = time.perf_counter()
        answer = await line.ask(door.head(f"GET /user/ken/{number}"))
        longest = max(longest, time.perf_counter() - began)
        assert (answer.status, answer.body) == (200, f"/user/ken/{number} 0".encode())
        await asyncio.sleep(0.005)
    line.close()
    return longest


@pytest.mark.parametrize("kind", NAMES)
def test_a_polite_client_is_answered_beside_an_attack(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        async with door_process(tmp_path) as door:
            command = [sys.executable, "-m", "tests.fakes.attacks", kind, str(door.port), door.cookie]
            attacking = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
            try:
                await worst(door)  # the attack is under way
                times = [await worst(door) for _ in range(ROUNDS)]
            finally:
                attacking.kill()
                await attacking.wait()
            assert attacking.returncode == -9, "the attack ended by itself"
            assert statistics.median(times) < WORST_SECONDS, times

    asyncio.run(use())
