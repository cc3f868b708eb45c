"""Tests with real Docker engines share the machines of a session."""

from pathlib import Path

import pytest

from tests.docker.people import Notebook, notebook
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines, engines
from tests.fakes.engines.jupyter_image import jupyter_image

__all__ = ["engines", "jupyter_image"]


@pytest.fixture
def engine(engines: Engines, jupyter_image: Path) -> Engine:
    """A machine as new, with the real image."""
    machine = engines.fresh()
    machine.load(jupyter_image)
    return machine


@pytest.fixture
def ada(engine: Engine, tmp_path: Path) -> Notebook:
    """A container of ada's whose Jupyter answers."""
    return notebook(engine, tmp_path)
