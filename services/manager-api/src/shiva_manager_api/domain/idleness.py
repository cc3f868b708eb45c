"""When may an unattended container end? Pure: what is known of it, a rule and the time come in, a verdict comes out.

Three signals must agree that nobody uses it: its GPUs, Jupyter's kernels and terminals, and the door that people come through.
**What is unknown never counts as idle.** A container ends after two warnings, each with its time to act; any use, an
extension, or a time in which nobody looked makes the warnings void.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shiva_manager_api.domain import idle_words
from shiva_manager_api.domain.attendance import Attendance, Record
from shiva_manager_api.domain.idle_policy import HOUR, Rule


class Reason(StrEnum):
    """Why a container is kept; of several, the first is told."""

    EXEMPT = "exempt"
    EXTENDED = "extended"  # its person asked for it
    GRACE = "grace"  # it has just started
    GPU_BUSY = "gpu_busy"
    JUPYTER_BUSY = "jupyter_busy"
    START_UNKNOWN = "start_unknown"
    GPU_UNKNOWN = "gpu_unknown"
    JUPYTER_UNKNOWN = "jupyter_unknown"
    ACCESS_UNKNOWN = "access_unknown"
    IN_USE = "in_use"  # idle for less than the first warning's time
    WARNED = "warned"  # the time that the warning gave is not over
    HELD_BACK = "held_back"  # it would end now, but enough others have in this hour


BUSY = {Reason.GPU_BUSY, Reason.JUPYTER_BUSY}
USED = BUSY | {Reason.EXTENDED, Reason.GRACE, Reason.IN_USE}
UNKNOWN = {Reason.START_UNKNOWN, Reason.GPU_UNKNOWN, Reason.JUPYTER_UNKNOWN, Reason.ACCESS_UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a verdict rests on. None: unknown, or for `gpu_…` there is no GPU."""

    idle: timedelta | None
    gpu_ratio: float | None  # mean over the idle time
    gpu_coverage: float | None
    jupyter_busy: int | None
    jupyter_last_activity_at: datetime | None
    last_access_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Nothing happens now. `stop_at` is the countdown that a warning began."""

    reason: Reason
    numbers: Numbers
    sentence: str
    stop_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    """Tell the person, once for each verdict."""

    step: int  # 1 or 2
    stop_at: datetime  # no earlier than that
    numbers: Numbers
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End it, after one more look at Jupyter and the GPUs."""

    idle: timedelta
    numbers: Numbers
    sentence: str


Verdict = Keep | Warn | Stop
Signal = datetime | Reason | None  # quiet since then; why the container is kept; nothing to say


def judge(attendance: Attendance, *, now: datetime, rule: Rule) -> Verdict:
    """Return what happens to the container now. All times are aware."""
    signals = [signal(attendance, now, rule) for signal in (_start, _gpu, _jupyter, _access, _seen)]
    quiet_since = max((signal for signal in signals if isinstance(signal, datetime)), default=now)
    reasons = {signal for signal in signals if isinstance(signal, Reason)}
    if _gaps(attendance, quiet_since, now, rule):
        reasons.add(Reason.GPU_UNKNOWN)
    numbers = _numbers(attendance, quiet_since, None if reasons else now - quiet_since)
    if rule.exempt:
        reasons.add(Reason.EXEMPT)
    if attendance.keep_until is not None and now < attendance.keep_until:
        reasons.add(Reason.EXTENDED)
    if reasons:
        reason = min(reasons, key=list(Reason).index)
        return Keep(reason=reason, numbers=numbers, sentence=idle_words.KEPT[reason])
    return _climb(attendance, quiet_since, numbers, now, rule)


def after(record: Record, verdict: Verdict, *, now: datetime) -> Record:
    """Return what to remember of a verdict. Use makes warnings void here and now, whatever its time is by a clock that steps.

    While something is unknown, nobody watches: then a countdown begins again.
    """
    if isinstance(verdict, Warn):
        told = {"first_warned_at": now, "second_warned_at": None} if verdict.step == 1 else {"second_warned_at": now}
        return replace(record, judged_at=now, **told)
    if isinstance(verdict, Keep) and verdict.reason in UNKNOWN:
        return record
    if isinstance(verdict, Keep) and verdict.reason in USED:
        return Record(judged_at=now, busy_at=now if verdict.reason in BUSY else record.busy_at)
    return replace(record, judged_at=now)


def limited(
    verdicts: Mapping[str, Verdict], stopped_at: Sequence[datetime], *, now: datetime, stops_an_hour: int
) -> dict[str, Verdict]:
    """Return the verdicts with no more stops than the hour allows: the longest idle go first, the others are kept.

    `stopped_at` are the times of earlier stops. One in the future, seen by a clock that went back, counts.
    """
    left = max(0, stops_an_hour - sum(at > now - HOUR for at in stopped_at))
    stops = {container_id: verdict for container_id, verdict in verdicts.items() if isinstance(verdict, Stop)}
    ordered = sorted(stops, key=lambda container_id: (-stops[container_id].idle, container_id))
    kept = {
        container_id: Keep(
            reason=Reason.HELD_BACK,
            numbers=stops[container_id].numbers,
            sentence=idle_words.KEPT[Reason.HELD_BACK],
        )
        for container_id in ordered[left:]
    }
    return {**verdicts, **kept}


