"""The idle rule: every combination of signals with gaps, the ladder of warnings, extensions, clocks, and stops an hour."""

import itertools
import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from shiva_manager_api.domain.attendance import Access, Attendance, GpuActivity, Jupyter, Record
from shiva_manager_api.domain.idle_policy import Ladder, Policy, Rule, extended
from shiva_manager_api.domain.idle_words import KEPT, spoken
from shiva_manager_api.domain.idleness import Keep, Reason, Stop, Verdict, Warn, after, judge, limited

from tests.unit.manager_api.attendances import HOUR, IDLE, LONG_AGO, MINUTE, NOW, WARNED, access, gpu, jupyter

RULE = Rule()
# What a signal tells, and why the container is kept for it; None: it tells of an idle container.
GPU: dict[str, tuple[GpuActivity | None, Reason | None]] = {
    "idle": (gpu(), None),
    "a gap of one step": (gpu(0.0, None), None),
    "just under the threshold": (gpu(*[0.0099] * 36), None),
    "busy": (gpu(0.9), Reason.GPU_BUSY),
    "at the threshold": (gpu(0.01), Reason.GPU_BUSY),
    "busy half an hour ago": (gpu(*[0.0] * 6, 0.5), Reason.IN_USE),
    "busy before a gap": (gpu(0.0, None, None, 0.5), Reason.IN_USE),
    "too many gaps": (gpu(0.0, None, None, None, None), Reason.GPU_UNKNOWN),
    "newest step missing": (gpu(None), Reason.GPU_UNKNOWN),
    "not a number": (gpu(math.nan), Reason.GPU_UNKNOWN),
    "less than nothing": (gpu(-1.0), Reason.GPU_UNKNOWN),
    "infinite": (gpu(math.inf), Reason.GPU_UNKNOWN),
    "no step": (gpu(steps=0), Reason.GPU_UNKNOWN),
    "a short look back": (gpu(steps=6), Reason.IN_USE),
    "stale": (gpu(until=NOW - 4 * MINUTE), Reason.GPU_UNKNOWN),
    "of the future": (gpu(until=NOW + 4 * MINUTE), Reason.GPU_UNKNOWN),
    "unknown": (None, Reason.GPU_UNKNOWN),
}
JUPYTER: dict[str, tuple[Jupyter | None, Reason | None]] = {
    "idle": (jupyter(), None),
    "no kernel ever": (jupyter(last=None), None),
    "busy": (jupyter(busy=1), Reason.JUPYTER_BUSY),
    "busy since yesterday": (jupyter(busy=1, busy_since=LONG_AGO), Reason.JUPYTER_BUSY),
    "used half an hour ago": (jupyter(last=NOW - 30 * MINUTE), Reason.IN_USE),
    "used in the future": (jupyter(last=NOW + HOUR), Reason.IN_USE),
    "stale": (jupyter(read_at=NOW - 4 * MINUTE), Reason.JUPYTER_UNKNOWN),
    "unknown": (None, Reason.JUPYTER_UNKNOWN),
}
ACCESS: dict[str, tuple[Access | None, Reason | None]] = {
    "idle": (access(), None),
    "nobody ever": (access(last=None), None),
    "half an hour ago": (access(NOW - 30 * MINUTE), Reason.IN_USE),
    "in the future": (access(NOW + HOUR), Reason.IN_USE),
    "stale": (access(read_at=NOW - 4 * MINUTE), Reason.ACCESS_UNKNOWN),
    "unknown": (None, Reason.ACCESS_UNKNOWN),
}


@pytest.mark.parametrize(("of_gpu", "of_jupyter", "of_access"), list(itertools.product(GPU, JUPYTER, ACCESS)))
def test_it_ends_only_if_all_three_signals_say_idle(of_gpu: str, of_jupyter: str, of_access: str) -> None:
    one, two, three = GPU[of_gpu], JUPYTER[of_jupyter], ACCESS[of_access]
    verdict = judge(replace(IDLE, gpu=one[0], jupyter=two[0], access=three[0]), now=NOW, rule=RULE)
    against = {reason for _, reason in (one, two, three) if reason}
    if not against:
        assert isinstance(verdict, Stop)
        return
    assert isinstance(verdict, Keep)
    assert verdict.sentence == KEPT[verdict.reason]
    gap_before_use = of_gpu == "too many gaps" and Reason.IN_USE in against  # it takes nothing from the idle time
    told = against - {Reason.GPU_UNKNOWN} if gap_before_use else against
    assert verdict.reason == min(told, key=list(Reason).index)


