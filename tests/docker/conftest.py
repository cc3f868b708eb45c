"""Tests with real Docker engines share the machines of a session."""

from tests.fakes.engines.fixtures import engines

__all__ = ["engines"]
