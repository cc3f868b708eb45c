"""Tests with real Docker engines share the machines of a session."""

from tests.fakes.engines.fixtures import engines
from tests.fakes.engines.jupyter_image import jupyter_image

__all__ = ["engines", "jupyter_image"]