def kept(attendance: Attendance, rule: Rule = RULE, now: datetime = NOW) -> Reason | None:
    verdict = judge(attendance, now=now, rule=rule)
    return verdict.reason if isinstance(verdict, Keep) else None


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (replace(IDLE, started_at=None), Reason.START_UNKNOWN),
        (replace(IDLE, started_at=NOW - 29 * MINUTE), Reason.GRACE),
        (replace(IDLE, started_at=NOW + HOUR), Reason.GRACE),
        (replace(IDLE, started_at=NOW - 89 * MINUTE), Reason.IN_USE),
        (replace(IDLE, keep_until=NOW + MINUTE), Reason.EXTENDED),
        (replace(IDLE, record=replace(WARNED, busy_at=NOW - 30 * MINUTE)), Reason.IN_USE),
    ],
)
def test_start_extension_and_work_seen_before_keep_it(spoilt: Attendance, reason: Reason) -> None:
    assert kept(IDLE) is None
    assert kept(spoilt) == reason


def test_an_exempt_container_is_kept_and_its_idle_time_is_still_told() -> None:
    verdict = judge(IDLE, now=NOW, rule=Rule(exempt=True))
    assert isinstance(verdict, Keep)
    assert (verdict.reason, verdict.numbers.idle) == (Reason.EXEMPT, 3 * HOUR)


def test_without_a_gpu_only_jupyter_and_access_count_and_it_takes_a_day() -> None:
    without = replace(IDLE, gpus=0, gpu=None)
    assert isinstance(judge(without, now=NOW, rule=RULE), Keep)  # 15 minutes after the last warning, it is an hour here
    warned = Record(first_warned_at=NOW - 2 * HOUR, second_warned_at=NOW - HOUR, judged_at=NOW - MINUTE)
    assert isinstance(judge(replace(without, record=warned), now=NOW, rule=RULE), Stop)
    assert kept(replace(without, record=Record(), access=access(NOW - 20 * HOUR))) == Reason.IN_USE


def test_busy_cpu_work_keeps_it_up_to_the_cap_and_then_two_hours_more() -> None:
    capped = Rule(busy_cap=4 * HOUR)

    def busy_for(span: timedelta) -> Attendance:
        return replace(IDLE, jupyter=jupyter(busy=1, busy_since=NOW - span))

    assert kept(busy_for(4 * HOUR - MINUTE), capped) == Reason.JUPYTER_BUSY
    assert kept(busy_for(4 * HOUR), capped) == Reason.IN_USE
    assert isinstance(judge(busy_for(6 * HOUR - MINUTE), now=NOW, rule=capped), Warn)
    assert isinstance(judge(busy_for(6 * HOUR), now=NOW, rule=capped), Stop)
    assert kept(busy_for(6 * HOUR)) == Reason.JUPYTER_BUSY  # no cap
    assert kept(replace(IDLE, jupyter=jupyter(busy=1)), capped) == Reason.JUPYTER_BUSY  # since when, nobody told
    other = jupyter(busy=1, busy_since=NOW - 9 * HOUR, last=NOW - MINUTE)
    assert kept(replace(IDLE, jupyter=other), capped) == Reason.IN_USE


def walked(attendance: Attendance, minutes: range, rule: Rule = RULE) -> list[tuple[int, Verdict]]:
    """Return what is no Keep, with its minute after `NOW`, of judgements at these minutes; all signals stay idle."""
    found: list[tuple[int, Verdict]] = []
    for minute in minutes:
        now = NOW + minute * MINUTE
        fresh = replace(attendance, gpu=gpu(until=now), jupyter=jupyter(read_at=now), access=access(read_at=now))
        verdict = judge(fresh, now=now, rule=rule)
        attendance = replace(attendance, record=after(attendance.record, verdict, now=now))
        if not isinstance(verdict, Keep):
            found.append((minute, verdict))
    return found


def steps(found: list[tuple[int, Verdict]]) -> list[tuple[int, int | str]]:
    return [(minute, verdict.step if isinstance(verdict, Warn) else "stop") for minute, verdict in found]


NEW = replace(IDLE, started_at=NOW, record=Record())


