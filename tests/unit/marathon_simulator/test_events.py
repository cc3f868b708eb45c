"""The event stream, read from a bare socket: frames, heartbeat, filter, ends."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.marathon_simulator.options import Options, Timers
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import agents, call, notebook, start, until


@contextmanager
def stream(url: str, query: str = "") -> Iterator[tuple[bytes, "socket.SocketIO"]]:
    """Open an event stream; give its head and what follows, unbuffered."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as connection:
        connection.sendall(f"GET /v2/events{query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
        raw = socket.SocketIO(connection, "r")
        yield until_blank(raw), raw
        raw.close()


def until_blank(raw: "socket.SocketIO") -> bytes:
    """Read up to and with an empty line."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        byte = raw.read(1)
        assert byte, "the stream ended"
        read += byte
    return read


def test_frames_are_an_event_line_a_data_line_and_an_empty_one_ended_by_crlf(marathon: MarathonSimulator) -> None:
    with stream(marathon.url) as (head, raw):
        frame = until_blank(raw)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/event-stream;charset=utf-8\r\n" in head
    assert b"Connection: close\r\n" in head
    assert b"Content-Length" not in head
    event, data, end = frame.removesuffix(b"\r\n").split(b"\r\n")
    assert (event, end) == (b"event: event_stream_attached", b"")
    told = json.loads(data.removeprefix(b"data: "))
    assert (told["eventType"], told["remoteAddress"]) == ("event_stream_attached", "127.0.0.1")
    assert told["timestamp"].endswith("Z")


def test_a_filter_lets_only_its_types_through(marathon: MarathonSimulator) -> None:
    with stream(marathon.url, "?event_type=deployment_success&event_type=none") as (_, raw):
        start(marathon)
        assert until_blank(raw).startswith(b"event: deployment_success\r\n")


def test_silence_is_filled_by_bare_line_ends() -> None:
    with (
        MarathonSimulator(agents(), options=Options(timers=Timers(heartbeat=0.02))) as marathon,
        stream(marathon.url, "?event_type=none") as (_, raw),
    ):
        assert raw.read(2) == b"\r\n"


def test_the_accept_header_must_be_exact(marathon: MarathonSimulator) -> None:
    for accept in ("*/*", "text/event-stream, */*"):
        assert call(marathon, "GET", "/v2/events", headers={"Accept": accept}).status_code == 405


def test_a_cut_stream_ends_and_nothing_is_replayed(marathon: MarathonSimulator) -> None:
    with stream(marathon.url) as (_, raw):
        until_blank(raw)
        marathon.cut_events()
        assert raw.read(1) == b""
    start(marathon)
    with stream(marathon.url) as (_, raw):
        assert until_blank(raw).startswith(b"event: event_stream_attached\r\n")


def test_a_reader_who_falls_too_far_behind_is_cut_off() -> None:
    with MarathonSimulator(agents(), options=Options(max_outstanding_events=3)) as marathon:
        slow = marathon.marathon.world.events.subscribe("10.0.0.9", ())
        for _ in range(4):
            marathon.marathon.world.events.publish("unheard")
        assert slow.take(0) is None


def test_a_stream_that_its_reader_closed_is_forgotten() -> None:
    with MarathonSimulator(agents(), options=Options(timers=Timers(heartbeat=0.01))) as marathon:
        with stream(marathon.url) as (_, raw):
            until_blank(raw)
            assert marathon.marathon.world.events.open_streams() == 1
        until(lambda: marathon.marathon.world.events.open_streams() == 0)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_changes_of_one_app_are_told_with_their_definition(marathon: MarathonSimulator, method: str) -> None:
    path = "/v2/apps" if method == "POST" else "/v2/apps/shiva/ada"
    call(marathon, method, path, notebook())
    told = marathon.events("api_post_event")[0]
    assert (told["clientIp"], told["uri"], told["appDefinition"]["id"]) == ("127.0.0.1", path, "/shiva/ada")
