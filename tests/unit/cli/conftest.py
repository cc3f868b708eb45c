"""A server that keeps to the contract, and a person with the command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.shiva_api import FakeShiva, Terminal, shiva_standing


@pytest.fixture
def shiva() -> Iterator[FakeShiva]:
    """Shiva, as `services/manager-api/openapi.yaml` describes it."""
    with shiva_standing() as fake:
        yield fake


@pytest.fixture
def outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Somebody who is not logged in."""
    return Terminal(home=tmp_path, capture=capsys)


@pytest.fixture
def ada(outside: Terminal, shiva: FakeShiva) -> Terminal:
    """Somebody who is."""
    outside.logged_in(shiva)
    return outside
