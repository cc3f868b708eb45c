"""A simulated week: nobody's work is ended, nothing ends unseen, and forgotten GPUs come back."""

from datetime import datetime, timedelta

import pytest
from shiva_manager_api.domain.idle_policy import Policy, Rule
from shiva_manager_api.domain.idleness import Stop, Warn

from tests.unit.manager_api.idle_week import HOUR, MONDAY, Doing, Event, Person, report, week

AWAY = (MONDAY + timedelta(days=3, hours=10), MONDAY + timedelta(days=3, hours=20))  # Thursday, the whole day
WEEK = timedelta(days=7)


def at_desk(now: datetime) -> bool:
    return now.weekday() < 5 and (9 <= now.hour < 12 or 13 <= now.hour < 18)


def ada(now: datetime) -> Doing:
    """Works by day, trains through the night from Tuesday to Wednesday with nobody there."""
    night = timedelta(days=1, hours=18) <= now - MONDAY < timedelta(days=2, hours=9)
    return Doing(there=at_desk(now), kernel=night or at_desk(now), gpu=0.9 if night or at_desk(now) else 0.0)


def ken(now: datetime) -> Doing:
    """Loads a model on Monday and on Thursday morning, and forgets it."""
    there = now.weekday() in {0, 3} and now.hour == 9
    return Doing(there=there, gpu=0.3 if there else 0.0)


def mei(now: datetime) -> Doing:
    """Prepares data on the CPU for 14 hours in a silent cell, then trains from a terminal that says nothing to Jupyter."""
    span = now - MONDAY - timedelta(days=2)
    cell, training = 9 * HOUR <= span < 23 * HOUR, 23 * HOUR <= span < 31 * HOUR
    return Doing(there=9 * HOUR <= span < 9.5 * HOUR, kernel=cell, gpu=0.5 if training else 0.0)


def yuki(now: datetime) -> Doing:
    """Comes for an hour each morning and asks for more time when warned."""
    there = now.weekday() < 5 and now.hour == 9
    return Doing(there=there, kernel=there)


def lived(policy: Policy) -> tuple[list[Person], list[Event]]:
    people = [
        Person(name="ada", habit=ada),
        Person(name="ken", habit=ken),
        Person(name="mei", habit=mei),
        Person(name="yuki", habit=yuki, extends=True),
    ]
    return people, week(people, policy, away=AWAY)


@pytest.fixture(scope="module")
def lived_week() -> tuple[list[Person], list[Event]]:
    people, events = lived(Policy())
    print(report(people, events))
    return people, events


def stops(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event.verdict, Stop)]


def test_everybody_is_ended_some_time_and_nobody_within_two_hours_of_work(
    lived_week: tuple[list[Person], list[Event]],
) -> None:
    _, events = lived_week
    assert {event.person for event in stops(events)} == {"ada", "ken", "mei", "yuki"}
    assert all(event.at - event.last_work >= 2 * HOUR for event in stops(events))


def test_each_end_had_two_warnings_after_the_last_work(lived_week: tuple[list[Person], list[Event]]) -> None:
    _, events = lived_week
    for stop in stops(events):
        told = [event for event in events if event.person == stop.person and stop.last_work < event.at < stop.at]
        warned = {event.verdict.step: event.at for event in told if isinstance(event.verdict, Warn)}
        assert set(warned) == {1, 2}
        assert stop.at - warned[1] >= HOUR
        assert stop.at - warned[2] >= timedelta(minutes=15)


def test_nothing_is_said_or_ended_while_the_exporter_is_away(lived_week: tuple[list[Person], list[Event]]) -> None:
    _, events = lived_week
    assert not [event for event in events if AWAY[0] <= event.at < AWAY[1]]
    forgotten = [event.at for event in stops(events) if event.person == "ken"]
    assert forgotten == [MONDAY + timedelta(hours=12), AWAY[1] + 2 * HOUR]  # known to be idle only since it is back


def test_the_silent_cell_and_the_silent_training_were_not_ended(lived_week: tuple[list[Person], list[Event]]) -> None:
    _, events = lived_week
    (end,) = [event for event in stops(events) if event.person == "mei"]
    assert end.at >= MONDAY + timedelta(days=2) + 33 * HOUR


def test_extensions_were_respected_and_at_most_two_a_day(lived_week: tuple[list[Person], list[Event]]) -> None:
    people, events = lived_week
    asked = people[3].extensions
    assert len(asked) >= 5
    assert all(later - earlier >= 24 * HOUR for earlier, later in zip(asked, asked[2:], strict=False))
    ends = [event.at for event in stops(events) if event.person == "yuki"]
    assert not [end for end in ends for at in asked if at <= end < at + 4 * HOUR]


def test_the_report_adds_up_and_the_rule_gives_back_most_idle_hours(
    lived_week: tuple[list[Person], list[Event]],
) -> None:
    people, events = lived_week
    without, nothing = lived(Policy(rule=Rule(exempt=True)))
    assert nothing == []
    for judged, exempt in zip(people, without, strict=True):
        assert judged.held + judged.given_back == exempt.held
        assert exempt.given_back == timedelta(0)
        assert judged.held - judged.idle == exempt.held - exempt.idle  # no work was lost
        assert timedelta(0) < judged.given_back < exempt.idle < WEEK
    saved, wasted = (sum(spans, timedelta(0)) for spans in zip(*[(p.given_back, p.idle) for p in people], strict=True))
    assert saved > 3 * wasted
    assert [line.split()[0] for line in report(people, events).splitlines()] == ["held", "ada", "ken", "mei", "yuki"]


def test_where_no_end_is_allowed_people_are_warned_as_ever_and_nothing_ends() -> None:
    _, allowed = lived(Policy())
    _, none = lived(Policy(stops_an_hour=0))
    first = stops(allowed)[0].at
    assert stops(none) == []
    assert [event for event in none if event.at < first] == [event for event in allowed if event.at < first] != []
