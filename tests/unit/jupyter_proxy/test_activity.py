"""Accesses go to the broker and are never lost."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from shiva_jupyter_proxy.activity import Activity
from shiva_jupyter_proxy.adapters.broker_http import Broker
from shiva_jupyter_proxy.domain.ports import ReportRefusedError

from tests.fakes.proxy_broker import LOCAL, TOKEN, FakeBroker, broker_standing, with_broker

START = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)


class Clock:
    """A time that a test moves."""

    now = START

    def __call__(self) -> float:
        return self.now.timestamp()

    def later(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@dataclass
class Sink:
    """An ActivitySink that fails as long as it is told to, and may hold a report."""

    fails: bool = False
    hold: asyncio.Event | None = None
    batches: list[Mapping[str, datetime]] = field(default_factory=list)

    async def report(self, last_access: Mapping[str, datetime]) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.fails:
            raise ReportRefusedError("away")
        self.batches.append(dict(last_access))


def test_the_last_access_of_each_container_is_reported_once() -> None:
    clock, sink = Clock(), Sink()
    activity = Activity(sink, clock)
    activity.mark("a")
    activity.mark("b")
    later = clock.later(1)
    activity.mark("a")
    asyncio.run(activity.report())
    asyncio.run(activity.report())
    assert sink.batches == [{"a": later, "b": START}]


def test_what_was_not_taken_is_reported_later_and_newer_accesses_win() -> None:
    clock, sink = Clock(), Sink(fails=True)
    activity = Activity(sink, clock)
    activity.mark("a")
    activity.mark("b")
    asyncio.run(activity.report())
    later = clock.later(5)
    activity.mark("a")
    asyncio.run(activity.report())
    sink.fails = False
    asyncio.run(activity.report())
    assert sink.batches == [{"a": later, "b": START}]


def test_an_access_during_a_failing_report_is_kept_with_the_others() -> None:
    async def within() -> None:
        clock, sink = Clock(), Sink(fails=True, hold=asyncio.Event())
        activity = Activity(sink, clock)
        activity.mark("a")
        reporting = asyncio.create_task(activity.report())
        await asyncio.sleep(0)
        later = clock.later(1)
        activity.mark("a")
        assert sink.hold is not None
        sink.hold.set()
        await reporting
        sink.fails = False
        await activity.report()
        assert sink.batches == [{"a": later}]

    asyncio.run(within())


def test_a_report_that_is_cut_short_loses_nothing() -> None:
    async def within() -> None:
        sink = Sink(hold=asyncio.Event())
        activity = Activity(sink, Clock())
        activity.mark("a")
        reporting = asyncio.create_task(activity.report())
        await asyncio.sleep(0)
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
        sink.hold = None
        await activity.report()
        assert sink.batches == [{"a": START}]

    asyncio.run(within())


def test_accesses_arrive_at_the_broker_as_aware_times() -> None:
    async def use(broker: FakeBroker) -> None:
        activity = Activity(Broker(broker.url, TOKEN, LOCAL), Clock())
        activity.mark("ada--default")
        await activity.report()
        assert {key: datetime.fromisoformat(at) for key, at in broker.last_access.items()} == {"ada--default": START}

    with_broker(use)


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_accesses_that_the_broker_refuses_are_reported_again(status: int) -> None:
    async def use(broker: FakeBroker) -> None:
        activity = Activity(Broker(broker.url, TOKEN, LOCAL), Clock())
        activity.mark("ada--default")
        broker.status = status
        await activity.report()
        broker.status = 0
        await activity.report()
        assert set(broker.last_access) == {"ada--default"}

    with_broker(use)


def test_accesses_are_kept_while_the_broker_is_gone() -> None:
    async def within() -> None:
        async with broker_standing() as broker:
            url = broker.url
        with pytest.raises(ReportRefusedError):
            await Broker(url, TOKEN, LOCAL).report({"ada--default": START})

    asyncio.run(within())


def test_a_mistake_does_not_end_the_reports(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("shiva_jupyter_proxy.activity.PERIOD_SECONDS", 0)

    class Mistaken(Sink):
        calls = 0

        async def report(self, last_access: Mapping[str, datetime]) -> None:
            self.calls += 1
            if self.calls == 1:
                raise ZeroDivisionError
            await super().report(last_access)

    async def within() -> None:
        sink = Mistaken()
        activity = Activity(sink, Clock())
        activity.mark("a")
        running = asyncio.create_task(activity.run())
        async with asyncio.timeout(10):
            while not sink.batches:
                await asyncio.sleep(0)
        running.cancel()
        assert sink.batches == [{"a": START}]

    asyncio.run(within())
    assert "ZeroDivisionError" in caplog.text