def _start(attendance: Attendance, now: datetime, rule: Rule) -> Signal:
    if attendance.started_at is None:
        return Reason.START_UNKNOWN
    begin = attendance.started_at + rule.grace
    return Reason.GRACE if now < begin else begin


def _gpu(attendance: Attendance, now: datetime, rule: Rule) -> Signal:
    """Quiet since the newest busy step, or since the first one that was read: older ones may have been busy."""
    if not attendance.gpus:
        return None
    gpu = attendance.gpu
    steps = gpu.known() if gpu and _fresh(gpu.until, now, rule) else []
    if not gpu or not steps or steps[0][1] is None:
        return Reason.GPU_UNKNOWN
    busy = [end for end, ratio in steps if ratio is not None and ratio >= rule.gpu_busy_ratio]
    if not busy:
        return min(end for end, ratio in steps if ratio is not None) - gpu.step
    return Reason.GPU_BUSY if busy[0] == gpu.until else busy[0]


def _gaps(attendance: Attendance, quiet_since: datetime, now: datetime, rule: Rule) -> bool:
    """Whether too little was read of an idle time that is long enough to act upon."""
    gpu = attendance.gpu if attendance.gpus else None
    return gpu is not None and now - quiet_since >= rule.with_gpu.warn and gpu.coverage(quiet_since) < rule.gpu_coverage


def _jupyter(attendance: Attendance, now: datetime, rule: Rule) -> Signal:
    jupyter = attendance.jupyter
    if jupyter is None or not _fresh(jupyter.read_at, now, rule):
        return Reason.JUPYTER_UNKNOWN
    if not jupyter.busy:
        return jupyter.last_activity_at
    if rule.busy_cap is None or jupyter.busy_since is None or now < jupyter.busy_since + rule.busy_cap:
        return Reason.JUPYTER_BUSY
    return max(jupyter.busy_since + rule.busy_cap, jupyter.last_activity_at or jupyter.busy_since)


def _access(attendance: Attendance, now: datetime, rule: Rule) -> Signal:
    access = attendance.access
    if access is None or not _fresh(access.read_at, now, rule):
        return Reason.ACCESS_UNKNOWN
    return access.last_at


def _seen(attendance: Attendance, now: datetime, _: Rule) -> Signal:
    """Work that an earlier judgement saw counts, also where its end left no other trace."""
    busy_at = attendance.record.busy_at
    return busy_at if busy_at is not None and busy_at <= now else None


def _climb(attendance: Attendance, quiet_since: datetime, numbers: Numbers, now: datetime, rule: Rule) -> Verdict:
    """Everything is known and quiet: return the step of the ladder. Each is due by idle time and by the warning before."""
    ladder = rule.with_gpu if attendance.gpus else rule.without_gpu
    rungs, idle = (ladder.warn, ladder.warn_again, ladder.stop), now - quiet_since
    given = _warnings(attendance.record, max(quiet_since + ladder.warn, attendance.keep_until or quiet_since), now)
    rung, unwatched = len(given), bool(given) and not _watched(attendance.record, now, rule)
    due = idle >= rungs[rung] and (not given or now - given[-1] >= rungs[rung] - rungs[rung - 1])
    if not due and not given:
        return Keep(reason=Reason.IN_USE, numbers=numbers, sentence=idle_words.KEPT[Reason.IN_USE])
    if due and rung == 2 and not unwatched:
        words = idle_words.ending(attendance.name, gpus=attendance.gpus, idle=idle)
        return Stop(idle=idle, numbers=numbers, sentence=words)
    step = rung + 1 if due and not unwatched else rung
    warned_at = now if due or unwatched else given[-1]
    stop_at = max(quiet_since + ladder.stop, warned_at + ladder.stop - rungs[step - 1])
    words = idle_words.warning(
        attendance.name, gpus=attendance.gpus, idle=idle, left=stop_at - now, extension=rule.extension
    )
    if due or unwatched:
        return Warn(step=step, stop_at=stop_at, numbers=numbers, sentence=words)
    return Keep(reason=Reason.WARNED, numbers=numbers, sentence=words, stop_at=stop_at)


def _warnings(record: Record, since: datetime, now: datetime) -> list[datetime]:
    """Return the warnings that still count: given for this idle time, in their order, none in the future."""
    given: list[datetime] = []
    for at in (record.first_warned_at, record.second_warned_at):
        if at is None or not (given[-1] if given else since) <= at <= now:
            break
        given.append(at)
    return given


def _watched(record: Record, now: datetime, rule: Rule) -> bool:
    """Whether somebody looked lately: a clock that stepped, or hours in which nobody did, are no countdown."""
    return record.judged_at is not None and timedelta(0) <= now - record.judged_at <= rule.pause


def _numbers(attendance: Attendance, quiet_since: datetime, idle: timedelta | None) -> Numbers:
    gpu, jupyter, access = attendance.gpu, attendance.jupyter, attendance.access
    return Numbers(
        idle=idle,
        gpu_ratio=gpu.mean(quiet_since) if gpu else None,
        gpu_coverage=gpu.coverage(quiet_since) if gpu else None,
        jupyter_busy=jupyter.busy if jupyter else None,
        jupyter_last_activity_at=jupyter.last_activity_at if jupyter else None,
        last_access_at=access.last_at if access else None,
    )


def _fresh(read_at: datetime, now: datetime, rule: Rule) -> bool:
    return abs(now - read_at) <= rule.fresh