def test_it_warns_after_an_hour_and_again_and_ends_at_two_hours() -> None:
    found = walked(NEW, range(151))
    assert steps(found) == [(90, 1), (135, 2), (150, "stop")]
    assert [verdict.sentence for _, verdict in found] == [
        "Your container default has been idle for 1 h and holds 1 GPU that others could use. It ends in 1 h if it stays so. "
        "Files in your home folder are safe; what is only in the memory of a notebook is lost. To keep it, use it, or ask for 4 h more.",
        "Your container default has been idle for 1 h 45 min and holds 1 GPU that others could use. It ends in 15 min if it stays so. "
        "Files in your home folder are safe; what is only in the memory of a notebook is lost. To keep it, use it, or ask for 4 h more.",
        "Your container default ends now: it has been idle for 2 h and holds 1 GPU that others could use, and you were warned twice. "
        "Files in your home folder are safe; what is only in the memory of a notebook is lost. Start it again when you need it: same image, same files.",
    ]
    assert [verdict.stop_at - NOW for _, verdict in found if isinstance(verdict, Warn)] == [150 * MINUTE] * 2


def test_a_verdict_tells_its_numbers() -> None:
    numbers = judge(replace(IDLE, gpu=gpu(0.0, None, 0.009)), now=NOW, rule=RULE).numbers
    assert numbers.idle == 3 * HOUR
    assert numbers.gpu_ratio == pytest.approx(0.009 / 35)
    assert numbers.gpu_coverage == pytest.approx(35 / 36)
    assert (numbers.jupyter_busy, numbers.jupyter_last_activity_at, numbers.last_access_at) == (0, LONG_AGO, LONG_AGO)
    nothing = judge(replace(IDLE, gpu=None, jupyter=None, access=None), now=NOW, rule=RULE).numbers
    assert {getattr(nothing, name) for name in nothing.__slots__} == {None}


def test_between_warnings_the_countdown_is_shown() -> None:
    first = Record(first_warned_at=NOW - 10 * MINUTE, judged_at=NOW - MINUTE)
    verdict = judge(replace(IDLE, access=access(NOW - 70 * MINUTE), record=first), now=NOW, rule=RULE)
    assert isinstance(verdict, Keep)
    assert (verdict.reason, verdict.stop_at) == (Reason.WARNED, NOW + 50 * MINUTE)
    assert "It ends in 50 min if it stays so." in verdict.sentence


def test_long_idle_before_the_first_judgement_still_means_two_warnings_and_an_hour() -> None:
    assert steps(walked(replace(IDLE, record=Record()), range(61))) == [(0, 1), (45, 2), (60, "stop")]


def test_after_an_extension_the_warnings_begin_again() -> None:
    extension = replace(IDLE, keep_until=NOW + 4 * HOUR)
    assert steps(walked(extension, range(301))) == [(240, 1), (285, 2), (300, "stop")]


def test_use_makes_warnings_void() -> None:
    used = replace(IDLE, access=access(NOW - 70 * MINUTE), record=replace(WARNED, first_warned_at=NOW - 71 * MINUTE))
    verdict = judge(used, now=NOW, rule=RULE)
    assert isinstance(verdict, Warn)
    assert verdict.step == 1


@pytest.mark.parametrize("hours", [-1000, -3, 3, 1000])
def test_a_clock_that_steps_ends_nothing_and_the_countdown_is_given_again(hours: int) -> None:
    step = timedelta(hours=hours)
    now = NOW + step
    long_idle = replace(
        IDLE,
        started_at=LONG_AGO + min(step, 0 * HOUR),
        gpu=gpu(until=now),
        jupyter=jupyter(last=None, read_at=now),
        access=access(None, read_at=now),
    )
    verdict = judge(long_idle, now=now, rule=RULE)
    assert isinstance(verdict, Warn)
    assert verdict.stop_at >= now + 15 * MINUTE


@pytest.mark.parametrize("minutes", [20, 50])
def test_minutes_in_which_nobody_looked_do_not_count_as_a_countdown(minutes: int) -> None:
    first = Record(first_warned_at=NOW - minutes * MINUTE, judged_at=NOW - 11 * MINUTE)
    verdict = judge(replace(IDLE, record=first), now=NOW, rule=RULE)
    assert isinstance(verdict, Warn)
    assert (verdict.step, verdict.stop_at) == (1, NOW + HOUR)


def test_while_something_is_unknown_the_countdown_does_not_run() -> None:
    blind = replace(IDLE, jupyter=None)
    record = after(WARNED, judge(blind, now=NOW, rule=RULE), now=NOW)
    assert record == WARNED
    later = NOW + 30 * MINUTE
    back = replace(
        IDLE, gpu=gpu(until=later), jupyter=jupyter(read_at=later), access=access(read_at=later), record=record
    )
    verdict = judge(back, now=later, rule=RULE)
    assert isinstance(verdict, Warn)
    assert (verdict.step, verdict.stop_at) == (2, later + 15 * MINUTE)


