"""A cluster of two machines, in memory."""

from collections.abc import Iterator

import pytest

from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import agents


@pytest.fixture
def marathon() -> Iterator[MarathonSimulator]:
    """Return a simulator with two machines."""
    with MarathonSimulator(agents()) as simulator:
        yield simulator
