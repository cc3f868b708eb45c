"""Events come out of what containers tell of themselves: once each, in order, and again after a restart."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shiva_manager_api.domain.attendance import Record
from shiva_manager_api.domain.events import Kind
from shiva_manager_api.domain.idle_state import IdleState, Launch
from shiva_manager_api.domain.ports import BrokerUnavailableError
from shiva_manager_api.events import KEPT, Asked, EventLog, Sight

from tests.fakes.manager_ports import container

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALL = Asked(reader=None, limit=1000)
FOUR = [Kind.REQUESTED, Kind.PLACED, Kind.STARTED, Kind.READY]


def launched(owner: str = "ada", launch_id: str = "1a" * 16, **changes: Any) -> dict[str, Any]:
    return container(owner, launch_id=launch_id, **changes)


@dataclass
class Seen:
    """What can be seen, and a log that looks at it; each read is a minute later."""

    containers: list[dict[str, Any]] = field(default_factory=lambda: [launched()])
    idle: IdleState = field(default_factory=IdleState)
    machines: dict[str, str] = field(default_factory=dict)
    away: bool = False
    now: datetime = NOW
    looks: int = 0
    passed: float = 0.0
    entered: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event | None = None  # what a look waits for
    log: EventLog = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Let the manager forget everything."""
        self.log = EventLog(self._sight, clock=lambda: self.passed, now=lambda: self.now)

    def _sight(self) -> Sight:
        self.looks += 1
        self.entered.set()
        if self.go_on is not None:
            assert self.go_on.wait(10)
        if self.away:
            raise BrokerUnavailableError
        return Sight(containers=[dict(each) for each in self.containers], idle=self.idle, machines=dict(self.machines))

    def later(self, span: timedelta = MINUTE) -> "Seen":
        self.now += span
        self.passed += span.total_seconds()
        return self

    def kinds(self, asked: Asked = ALL) -> list[Kind]:
        return [event.kind for event in self.log.read(asked)[0]]


def test_a_start_is_told_step_by_step_with_the_times_of_the_container() -> None:
    seen = Seen()
    events, last = seen.log.read(ALL)
    assert [event.kind for event in events] == FOUR
    assert [event.at.isoformat(timespec="milliseconds") for event in events] == [
        "2026-11-23T09:10:00.000+00:00", "2026-11-23T09:10:00.020+00:00", "2026-11-23T09:10:00.180+00:00",
        "2026-11-23T09:10:02.310+00:00",
    ]  # fmt: skip
    assert events[0].facts == {"image": "shiva-jupyter", "gpus": 1}
    assert events[1].facts == {"gpus": ["GPU-1"]}
    assert events[3].facts == {"seconds": 2.31}
    assert last == events[-1].id


def test_each_is_told_once_however_often_one_looks() -> None:
    seen = Seen()
    assert seen.kinds() == FOUR
    for _ in range(3):
        assert seen.later().kinds() == FOUR
    assert seen.looks == 4


def test_nobody_looks_more_than_once_a_second_and_only_when_asked() -> None:
    seen = Seen()
    for _ in range(5):
        seen.later(timedelta(seconds=0.1)).log.read(ALL)
    assert seen.looks == 1


def test_what_comes_after_an_id_is_what_one_has_not_seen() -> None:
    seen = Seen()
    _, last = seen.log.read(ALL)
    assert seen.log.read(replace(ALL, after=last)) == ([], last)
    seen.containers.clear()
    events, newest = seen.later().log.read(replace(ALL, after=last))
    assert [event.kind for event in events] == [Kind.ENDED]
    assert newest == events[0].id > last


def test_ids_sort_as_text_also_those_of_a_restart() -> None:
    seen = Seen(containers=[launched(launch_id=f"{n:032x}", name=f"n{n}") for n in range(30)])
    before = [event.id for event in seen.log.read(ALL)[0]]
    seen.later().restart()
    after = [event.id for event in seen.log.read(ALL)[0]]
    assert before + after == sorted({*before, *after})
    assert len(after) == len(before)


def test_a_restart_tells_the_same_again() -> None:
    seen = Seen()
    before = [replace(event, id="") for event in seen.log.read(ALL)[0]]
    seen.later().restart()
    assert [replace(event, id="") for event in seen.log.read(ALL)[0]] == before


