"""A week of a few people with one GPU each, judged every five minutes, and how many GPU-hours the rule gave back."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shiva_manager_api.domain.attendance import Access, Attendance, GpuActivity, Jupyter, Record
from shiva_manager_api.domain.idle_policy import Policy, extended
from shiva_manager_api.domain.idleness import Keep, Stop, Verdict, Warn, after, judge, limited

STEP = timedelta(minutes=5)
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
LOOK_BACK = 36  # steps: three hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What somebody does for five minutes."""

    there: bool = False  # at the page; starts a container when there is none
    kernel: bool = False
    gpu: float = 0.0

    @property
    def work(self) -> bool:
        """Whether an end would harm now."""
        return self.there or self.kernel or self.gpu > 0


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with habits, and the one container that is theirs."""

    name: str
    habit: Callable[[datetime], Doing]
    extends: bool = False  # whenever warned
    started_at: datetime | None = None  # None: no container now
    last_access: datetime | None = None
    last_kernel: datetime | None = None
    ratios: deque[float | None] = field(default_factory=lambda: deque(maxlen=LOOK_BACK))
    keep_until: datetime | None = None
    extensions: list[datetime] = field(default_factory=list)
    record: Record = field(default_factory=Record)
    last_work: datetime = MONDAY
    held: timedelta = timedelta(0)
    idle: timedelta = timedelta(0)  # of `held`, without any work
    given_back: timedelta = timedelta(0)

    def live(self, now: datetime, *, exporter_up: bool) -> None:
        """Do what the habit says in the five minutes that end now."""
        doing = self.habit(now - STEP)
        if self.started_at is None:
            if not doing.there:
                self.given_back += STEP if self.held else timedelta(0)
                return
            self.started_at, self.last_access, self.last_kernel, self.record = now - STEP, None, None, Record()
            self.ratios.clear()
        self.held += STEP
        self.idle += timedelta(0) if doing.work else STEP
        self.last_work = now if doing.work else self.last_work
        self.last_access = now if doing.there else self.last_access
        self.last_kernel = now if doing.kernel else self.last_kernel
        self.ratios.append(doing.gpu if exporter_up else None)

    def seen(self, now: datetime) -> Attendance:
        """Return what the three signals tell of it."""
        busy = self.last_kernel == now
        return Attendance(
            name="default",
            gpus=1,
            started_at=self.started_at,
            gpu=GpuActivity(until=now, step=STEP, ratios=tuple(self.ratios)),
            jupyter=Jupyter(read_at=now, busy=int(busy), last_activity_at=self.last_kernel),
            access=Access(read_at=now, last_at=self.last_access),
            keep_until=self.keep_until,
            record=self.record,
        )

    def told(self, verdict: Verdict, now: datetime, policy: Policy) -> None:
        """Take a verdict: extend if warned, lose the container if it ends."""
        self.record = after(self.record, verdict, now=now)
        until = extended(self.extensions, now=now, rule=policy.rule)
        if isinstance(verdict, Warn) and self.extends and until is not None:
            self.keep_until = until
            self.extensions.append(now)
        if isinstance(verdict, Stop):
            self.started_at = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the rule did to somebody."""

    at: datetime
    person: str
    verdict: Warn | Stop
    last_work: datetime


def week(people: Sequence[Person], policy: Policy, *, away: tuple[datetime, datetime]) -> list[Event]:
    """Live seven days and return what happened; the GPU exporter is away between the two times."""
    events: list[Event] = []
    for number in range(1, 7 * 24 * 12 + 1):
        now = MONDAY + number * STEP
        for person in people:
            person.live(now, exporter_up=not away[0] < now <= away[1])
        running = {person.name: person for person in people if person.started_at is not None}
        verdicts = {name: judge(person.seen(now), now=now, rule=policy.rule) for name, person in running.items()}
        stops = [event.at for event in events if isinstance(event.verdict, Stop)]
        for name, verdict in limited(verdicts, stops, now=now, stops_an_hour=policy.stops_an_hour).items():
            person = running[name]
            if not isinstance(verdict, Keep):
                events.append(Event(at=now, person=name, verdict=verdict, last_work=person.last_work))
            person.told(verdict, now, policy)
    return events


def report(people: Sequence[Person], events: Sequence[Event]) -> str:
    """Return the table: GPU-hours held, idle, and given back by ends, and how often people were told."""
    lines = [f"{'':6}{'held':>8}{'idle':>8}{'back':>8}{'warned':>8}{'ended':>8}{'kept':>8}"]
    for person in people:
        mine = [event.verdict for event in events if event.person == person.name]
        hours = "".join(f"{span / HOUR:8.1f}" for span in (person.held, person.idle, person.given_back))
        warned, ended = (sum(isinstance(verdict, kind) for verdict in mine) for kind in (Warn, Stop))
        lines.append(f"{person.name:6}{hours}{warned:8}{ended:8}{len(person.extensions):8}")
    return "\n".join(lines)
