"""The engines of a test session. A conftest takes them with `from tests.fakes.engines.fixtures import engines`."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.engines import image
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.lan import Lan
from tests.fakes.engines.shell import missing
from tests.require import require

MOST = 3


class Engines:
    """Up to three machines `gpu1` … on one network, each started when it is first asked for."""

    def __init__(self, images: Path) -> None:
        """Build the network; `images` is a folder for the tar."""
        self.lan = Lan()
        self._folder = images
        self._machines: dict[int, Engine] = {}

    @functools.cached_property
    def images(self) -> Path:
        """The tar with every `shiva-fake`, built when first needed."""
        return image.build(self._folder / "shiva-fake.tar")

    def fresh(self, number: int = 1, *, gpus: bool = False) -> Engine:
        """Return machine `number` (from 1) as new: connected, running, with the images and the network `shiva`, else empty.

        With `gpus` it believes in every GPU that it is asked for.
        """
        if not 1 <= number <= MOST:
            raise ValueError(f"there are {MOST} machines")
        if number not in self._machines:
            self._machines[number] = Engine(self.lan, f"gpu{number}", number)
        machine = self._machines[number]
        machine.clear(gpus=gpus)
        machine.load(self.images)
        return machine

    def end(self) -> None:
        """Leave nothing behind."""
        for machine in self._machines.values():
            machine.end()
        self.lan.end()


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """Real engines; a machine that cannot run them skips, and fails where SHIVA_TEST_REQUIRE names `docker`."""
    why = missing()
    require("docker", present=not why, reason=why)
    started = Engines(tmp_path_factory.mktemp("images"))
    yield started
    started.end()
