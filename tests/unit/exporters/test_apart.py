"""Readers that hang, crash and talk nonsense: each ends and is replaced, never two at a time, later and later."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from shiva_exporters.gpu.apart import Apart, Reader, start
from shiva_exporters.gpu.source import GpuReadError, NoDriverError, Xid

BEGIN = """
import os, pickle, sys, time
from shiva_exporters.gpu.source import GpuReadError, NoDriverError, Reading, Xid
def tell(answer):
    os.write(1, pickle.dumps(answer))
READING = Reading(driver_version="580", gpus=[], errors={("nvmlInit", "999"): 1}, xids={"GPU-1": {48: Xid(count=2, last_at=100.0)}})
"""
HANGS = "os.read(0, 1); time.sleep(3600)"
TELLS = "while os.read(0, 1): tell(READING)"
FAILS = "while os.read(0, 1): tell(GpuReadError('driver/library version mismatch'))"


class Readers:
    """Starts what each test says, and keeps what was started."""

    def __init__(self, *bodies: str, hung_seconds: float = 20.0) -> None:
        """`bodies` are the programs of the readers in turn; the last one is that of all further ones."""
        self._bodies = bodies
        self._hung_seconds = hung_seconds
        self.started: list[Reader] = []
        self.now = 0.0

    def __call__(self) -> Reader:
        body = self._bodies[min(len(self.started), len(self._bodies) - 1)]
        reader = start([sys.executable, "-c", BEGIN + body])
        self.started.append(reader)
        return reader

    def source(self) -> Apart:
        return Apart(self, hung_seconds=self._hung_seconds, steady=lambda: self.now)

    def end(self) -> None:
        for each in self.started:
            each.end()
            each.process.wait()


@pytest.fixture
def readers() -> Iterator[Callable[..., Readers]]:
    made: list[Readers] = []

    def make(*bodies: str, hung_seconds: float = 20.0) -> Readers:
        made.append(Readers(*bodies, hung_seconds=hung_seconds))
        return made[-1]

    yield make
    for each in made:
        each.end()


Make = Callable[..., Readers]


def failed(source: Apart) -> str:
    """Return why a round failed, as it must."""
    with pytest.raises(GpuReadError) as raised:
        source.read()
    return str(raised.value)


def test_a_reader_answers_round_after_round(readers: Make) -> None:
    world = readers(TELLS)
    source = world.source()
    assert [source.read().driver_version for _ in range(3)] == ["580"] * 3
    assert len(world.started) == 1


def test_no_driver_is_what_it_is(readers: Make) -> None:
    world = readers("while os.read(0, 1): tell(NoDriverError())")
    source = world.source()
    for _ in range(5):
        with pytest.raises(NoDriverError):
            source.read()
    assert len(world.started) == 1


def test_one_that_hangs_is_killed_and_replaced(readers: Make) -> None:
    world = readers(HANGS, TELLS, hung_seconds=1.0)
    source = world.source()
    assert failed(source) == "the driver hangs"
    assert world.started[0].process.wait(10) == -9
    assert failed(source) == "the reader of the driver is started again soon"
    world.now += 1.0
    assert source.read().driver_version == "580"


@pytest.mark.parametrize(("body", "why"), [
    ("os.read(0, 1); os.kill(os.getpid(), 11)", "status -11"),
    ("pass", "status 0"),
    ("os.read(0, 1); os.write(1, pickle.dumps(READING)[:20])", "status 0"),
    ("os.read(0, 1); os.write(1, b'NVRM: garbage')", "status"),
])  # fmt: skip
def test_one_that_ends_or_talks_nonsense_is_replaced(readers: Make, body: str, why: str) -> None:
    world = readers(body, TELLS)
    source = world.source()
    assert why in failed(source)
    world.now += 1.0
    assert source.read().driver_version == "580"


def test_a_driver_that_fails_as_a_whole_gets_a_new_process_and_the_log_one_line(
    readers: Make, caplog: pytest.LogCaptureFixture
) -> None:
    world = readers(FAILS, FAILS, TELLS)
    source = world.source()
    for _ in range(2):
        for _ in range(3):
            assert failed(source) == "driver/library version mismatch"
        world.now += 2.0
    assert source.read().driver_version == "580"
    assert len(world.started) == 3
    assert [each.message for each in caplog.records] == ["the reader of the driver is replaced"]


def starts(world: Readers, source: Apart, *, until: int) -> list[float]:
    """Ask once a second; return when each reader was started."""
    at: list[float] = []
    while len(world.started) < until:
        before = len(world.started)
        with suppress(GpuReadError):
            source.read()
        at += [world.now] * (len(world.started) - before)
        world.now += 1.0
    return at


def test_the_more_readers_end_the_later_comes_the_next(readers: Make) -> None:
    world = readers("pass")
    at = starts(world, world.source(), until=8)
    assert [after - before for before, after in pairwise(at)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_good_round_forgives(readers: Make) -> None:
    world = readers("pass", "pass", "os.read(0, 1); tell(READING)", "pass", TELLS)
    at = starts(world, world.source(), until=5)
    assert [after - before for before, after in pairwise(at)] == [1, 2, 2, 2]  # of the third, one was its good round


class Held:
    """A process that the driver holds in the kernel: SIGKILL changes nothing until it is let go."""

    pid = 4242
    returncode: int | None = None

    def kill(self) -> None:
        """Change nothing."""

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        raise subprocess.TimeoutExpired("reader", timeout or 0)


def test_of_readers_that_the_driver_holds_there_are_two_at_most() -> None:
    held: list[Held] = []
    theirs: list[socket.socket] = []

    def start_one() -> Reader:
        held.append(Held())
        line, other = socket.socketpair()
        theirs.append(other)
        return Reader(process=held[-1], line=line)

    now = [0.0]
    source = Apart(start_one, hung_seconds=0.01, steady=lambda: now[0])
    for count in (1, 2):
        assert failed(source) == "the driver hangs"
        assert len(held) == count
        now[0] += 60.0
    for _ in range(5):
        assert "the driver holds readers" in failed(source)
        now[0] += 60.0
    held[0].returncode = -9
    assert failed(source) == "the driver hangs"
    assert len(held) == 3
    for each in theirs:
        each.close()


def test_what_was_counted_before_still_counts(readers: Make) -> None:
    world = readers("os.read(0, 1); tell(READING)", TELLS)
    source = world.source()
    source.read()
    failed(source)
    world.now += 1.0
    for _ in range(2):
        told = source.read()
        assert told.xids == {"GPU-1": {48: Xid(count=4, last_at=100.0)}}
        assert told.errors == {("nvmlInit", "999"): 2}
