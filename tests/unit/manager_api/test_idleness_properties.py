"""Whatever is known, and however clocks step: no end while anything is busy or unknown, none without two warnings."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain.attendance import Access, Attendance, GpuActivity, Jupyter, Record
from shiva_manager_api.domain.idle_policy import Ladder, Rule
from shiva_manager_api.domain.idleness import Stop, Warn, after, judge

from tests.unit.manager_api.attendances import HOUR, IDLE, LONG_AGO, MINUTE, NOW, STEP, access, gpu, jupyter

SHORT = Ladder(warn=10 * MINUTE, warn_again=20 * MINUTE, stop=30 * MINUTE)
RULES = st.sampled_from(
    [
        Rule(with_gpu=SHORT, without_gpu=SHORT, grace=5 * MINUTE),
        Rule(with_gpu=SHORT, without_gpu=SHORT, grace=0 * MINUTE, busy_cap=20 * MINUTE),
        Rule(with_gpu=SHORT, without_gpu=SHORT, gpu_coverage=1.0),
        Rule(exempt=True),
        Rule(),
    ]
)
# Mostly idle, so that ends come about; every value that spoils it is there.
MOMENTS = st.one_of(st.just(LONG_AGO), st.just(NOW), st.integers(-60, 5).map(lambda minutes: NOW + minutes * MINUTE))
READ = st.one_of(st.just(NOW), st.sampled_from([NOW - 2 * MINUTE, NOW - HOUR, NOW + HOUR]))
RATIOS = st.lists(st.sampled_from([0.0] * 60 + [0.005, 0.02, 1.0, None, float("nan")]), min_size=24, max_size=36)
GPUS = st.builds(GpuActivity, until=READ, step=st.just(STEP), ratios=RATIOS)
JUPYTERS = st.builds(
    Jupyter,
    read_at=READ,
    busy=st.sampled_from([0, 0, 0, 2]),
    busy_since=st.none() | MOMENTS,
    last_activity_at=st.none() | MOMENTS,
)
RECORDS = st.builds(
    Record, first_warned_at=st.none() | MOMENTS, second_warned_at=st.none() | MOMENTS, judged_at=st.none() | MOMENTS
)
SPOILT: dict[str, st.SearchStrategy[object]] = {
    "gpus": st.integers(0, 2),
    "started_at": st.none() | MOMENTS,
    "gpu": st.none() | GPUS,
    "jupyter": st.none() | JUPYTERS,
    "access": st.none() | st.builds(Access, read_at=READ, last_at=st.none() | MOMENTS),
    "keep_until": st.none() | MOMENTS,
    "record": RECORDS,
}


@st.composite
def attendances(draw: st.DrawFn) -> Attendance:
    """Return what could end, with up to three of its facts replaced by anything."""
    names = draw(st.sets(st.sampled_from(sorted(SPOILT)), max_size=3))
    return replace(IDLE, **{name: draw(SPOILT[name]) for name in sorted(names)})  # type: ignore[arg-type]


ATTENDANCES = attendances()


def quiet(at: datetime | None, span: timedelta) -> bool:
    return at is None or at <= NOW - span


@given(attendance=ATTENDANCES, rule=RULES)
def test_what_ends_was_quiet_and_known_in_every_signal(attendance: Attendance, rule: Rule) -> None:
    if not isinstance(judge(attendance, now=NOW, rule=rule), Stop):
        return
    assert not rule.exempt
    span = (rule.with_gpu if attendance.gpus else rule.without_gpu).stop
    assert attendance.started_at is not None
    assert quiet(attendance.started_at + rule.grace, span)
    _assert_gpu(attendance, rule, span)
    told, door = attendance.jupyter, attendance.access
    assert told is not None
    assert door is not None
    assert max(abs(NOW - told.read_at), abs(NOW - door.read_at)) <= rule.fresh
    assert quiet(told.last_activity_at, span)
    assert quiet(door.last_at, span)
    if told.busy:
        assert rule.busy_cap is not None
        assert told.busy_since is not None
        assert quiet(told.busy_since + rule.busy_cap, span)


def _assert_gpu(attendance: Attendance, rule: Rule, span: timedelta) -> None:
    if not attendance.gpus:
        return
    told = attendance.gpu
    assert told is not None
    assert abs(NOW - told.until) <= rule.fresh
    ends = [(told.until - i * told.step, ratio) for i, ratio in enumerate(reversed(told.ratios))]
    assert ends[-1][0] - told.step <= NOW - span  # it was asked for so long
    within = [ratio for end, ratio in ends if end > NOW - span]
    read = [ratio for ratio in within if ratio is not None and ratio >= 0]
    assert max(read) < rule.gpu_busy_ratio
    assert len(read) >= len(within) - (1 - rule.gpu_coverage) * len(ends)


@given(attendance=ATTENDANCES, rule=RULES)
def test_what_ends_was_warned_twice_with_time_to_act_and_its_extension_is_over(
    attendance: Attendance, rule: Rule
) -> None:
    if not isinstance(judge(attendance, now=NOW, rule=rule), Stop):
        return
    ladder = rule.with_gpu if attendance.gpus else rule.without_gpu
    record, keep_until = attendance.record, attendance.keep_until
    first, second, judged = record.first_warned_at, record.second_warned_at, record.judged_at
    assert first is not None
    assert second is not None
    assert judged is not None
    assert first <= second <= NOW - (ladder.stop - ladder.warn_again)
    assert timedelta(0) <= NOW - judged <= rule.pause
    assert keep_until is None or keep_until <= first


@given(attendance=ATTENDANCES, rule=RULES, keep=st.integers(1, 10_000))
def test_an_extension_that_lasts_is_respected_whatever_else_is_known(
    attendance: Attendance, rule: Rule, keep: int
) -> None:
    extension = replace(attendance, keep_until=NOW + keep * MINUTE)
    assert not isinstance(judge(extension, now=NOW, rule=rule), Stop | Warn)


# What happens between two looks: minutes that pass (a clock may step), and what is seen then.
LOOKS = st.tuples(
    st.sampled_from([5] * 12 + [1, 3, 9, 11, -5, -600, 600]),
    st.sampled_from(["idle"] * 15 + ["gpu", "kernel", "door", "blind", "keep"]),
)


@given(looks=st.lists(LOOKS, min_size=12, max_size=80))
def test_however_the_clock_steps_an_end_comes_minutes_after_a_second_warning_of_the_same_idle_time(
    looks: list[tuple[int, str]],
) -> None:
    rule, record, now = Rule(with_gpu=SHORT, grace=0 * MINUTE), Record(), NOW
    keep_until, last_access = None, None
    idle_looks: list[
        tuple[datetime, int]
    ] = []  # of the idle time that goes on: clock, and 1 or 2 for a warning, else 0
    for minutes, seen in looks:
        now += minutes * MINUTE
        if seen == "keep":
            keep_until = now + 15 * MINUTE
        last_access = now if seen == "door" else last_access
        attendance = replace(seen_now(seen, now, last_access), keep_until=keep_until, record=record)
        verdict = judge(attendance, now=now, rule=rule)
        record = after(record, verdict, now=now)
        if seen in {"gpu", "kernel", "door", "keep"}:
            idle_looks.clear()
        elif seen == "idle":
            idle_looks.append((now, verdict.step if isinstance(verdict, Warn) else 0))
        if isinstance(verdict, Stop):
            assert seen == "idle"
            _assert_warned_twice_and_watched(idle_looks)
            return


def _assert_warned_twice_and_watched(idle_looks: list[tuple[datetime, int]]) -> None:
    steps = [step for _, step in idle_looks]
    last = len(steps) - 1 - steps[::-1].index(2)
    assert 1 in steps[:last]
    waited = [now for now, _ in idle_looks[last:]]
    assert waited[-1] - waited[0] >= 10 * MINUTE
    assert all(abs(later - now) <= 10 * MINUTE for now, later in pairwise(waited))  # somebody looked all the time


def seen_now(seen: str, now: datetime, last_access: datetime | None = None) -> Attendance:
    """Return what a look at `now` finds."""
    return replace(
        IDLE,
        started_at=LONG_AGO - 1000 * HOUR,
        gpu=gpu(0.5 if seen == "gpu" else 0.0, until=now),
        jupyter=None if seen == "blind" else jupyter(busy=int(seen == "kernel"), last=None, read_at=now),
        access=access(last_access, read_at=now),
    )


def test_the_looks_of_these_properties_can_end_a_container() -> None:
    record, verdicts = Record(), []
    for minute in range(0, 40, 5):
        now = NOW + minute * MINUTE
        attendance = replace(seen_now("idle", now), record=record)
        verdicts.append(judge(attendance, now=now, rule=Rule(with_gpu=SHORT)))
        record = after(record, verdicts[-1], now=now)
    assert isinstance(verdicts[4], Stop)
