"""Attendances of a container that could end, to be spoilt by one signal at a time."""

from datetime import UTC, datetime, timedelta

from shiva_manager_api.domain.attendance import Access, Attendance, GpuActivity, Jupyter, Record

NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
STEP = 5 * MINUTE
LONG_AGO = NOW - 30 * HOUR
WARNED = Record(first_warned_at=NOW - 60 * MINUTE, second_warned_at=NOW - 15 * MINUTE, judged_at=NOW - MINUTE)


def gpu(*newest_first: float | None, steps: int = 36, until: datetime = NOW) -> GpuActivity:
    """Return three hours in which the GPU did nothing but for the newest steps, which are as given."""
    ratios = [*newest_first, *[0.0] * (steps - len(newest_first))]
    return GpuActivity(until=until, step=STEP, ratios=ratios[::-1])


def jupyter(
    *, busy: int = 0, busy_since: datetime | None = None, last: datetime | None = LONG_AGO, read_at: datetime = NOW
) -> Jupyter:
    """Return a Jupyter that has done nothing for long."""
    return Jupyter(read_at=read_at, busy=busy, busy_since=busy_since, last_activity_at=last)


def access(last: datetime | None = LONG_AGO, read_at: datetime = NOW) -> Access:
    """Return a door that nobody has passed for long."""
    return Access(read_at=read_at, last_at=last)


IDLE = Attendance(
    name="default", gpus=1, started_at=LONG_AGO, gpu=gpu(), jupyter=jupyter(), access=access(), record=WARNED
)
