"""What is kept of judgements between two of them, and what people see of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shiva_manager_api.domain import idle_words
from shiva_manager_api.domain.attendance import Record
from shiva_manager_api.domain.idle_policy import DAY, HOUR, Rule, extended, extensions_left
from shiva_manager_api.domain.idleness import UNKNOWN, USED, Keep, Reason, Stop, Verdict, Warn, after
from shiva_manager_api.domain.ports import ContainerEndingError, IdleUnavailableError, NoExtensionLeftError

PASSES = 3  # so many that did not come about make the last verdict old


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A verdict as people see it."""

    state: str  # unknown, kept, warned, ending
    reason: str
    sentence: str
    stop_at: datetime | None = None
    step: int | None = None  # of the warning, 1 or 2
    idle_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One launch of a container, from its first judgement to its end."""

    container_id: str
    owner: str
    gpus: int
    record: Record = field(default_factory=Record)
    told: Told | None = None  # None: the last pass did not judge it
    rule: Rule = field(default_factory=Rule)  # whose extensions count
    extensions: tuple[datetime, ...] = ()  # when its person asked
    keep_until: datetime | None = None
    ending_at: datetime | None = None  # when its end was asked for; in a dry run, when it would have been


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleState:
    """Everything, by launch: a container that starts again begins anew."""

    passed_at: datetime | None = None  # None: there was no judgement yet
    lasting: timedelta = timedelta(0)  # so long a pass is believed
    dry_run: bool = True
    stops: tuple[datetime, ...] = ()  # of the last hour
    launches: Mapping[str, Launch] = field(default_factory=dict)

    def current(self, now: datetime) -> bool:
        """Whether the last pass is not old, by a clock that may have stepped."""
        return self.passed_at is not None and abs(now - self.passed_at) <= self.lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the API tells of a container."""

    told: Told
    dry_run: bool
    extensions_left: int


def shown(state: IdleState, launch_id: str, now: datetime) -> Shown | None:
    """Return what is known now; an old verdict is unknown, never a countdown. None: it was not judged."""
    kept = state.launches.get(launch_id)
    if kept is None or kept.told is None:
        return None
    told = kept.told
    if not state.current(now):
        told = Told(state="unknown", reason="not_watched", sentence=idle_words.NOT_WATCHED)
    elif kept.keep_until is not None and now < kept.keep_until:
        told = Told(state="kept", reason=Reason.EXTENDED, sentence=idle_words.KEPT[Reason.EXTENDED])
    left = extensions_left(kept.extensions, now=now, rule=kept.rule)
    return Shown(told=told, dry_run=state.dry_run, extensions_left=left)


def kept_longer(state: IdleState, launch_id: str, now: datetime) -> tuple[IdleState, datetime]:
    """Note that its person asks for more time, and return until when.

    Raises:
        IdleUnavailableError: nobody has judged it yet.
        ContainerEndingError: its end was asked for.
        NoExtensionLeftError: asked too often.
    """
    kept = state.launches.get(launch_id)
    if kept is None:
        raise IdleUnavailableError("not judged yet")
    if kept.ending_at is not None and not state.dry_run and state.current(now):
        raise ContainerEndingError(kept.container_id)
    until = extended(kept.extensions, now=now, rule=kept.rule)
    if until is None:
        raise NoExtensionLeftError(kept.container_id)
    lately = tuple(at for at in kept.extensions if at > now - DAY)
    longer = replace(kept, keep_until=until, extensions=(*lately, now))
    return replace(state, launches={**state.launches, launch_id: longer}), until


def at_start_of(state: IdleState, *, dry_run: bool) -> IdleState:
    """Forget warnings that were given in a dry run: nobody was told of them."""
    if state.dry_run == dry_run:
        return state
    launches = {
        launch_id: replace(kept, record=Record(), told=None, ending_at=None)
        for launch_id, kept in state.launches.items()
    }
    return replace(state, dry_run=dry_run, stops=(), launches=launches)


def noted(kept: Launch, verdict: Verdict, *, now: datetime, rule: Rule, dry_run: bool) -> Launch:
    """Return what is kept after a verdict. In a dry run, what would have ended stays ended until it is used."""
    record = after(kept.record, verdict, now=now)
    ending_at = kept.ending_at if dry_run and not _used(verdict) else None
    if isinstance(verdict, Stop):
        ending_at = ending_at or now
    return replace(kept, record=record, told=_told(verdict, record), rule=rule, ending_at=ending_at)


def lately(stops: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """Return the stops that still count."""
    return tuple(at for at in stops if at > now - HOUR)


def _used(verdict: Verdict) -> bool:
    return isinstance(verdict, Keep) and verdict.reason in USED | {Reason.EXEMPT}


def _told(verdict: Verdict, record: Record) -> Told:
    idle = None if verdict.numbers.idle is None else verdict.numbers.idle.total_seconds()
    if isinstance(verdict, Stop):
        return Told(state="ending", reason="idle", sentence=verdict.sentence, idle_seconds=idle)
    step = 1 if record.second_warned_at is None else 2
    if isinstance(verdict, Warn):
        return Told(
            state="warned", reason=Reason.WARNED, sentence=verdict.sentence, stop_at=verdict.stop_at, step=verdict.step,
            idle_seconds=idle,
        )  # fmt: skip
    waits = verdict.reason in {Reason.WARNED, Reason.HELD_BACK}
    state = "unknown" if verdict.reason in UNKNOWN else "warned" if waits else "kept"
    return Told(
        state=state, reason=verdict.reason, sentence=verdict.sentence, stop_at=verdict.stop_at,
        step=step if waits else None, idle_seconds=idle,
    )  # fmt: skip