@pytest.mark.parametrize(("state", "kind"), [("failed", Kind.FAILED), ("lost", Kind.LOST), ("stopping", Kind.STOPPING)])
def test_a_bad_turn_is_told_with_its_time(state: str, kind: Kind) -> None:
    at = "2026-11-23T09:30:00.000Z"
    seen = Seen()
    seen.kinds()
    seen.containers[0] |= {"state": state, "reason": "A reason.", "history": [{"state": state, "at": at}]}
    event = seen.later().log.read(ALL)[0][-1]
    assert (event.kind, event.at) == (kind, datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    assert event.facts == ({"reason": "A reason."} if state == "failed" else {})
    assert len(seen.later().kinds()) == 5


def test_a_turn_whose_time_nobody_kept_is_told_once_when_it_is_seen() -> None:
    seen = Seen()
    seen.containers[0]["state"] = "lost"
    assert seen.kinds() == [*FOUR, Kind.LOST]
    assert seen.later().kinds() == [*FOUR, Kind.LOST]


def test_a_lost_container_that_comes_back_is_ready_again() -> None:
    steps = [("ready", "09:10:02.310"), ("lost", "09:30:00.000"), ("ready", "09:40:00.000")]
    history = [{"state": state, "at": f"2026-11-23T{at}Z"} for state, at in steps]
    assert Seen(containers=[launched(history=history)]).kinds() == [*FOUR, Kind.LOST, Kind.READY]


def test_a_container_that_starts_anew_is_another_launch() -> None:
    seen = Seen()
    seen.kinds()
    seen.containers = [launched(launch_id="2b" * 16)]
    assert sorted(seen.later().kinds()) == sorted([*FOUR, Kind.ENDED, *FOUR])


def test_warnings_are_told_unless_they_are_of_a_dry_run() -> None:
    record = Record(first_warned_at=NOW - MINUTE, second_warned_at=NOW)
    kept = Launch(container_id="ada--default", owner="ada", gpus=1, record=record)
    idle = IdleState(dry_run=False, launches={"1a" * 16: kept, "ff" * 16: kept})
    seen = Seen(idle=idle)
    events = seen.log.read(ALL)[0][4:]
    assert [(event.kind, event.facts["step"], event.machine) for event in events] == [
        (Kind.IDLE_WARNED, 1, "gpu-01"), (Kind.IDLE_WARNED, 2, "gpu-01"),
    ]  # fmt: skip
    assert len(seen.later().kinds()) == 6
    assert Seen(idle=replace(idle, dry_run=True)).kinds() == FOUR


def test_machines_are_told_when_their_word_changes_and_not_at_first() -> None:
    seen = Seen(containers=[], machines={"gpu-01": "free", "gpu-02": "free"})
    assert seen.kinds() == []
    seen.machines = {"gpu-01": "unreachable", "gpu-03": "free"}
    [event] = seen.later().log.read(ALL)[0]
    assert (event.kind, event.machine, event.owner) == (Kind.MACHINE_STATE, "gpu-01", None)
    assert event.facts == {"state": "unreachable", "before": "free"}


def test_people_read_their_own_and_what_concerns_everybody() -> None:
    seen = Seen(containers=[launched(), launched("ken", "2b" * 16)], machines={"gpu-01": "free"})
    seen.kinds()
    seen.machines = {"gpu-01": "full"}
    own = seen.later().log.read(Asked(reader="ken"))[0]
    assert {event.owner for event in own} == {"ken", None}
    assert len(own) == 5
    assert len(seen.kinds()) == 9
    assert len(seen.kinds(replace(ALL, container="ada--default"))) == 4


def test_a_limit_gives_the_last_or_the_first_after_an_id() -> None:
    seen = Seen()
    events, _ = seen.log.read(ALL)
    assert seen.log.read(replace(ALL, limit=1))[0] == events[-1:]
    assert seen.log.read(replace(ALL, limit=1, after=events[0].id))[0] == events[1:2]


def test_a_broker_that_is_away_leaves_what_was_seen_before() -> None:
    seen = Seen()
    seen.kinds()
    seen.away = True
    assert seen.later().kinds() == FOUR
    seen.restart()
    with pytest.raises(BrokerUnavailableError):
        seen.later().log.read(ALL)


def test_the_log_has_an_end() -> None:
    seen = Seen(containers=[launched(launch_id=f"{n:032x}", name=f"n{n}") for n in range(KEPT // 4 + 100)])
    assert len(seen.kinds(replace(ALL, limit=10**6))) == KEPT


def test_who_finds_somebody_looking_is_told_what_was_seen_before() -> None:
    seen, entered, go_on = Seen(), threading.Event(), threading.Event()
    before = seen.log.read(ALL)
    seen.entered, seen.go_on = entered, go_on
    seen.later()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(seen.log.read, ALL)
        assert entered.wait(10)
        assert seen.log.read(ALL) == before
        assert not looking.done()
        go_on.set()
        assert looking.result(10) == before


def test_who_goes_on_page_by_page_misses_nothing() -> None:
    seen = Seen()
    _, begin = seen.log.read(Asked(reader=None, limit=1))
    seen.containers += [launched("ken", "2b" * 16)]
    seen.later()
    told, after = list[Kind](), begin
    for _ in range(3):
        page, after = seen.log.read(Asked(reader=None, after=after, limit=2))
        told += [event.kind for event in page]
    assert told == FOUR
    assert seen.log.read(Asked(reader=None, after=after)) == ([], after)
