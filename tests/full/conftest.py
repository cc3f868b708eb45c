"""The door in a slow proof runs on its own loop."""

from tests.fakes.loop import the_doors_loop

__all__ = ["the_doors_loop"]
