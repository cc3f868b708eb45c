"""A part that a test needs: missing in CI it is a failure, on a laptop a skip that says so."""

import os
from typing import NoReturn

import pytest


def require(part: str, *, present: bool, reason: str) -> None:
    """Go on when `present`; else fail if SHIVA_TEST_REQUIRE names `part`, and skip with `reason` if it does not."""
    if not present:
        _missing(part, reason)


def _missing(part: str, reason: str) -> NoReturn:
    if part in os.environ.get("SHIVA_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{part} is required here: {reason}")
    pytest.skip(reason)
