"""A kernel's WebSocket through the door survives ten idle minutes."""

import time
from pathlib import Path

import pytest

from tests.e2e.person import Person, evaluate
from tests.e2e.running import suite

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

IDLE_SECONDS = 610


def test_a_websocket_survives_ten_idle_minutes(tmp_path: Path) -> None:
    with suite(tmp_path / "run") as running:
        ada = Person(running.address, "ada")
        ada.start()
        with ada.channels("/user/ada/", ada.kernel("/user/ada/")) as channel:
            assert evaluate(channel, "x = 42; x") == "42"
            time.sleep(IDLE_SECONDS)
            assert evaluate(channel, "x") == "42"
