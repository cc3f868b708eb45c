"""Marks on disk: what one process ends is over in every other, and after a restart."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_proxy.adapters.marks import SEEN_SECONDS, SWEEP_SECONDS, USED_SECONDS, Marks
from shiva_jupyter_proxy.domain.ports import Person, Revoked, Session

NOW = 1_800_000_000.0
DAY = 86400.0


class Clock:
    """Time that a test moves."""

    now = NOW

    def __call__(self) -> float:
        return self.now


class World:
    """A folder, and processes that share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "door"
        self.clock = Clock()
        self.over: list[set[str]] = []

    def process(self) -> Marks:
        return Marks(
            self.folder, lifetime=timedelta(days=14), idle=timedelta(days=3), on_over=self.over.append, clock=self.clock
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def session(id_: str = "5e55", *, name: str = "ada", issued_at: float = NOW) -> Session:
    return Session(person=Person(name=name, shown_name=name), id=id_, issued_at=issued_at)


def revoked(name: str, *, ended_before: float | None = None, barred: bool = False) -> Revoked:
    return Revoked(name=name, ended_before=ended_before, barred=barred)


def test_a_session_goes_on_until_it_is_ended_here_at_once_and_elsewhere_at_the_next_look(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.holds(session())
    assert other.holds(session())
    one.end(session())
    assert not one.holds(session())
    assert other.holds(session())
    other.look()
    assert not other.holds(session())
    assert world.over == [{"5e55"}, {"5e55"}]


def test_ending_twice_is_ending_once(world: World) -> None:
    marks = world.process()
    marks.end(session())
    marks.end(session())
    assert not marks.holds(session())


def test_an_ended_session_stays_ended_after_a_restart(world: World) -> None:
    world.process().end(session())
    assert not world.process().holds(session())


def test_leaving_everywhere_ends_what_began_before_and_nothing_of_others(world: World) -> None:
    one, other = world.process(), world.process()
    assert all(other.holds(each) for each in (session("a"), session("b"), session("k", name="ken")))
    world.clock.now += 10
    one.end(session("a"), everywhere=True)
    other.look()
    assert world.over == [{"a", "b"}]
    assert not one.holds(session("b"))
    assert not world.process().holds(session("b"))
    assert other.holds(session("k", name="ken"))
    assert other.holds(session("later", issued_at=world.clock.now + 0.001))


def test_a_code_is_taken_once_by_whichever_process(world: World) -> None:
    one, other = world.process(), world.process()
    assert [one.take("c0de"), other.take("c0de"), one.take("c0de"), world.process().take("c0de")] == [
        True,
        False,
        False,
        False,
    ]
    assert one.take("other")


def test_a_session_ends_with_its_lifetime_and_its_sockets_with_it(world: World) -> None:
    marks = world.process()
    for _ in range(14):
        assert marks.holds(session())
        world.clock.now += DAY
    assert marks.holds(session())
    world.clock.now += 1
    marks.look()
    assert world.over == [{"5e55"}]
    assert not marks.holds(session())


def test_a_session_that_nobody_uses_ends_and_a_used_one_does_not(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.holds(session())
    world.clock.now += 2 * DAY
    assert other.holds(session())
    world.clock.now += 2 * DAY
    assert one.holds(session())
    world.clock.now += 3 * DAY + 1
    assert not one.holds(session())
    assert not other.holds(session())
    assert not world.process().holds(session())


def test_a_use_is_written_once_a_minute_at_most(world: World) -> None:
    marks = world.process()
    seen = world.folder / "seen-5e55"
    assert marks.holds(session())
    world.clock.now += SEEN_SECONDS - 1
    assert marks.holds(session())
    assert seen.stat().st_mtime == NOW
    world.clock.now += 1
    assert marks.holds(session())
    assert seen.stat().st_mtime == NOW + SEEN_SECONDS


def test_marks_are_swept_when_what_they_are_about_is_over_anyway(world: World) -> None:
    marks = world.process()
    assert marks.holds(session("old"))
    marks.end(session("old"))
    marks.end(session("k", name="ken"), everywhere=True)
    assert marks.take("c0de")
    marks.told([revoked("eve", barred=True)])
    for path in world.folder.iterdir():
        os.utime(path, (NOW, NOW))
    world.clock.now += 2 * USED_SECONDS
    marks.look()
    assert "used-c0de" not in os.listdir(world.folder)
    world.clock.now = NOW + 14 * DAY
    marks.look()
    assert len(list(world.folder.iterdir())) == 4
    world.clock.now += 2 * SWEEP_SECONDS
    marks.look()
    assert os.listdir(world.folder) == ["barred-eve"]


def test_who_is_shut_out_has_no_session_and_logs_in_anew_when_let_in_again(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.holds(session())
    world.clock.now += 10
    one.told([revoked("ada", barred=True), revoked("ken")])
    assert world.over == [{"5e55"}]
    assert one.is_barred("ada")
    assert not one.is_barred("ken")
    assert not one.holds(session("later", issued_at=world.clock.now + 5))
    assert not world.process().holds(session())
    assert one.holds(session("k", name="ken"))
    one.told([])
    other.told([])
    assert [each.holds(session()) for each in (one, other, world.process())] == [False] * 3
    assert one.holds(session("new", issued_at=world.clock.now + 1))


def test_sessions_that_began_before_the_managers_time_are_over_here_and_after_a_restart(world: World) -> None:
    one = world.process()
    assert one.holds(session())
    one.told([revoked("ada", ended_before=NOW + 5)])
    one.told([revoked("ada", ended_before=NOW - 100)])
    assert world.over == [{"5e55"}]
    assert not one.holds(session())
    assert not world.process().holds(session())
    assert one.holds(session("new", issued_at=NOW + 6))
    assert one.holds(session("k", name="ken"))


def test_revocations_hold_though_they_cannot_be_written(world: World) -> None:
    one = world.process()
    assert one.holds(session())
    shutil.rmtree(world.folder)
    one.told([revoked("ada", ended_before=NOW + 5), revoked("eve", barred=True)])
    assert one.is_barred("eve")
    assert not one.holds(session())


def test_the_folder_is_nobody_elses(world: World) -> None:
    world.process().end(session())
    assert world.folder.stat().st_mode & 0o777 == 0o700
    assert (world.folder / "ended-5e55").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_read_ends_nobody_and_revives_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = world.process()
    marks.end(session("ended"))

    def broken(_: Path) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", broken)
    marks.look()
    assert marks.holds(session("other"))
    assert not marks.holds(session("ended"))


def test_a_folder_that_cannot_be_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "door").write_text("a file")
    with pytest.raises(OSError, match="door"):
        World(tmp_path).process()
