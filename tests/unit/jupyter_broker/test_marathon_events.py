"""The event stream: frames in pieces, cuts, and servers that have none."""

import itertools
import json
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters import marathon_events
from shiva_jupyter_broker.adapters.marathon_events import Event, EventStream, Frames, touched
from shiva_jupyter_broker.adapters.marathon_http import Addresses, TimedSession, UnansweredError

from tests.fakes.scripted_http import CUT, Reply, Script, Scripted, page, scripted

SECONDS = 10.0


def frame(kind: str, end: str = "\r\n", **members: Any) -> bytes:
    return f"event: {kind}{end}data: {json.dumps({'eventType': kind, **members})}{end}{end}".encode()


STATUS = frame("status_update_event", appId="/shiva/a", taskStatus="TASK_RUNNING")
HEARTBEAT = b"\r\n"
DEPLOYED = frame("deployment_success", id="d", plan={"steps": [{"actions": [{"action": "x", "app": "/shiva/b"}]}]})


def fed(*pieces: bytes) -> list[Event]:
    frames = Frames()
    return [event for piece in pieces for event in frames.feed(piece)]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_may_end_in_three_ways(end: str) -> None:
    [event] = fed(frame("status_update_event", end, appId="/shiva/ä"), b"x")
    assert event == {"eventType": "status_update_event", "appId": "/shiva/ä"}


@given(st.lists(st.integers(min_value=0, max_value=len(STATUS + HEARTBEAT + DEPLOYED)), max_size=8))
def test_it_does_not_matter_where_the_pieces_are_cut(cuts: list[int]) -> None:
    whole = STATUS + HEARTBEAT + DEPLOYED
    edges = sorted({0, len(whole), *cuts})
    pieces = [whole[start:end] for start, end in itertools.pairwise(edges)]
    assert [event["eventType"] for event in fed(*pieces)] == ["status_update_event", "deployment_success"]


def test_an_event_comes_as_soon_as_its_last_line_does() -> None:
    assert len(fed(STATUS)) == 1


def test_data_in_several_lines_is_one() -> None:
    assert fed(b'event: x\ndata: {"a":\ndata:  1}\n\n') == [{"eventType": "x", "a": 1}]


@pytest.mark.parametrize(
    "odd", [b": comment\n\n", b"data: {\n\n", b"data: [1]\n\n", b"event: x\n\n", b"id: 4\nretry: 9\n\n", b"\xff\n\n"]
)
def test_what_cannot_be_read_is_left_out(odd: bytes) -> None:
    assert [event["eventType"] for event in fed(odd, STATUS)] == ["status_update_event"]


def test_an_event_without_end_is_not_gathered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marathon_events, "MAX_FRAME_BYTES", 1000)
    with pytest.raises(UnansweredError):
        fed(b"data: ", b"x" * 2000)
    with pytest.raises(UnansweredError):
        fed(b"data: x\n" * 2000)


@pytest.mark.parametrize(
    ("event", "apps"),
    [
        ({"appId": "/shiva/a"}, {"/shiva/a"}),
        ({"runSpecId": "/shiva/a", "agentId": None}, {"/shiva/a"}),
        (
            {"plan": {"steps": [{"actions": [{"app": "/shiva/a"}, {"app": "/shiva/b"}, {"pod": "/p"}]}]}},
            {"/shiva/a", "/shiva/b"},
        ),
        ({"plan": {"steps": None}}, set()),
        ({"plan": {"steps": [1, {"actions": [2]}]}}, set()),
        ({"appId": 5}, set()),
    ],
)
def test_an_event_names_the_apps_that_it_is_about(event: Event, apps: set[str]) -> None:
    assert touched(event) == apps


class Heard:
    """A listener that a test can wait for."""

    def __init__(self) -> None:
        self.all: queue.Queue[str] = queue.Queue()

    def attached(self) -> None:
        self.all.put("attached")

    def happened(self, event: Event) -> None:
        self.all.put(event["eventType"])

    def detached(self, why: str) -> None:
        assert why
        self.all.put("detached")

    def next(self, count: int) -> list[str]:
        return [self.all.get(timeout=SECONDS) for _ in range(count)]


def events(*pieces: bytes, pause: float = 0.0) -> Reply:
    head = {"Content-Type": "text/event-stream;charset=utf-8", "Connection": "close"}
    return Reply(pieces=pieces, headers=head, pause_seconds=pause)


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Heard, list[Scripted]]]]:
    monkeypatch.setattr(marathon_events, "FIRST_PAUSE_SECONDS", 0.01)
    with ExitStack() as stack:

        def start(*scripts: Script) -> tuple[Heard, list[Scripted]]:
            servers = [stack.enter_context(scripted(each)) for each in scripts]
            heard = Heard()
            stream = EventStream(Addresses([each.url for each in servers], TimedSession()), heard)
            stream.start()
            stack.callback(stream.close)
            return heard, servers

        yield start


def test_events_are_told_when_they_come_and_not_when_a_buffer_is_full(listen: Callable[..., Any]) -> None:
    heard, servers = listen(lambda _: events(STATUS, HEARTBEAT, DEPLOYED, pause=1.0))
    assert heard.next(2) == ["attached", "status_update_event"]
    assert servers[0].asked[0].headers["Accept"] == "text/event-stream"
    assert heard.all.empty()  # the next one comes two seconds later


def test_after_every_cut_it_attaches_anew(listen: Callable[..., Any]) -> None:
    heard, _ = listen(lambda _: events(STATUS, STATUS))
    one = ["attached", "status_update_event", "status_update_event", "detached"]
    assert heard.next(8) == one * 2


def test_silence_is_a_cut(listen: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marathon_events, "SILENCE_SECONDS", 0.2)
    heard, _ = listen(lambda _: events(STATUS, b"", pause=5.0))
    assert heard.next(4) == ["attached", "status_update_event", "detached", "attached"]


@pytest.mark.parametrize(
    "bad",
    [Reply(status=302, headers={"Location": "http://192.0.2.1:1/v2/events"}), page(502), page(200), page(401), CUT],
)
def test_who_has_no_events_is_passed_by_and_a_redirect_is_not_followed(listen: Callable[..., Any], bad: Reply) -> None:
    heard, servers = listen(lambda _: bad, lambda _: events(STATUS, b"", pause=5.0))
    assert heard.next(2) == ["attached", "status_update_event"]
    assert len(servers[0].asked) == 1