def test_work_that_was_seen_is_remembered_and_makes_warnings_void_by_whatever_clock() -> None:
    busy = judge(replace(IDLE, jupyter=jupyter(busy=1)), now=NOW, rule=RULE)
    assert after(WARNED, busy, now=NOW) == Record(judged_at=NOW, busy_at=NOW)
    earlier = NOW - 10 * HOUR  # by a clock that went back, the door was passed before the warnings
    used = replace(IDLE, gpu=gpu(until=earlier), jupyter=jupyter(read_at=earlier), access=access(earlier, earlier))
    assert after(WARNED, judge(used, now=earlier, rule=RULE), now=earlier) == Record(judged_at=earlier)


def test_work_seen_by_a_clock_that_was_ahead_keeps_nothing_for_years() -> None:
    assert kept(replace(IDLE, record=replace(WARNED, busy_at=NOW + 9000 * HOUR))) is None


def test_a_person_extends_so_often_a_day_and_no_more() -> None:
    once = NOW - 20 * HOUR
    assert extended([], now=NOW, rule=RULE) == NOW + 4 * HOUR
    assert extended([once, NOW - 25 * HOUR], now=NOW, rule=RULE) == NOW + 4 * HOUR
    assert extended([once, NOW - HOUR], now=NOW, rule=RULE) is None
    assert extended([once, NOW + HOUR], now=NOW, rule=RULE) is None


def test_a_person_has_a_rule_before_the_image_has_one() -> None:
    mine, image = Rule(exempt=True), Rule(grace=HOUR)
    policy = Policy(people={"ada": mine}, images={"large": image})
    assert policy.of(user="ada", image="large") is mine
    assert policy.of(user="ken", image="large") is image
    assert policy.of(user="ken", image="small") is policy.rule


@pytest.mark.parametrize("minutes", [(0, 5, 9), (5, 5, 9), (5, 9, 9), (9, 5, 10)])
def test_a_ladder_that_does_not_rise_is_refused(minutes: tuple[int, int, int]) -> None:
    warn, again, stop = (minute * MINUTE for minute in minutes)
    with pytest.raises(ValueError, match="a ladder rises"):
        Ladder(warn=warn, warn_again=again, stop=stop)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gpu_busy_ratio": 0.0},
        {"gpu_coverage": 0.0},
        {"gpu_coverage": 1.1},
        {"fresh": 0 * HOUR},
        {"busy_cap": 0 * HOUR},
        {"grace": -HOUR},
    ],
)
def test_a_rule_that_takes_silence_for_idleness_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above"):
        Rule(**wrong)  # type: ignore[arg-type]


def stop_of(hours: int) -> Verdict:
    attendance = replace(IDLE, gpu=gpu(steps=12 * hours))
    return judge(attendance, now=NOW, rule=RULE)


def test_no_more_than_so_many_end_in_an_hour_and_the_longest_idle_first() -> None:
    verdicts = {f"{person}--default": stop_of(hours) for person, hours in (("ada", 2), ("ken", 5), ("mei", 3))}
    verdicts["yuki--default"] = judge(replace(IDLE, gpu=None), now=NOW, rule=RULE)
    earlier = [NOW - 59 * MINUTE, NOW - 61 * MINUTE, NOW + MINUTE]
    judged = limited(verdicts, earlier, now=NOW, stops_an_hour=4)
    assert [name for name, verdict in judged.items() if isinstance(verdict, Stop)] == ["ken--default", "mei--default"]
    spared = judged["ada--default"]
    assert isinstance(spared, Keep)
    assert (spared.reason, spared.numbers) == (Reason.HELD_BACK, verdicts["ada--default"].numbers)
    assert judged["yuki--default"] is verdicts["yuki--default"]
    assert list(judged) == list(verdicts)
    assert not any(isinstance(v, Stop) for v in limited(verdicts, earlier, now=NOW, stops_an_hour=2).values())


def test_every_reason_has_its_sentence() -> None:
    assert set(KEPT) == {str(reason) for reason in Reason} - {"warned"}
    assert all(sentence.startswith("Your container ") for sentence in KEPT.values())


@pytest.mark.parametrize(
    ("minutes", "words"), [(-5, "0 min"), (0.9, "0 min"), (45, "45 min"), (60, "1 h"), (1501, "25 h 1 min")]
)
def test_a_time_is_spoken_in_whole_minutes(minutes: float, words: str) -> None:
    assert spoken(timedelta(minutes=minutes)) == words
