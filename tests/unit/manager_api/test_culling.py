"""One pass after another over fakes: who is warned, who is kept, who ends, and what is written down."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shiva_manager_api.domain.idle_decisions import report, table
from shiva_manager_api.domain.idle_policy import Policy, Rule
from shiva_manager_api.domain.idle_state import IdleState, kept_longer, shown
from shiva_manager_api.domain.ports import (
    BrokerUnavailableError,
    ContainerEndingError,
    IdleUnavailableError,
    NoExtensionLeftError,
)

from tests.fakes.idle_world import MINUTE, IdleWorld

LADDER = Rule().with_gpu
GRACE = 30
END = GRACE + 120 - 1  # minutes of passes until a container that was ready a minute before the first ends
ADA = "ada--default"


def idle_world(*owners: str, policy: Policy | None = None, dry_run: bool = False) -> IdleWorld:
    """Return a world of containers that nobody uses, each with a GPU."""
    world = IdleWorld(policy=policy or Policy(), dry_run=dry_run)
    for owner in owners or ("ada",):
        world.adds(owner)
    return world


def extend(world: IdleWorld, launch_id: str) -> datetime:
    """Ask for more time as the API does."""
    world.book.state, until = kept_longer(world.book.state, launch_id, world.now)
    return until


def test_an_idle_gpu_is_given_back_after_two_warnings() -> None:
    world = idle_world()
    world.passes(END - 1)
    assert world.stopped == []
    world.passes(1)
    assert world.stopped == [ADA]
    assert world.people.kinds() == ["warn", "again", "end"]
    last = world.log.notes[-1]
    assert (last["kind"], last["gpu_ratio"], last["gpu_coverage"], last["jupyter_busy"]) == ("end", 0.0, 1.0, 0)
    assert last["idle_seconds"] == 120 * 60


def test_what_was_started_anew_after_the_last_look_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = idle_world()
    world.passes(END - 1)
    update = world.book.update

    def started_anew_meanwhile(change: Callable[[IdleState], IdleState]) -> None:
        update(change)
        world.held[ADA] |= {"launch_id": "f" * 32}

    monkeypatch.setattr(world.book, "update", started_anew_meanwhile)
    world.passes(1)
    assert (world.people.kinds()[-1], world.stopped) == ("end", [])


def test_only_changes_are_decisions() -> None:
    world = idle_world()
    world.passes(END)
    assert world.log.kinds() == ["keep", "keep", "warn", "again", "end"]  # grace, lately used
    assert [each["reason"] for each in world.log.notes[:2]] == ["grace", "in_use"]


@pytest.mark.parametrize(
    "begins",
    [
        lambda world: world.working.add(ADA), lambda world: world.busy.add(ADA), lambda world: world.silent.add(ADA),
        lambda world: world.held[ADA].update(last_access_at=world.now.isoformat()),
        lambda world: world.held[ADA].update(launch_id="f" * 32), lambda world: world.held[ADA].update(state="lost"),
        lambda world: setattr(world, "exporter_away", True), lambda world: setattr(world, "metrics_away", True),
        lambda world: setattr(world, "broker_away", True), lambda world: world.held.clear(),
        lambda world: extend(world, f"{1:032x}"),
    ],
    ids=["GPU", "kernel", "Jupyter silent", "access", "another launch", "lost", "exporter", "Prometheus", "broker", "gone", "extended"],
)  # fmt: skip
def test_whatever_changed_at_the_last_look_keeps_it(begins: Callable[[IdleWorld], object]) -> None:
    world = idle_world()
    world.passes(END - 1)
    world.before_last_look = lambda: begins(world)
    world.passes(1)
    assert (world.stopped, world.log.notes[-1]["kind"]) == ([], "keep")
    assert world.book.state.stops == ()


def test_jupyter_is_asked_only_where_its_answer_matters() -> None:
    world = idle_world("ada", "ken")
    world.working.add("ken--default")
    world.passes(GRACE + 60 - 2)
    assert world.asked == []
    assert {each["jupyter_busy"] for each in world.log.notes} == {None}  # nobody asked is not: nothing runs
    world.passes(1)
    assert world.asked == [ADA]


@pytest.mark.parametrize("state", ["pending", "pulling", "booting", "stopping", "failed", "lost"])
def test_what_does_not_run_for_sure_is_not_judged(state: str) -> None:
    world = idle_world()
    world.passes(END - 1)
    world.held[ADA]["state"] = state
    world.passes(30)
    assert (world.stopped, shown(world.book.state, f"{1:032x}", world.now)) == ([], None)


def test_a_machine_that_was_lost_for_long_begins_a_new_countdown() -> None:
    world = idle_world()
    world.passes(END - 1)
    world.held[ADA]["state"] = "lost"
    world.passes(30)
    world.held[ADA]["state"] = "ready"
    world.passes(14)
    assert world.stopped == []
    world.passes(2)
    assert world.stopped == [ADA]


def test_a_container_that_starts_again_begins_anew_and_the_old_one_is_forgotten() -> None:
    world = idle_world()
    world.passes(END - 1)
    del world.held[ADA]
    world.adds(launch_id="f" * 32)
    world.passes(5)
    assert world.stopped == []
    assert set(world.book.state.launches) == {"f" * 32}


def test_no_more_end_in_an_hour_than_the_policy_says() -> None:
    world = idle_world("ada", "ken", "mei", policy=Policy(stops_an_hour=2))
    world.passes(END + 58)
    assert len(world.stopped) == 2
    assert [kept.told.reason for kept in world.book.state.launches.values() if kept.told] == ["held_back"]
    world.passes(2)
    assert len(world.stopped) == 3


def test_a_book_that_cannot_be_kept_ends_nothing() -> None:
    world = idle_world()
    world.passes(END - 1)
    world.book.failure = IdleUnavailableError()
    with pytest.raises(IdleUnavailableError):
        world.passes(1)
    assert world.stopped == []


def test_a_stop_that_the_broker_does_not_take_is_asked_again_and_counts() -> None:
    world = idle_world(policy=Policy(stops_an_hour=1))
    world.passes(END - 1)
    world.refuses_stops = True
    world.passes(1)
    assert (world.stopped, len(world.book.state.stops)) == ([], 1)
    world.refuses_stops = False
    world.passes(60)
    assert world.stopped == [ADA]


def test_whoever_asks_is_kept_twice_a_day_and_no_more() -> None:
    world = idle_world()
    world.passes(GRACE + 60)
    launch_id = f"{1:032x}"
    until = extend(world, launch_id)
    seen = shown(world.book.state, launch_id, world.now)
    assert seen is not None
    assert (seen.told.state, seen.told.stop_at, seen.extensions_left) == ("kept", None, 1)
    while world.now < until:
        world.passes(1)
    assert world.people.kinds() == ["warn", "warn"]
    extend(world, launch_id)
    with pytest.raises(NoExtensionLeftError):
        extend(world, launch_id)
    world.passes(4 * 60 + 60)
    assert world.people.kinds()[-3:] == ["warn", "again", "end"]


def test_what_ends_or_was_never_judged_cannot_be_kept() -> None:
    world = idle_world()
    with pytest.raises(IdleUnavailableError):
        extend(world, f"{1:032x}")
    world.passes(END)
    with pytest.raises(ContainerEndingError):
        extend(world, f"{1:032x}")
    world.now += 10 * MINUTE  # whoever asked for its end is gone
    assert extend(world, f"{1:032x}") > world.now


def test_an_old_pass_is_unknown_and_no_countdown() -> None:
    world = idle_world()
    world.passes(GRACE + 60)
    seen = [shown(world.book.state, f"{1:032x}", world.now + minutes * MINUTE) for minutes in (3, 4, -4)]
    assert [(each.told.state, each.told.stop_at is None) for each in seen if each] == [
        ("warned", False), ("unknown", True), ("unknown", True),
    ]  # fmt: skip


class TestDryRun:
    def test_nobody_is_told_nothing_ends_and_the_report_says_what_would_have(self) -> None:
        world = idle_world("ada", "ken", dry_run=True)
        world.working.add("ken--default")
        world.passes(END + 90)
        assert (world.stopped, world.people.notes) == ([], [])
        assert world.log.kinds()[-3:] == ["warn", "again", "end"]
        lines = report(world.log.notes, world.book.state, world.now)
        assert (lines["ada"].would_have_ended, lines["ada"].ended, lines["ada"].gpu_hours) == (1, 0, 1.5)
        assert (lines["ken"].would_have_ended, lines["ken"].gpu_hours) == (0, 0.0)
        assert table(lines).splitlines()[1].split() == ["ada", "2", "0", "1", "1.5"]
        assert table(lines).splitlines()[-1].split() == ["everybody", "2", "0", "1", "1.5"]

    def test_hours_are_counted_until_it_is_used_again_or_gone(self) -> None:
        world = idle_world(dry_run=True)
        world.passes(END + 60)
        world.exporter_away = True  # it would be gone: what nobody sees does not bring it back
        world.passes(5)
        world.exporter_away = False
        world.passes(55)
        world.held[ADA]["last_access_at"] = world.now.isoformat()
        world.passes(60)
        assert report(world.log.notes, world.book.state, world.now)["ada"].gpu_hours == pytest.approx(2, abs=0.05)
        world.passes(60 + 60)
        del world.held[ADA]
        world.passes(60)
        lines = report(world.log.notes, world.book.state, world.now)
        assert lines["ada"].would_have_ended == 2
        assert lines["ada"].gpu_hours == pytest.approx(3, abs=0.05)

    def test_its_warnings_do_not_count_when_it_is_over(self) -> None:
        world = idle_world(dry_run=True)
        world.passes(END + 60)
        world.dry_run = False
        world.passes(60)
        assert (world.stopped, world.people.kinds()) == ([], ["warn", "again"])
        world.passes(1)
        assert world.stopped == [ADA]


def test_without_a_gpu_a_day_is_given() -> None:
    world = IdleWorld()
    world.adds(gpus=[])
    world.metrics_away = True  # which then does not matter
    world.passes(GRACE + 24 * 60 - 2)
    assert (world.stopped, world.people.kinds()) == ([], ["warn", "again"])
    world.passes(1)
    assert world.stopped == [ADA]


def test_nothing_is_judged_while_the_broker_is_away() -> None:
    world = idle_world()
    world.passes(END - 1)
    before = world.book.state
    world.broker_away = True
    with pytest.raises(BrokerUnavailableError):
        world.passes(1)
    assert world.book.state == before


SIGNS = ["working", "busy", "silent", "exporter", "metrics", "access", "extended", "lost"]


Spans = list[tuple[str, int, int]]  # of minutes, each with its sign: from, and how many
SPANS = st.lists(st.tuples(st.sampled_from(SIGNS), st.integers(0, 260), st.integers(1, 60)), max_size=6)


@settings(max_examples=15)
@example(spans=[])
@example(spans=[("silent", 136, 10)])
@given(spans=SPANS)
def test_nothing_ends_while_any_signal_is_busy_or_unknown(spans: Spans) -> None:
    nothing_ends(spans)


@pytest.mark.full
@settings(max_examples=80)
@given(spans=SPANS)
def test_nothing_ever_ends_while_any_signal_is_busy_or_unknown(spans: Spans) -> None:
    nothing_ends(spans)


def nothing_ends(spans: Spans) -> None:
    """Signals come and go over five hours, a pass every five minutes; at an end all were quiet, and for two hours long."""
    rule = replace(Rule(), fresh=10 * MINUTE)
    world = idle_world(policy=Policy(rule=rule))
    launch_id = world.held[ADA]["launch_id"]
    used_at = world.now
    for minute in range(300):
        now = {sign for sign, begin, length in spans if begin <= minute < begin + length}
        for sign, names in (("working", world.working), ("busy", world.busy), ("silent", world.silent)):
            (names.add if sign in now else names.discard)(ADA)
        world.exporter_away, world.metrics_away = "exporter" in now, "metrics" in now
        world.held[ADA]["state"] = "lost" if "lost" in now else "ready"
        world.minute()
        if "access" in now:
            world.held[ADA]["last_access_at"] = world.now.isoformat()
        if "extended" in now and launch_id in world.book.state.launches:
            kept = world.book.state.launches[launch_id]
            later = replace(kept, keep_until=world.now + 30 * MINUTE)
            world.book.state = replace(world.book.state, launches={launch_id: later})
        if now & {"working", "access"}:
            used_at = world.now
        if minute % 5 == 0:
            world.culler().run()
            if world.stopped:
                assert now == set()
                assert world.now - used_at >= LADDER.stop
                kinds = world.people.kinds()  # what was unknown for a while puts the end off, and is said again
                assert (kinds[-2:], "warn" in kinds) == (["again", "end"], True)
                return
    assert spans != []  # where nothing was in the way it has ended
