"""What a Jupyter tells of itself: summed up as it is told, and unknown, never quiet, where it lies or does not answer."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters import jupyter_activity
from shiva_jupyter_broker.adapters.jupyter_activity import JupyterReader
from shiva_jupyter_broker.domain.containers import Container, Endpoint
from shiva_jupyter_broker.domain.ports import Activity, JupyterUnknownError

from tests.fakes.hostile import HOSTILE
from tests.fakes.launcher import NOW, container
from tests.fakes.scripted_http import CUT, Asked, Reply, answer, page, scripted

EARLIER, LATER = "2026-11-23T08:00:00.5Z", "2026-11-23T10:05:00+01:00"
NOT_THERE = answer({"message": "Not Found"}, 404)


def at(port: int | None) -> Container:
    return container(endpoint=Endpoint(host="127.0.0.1", port=port or 0))


def reader() -> JupyterReader:
    return JupyterReader(lambda: NOW)


def kernel(state: object = "idle", last: object = EARLIER, **more: object) -> dict[str, object]:
    return {"id": "k", "name": "python3", "execution_state": state, "last_activity": last, "connections": 1} | more


def terminal(busy: object = False, since: object = None, last: object = EARLIER) -> dict[str, object]:
    return {"busy": busy, "busy_since": since, "last_activity": last}


def script(pages: dict[str, Reply]) -> Callable[[Asked], Reply]:
    """Answer below the container's prefix alone."""
    return lambda asked: pages.get(asked.path.removeprefix("/user/ada/"), NOT_THERE)


def read(kernels: object, terminals: object = (), left: object = None) -> Activity:
    """Read one that has our extension."""
    told = {"terminals": terminals, "left_running_since": left}
    pages = {"api/kernels": answer(kernels), "api/shiva/activity": answer(told)}
    with scripted(script(pages)) as server:
        return reader().read(at(urlsplit(server.url).port))


def refuses(kernels: object, terminals: object = ()) -> bool:
    try:
        read(kernels, terminals)
    except JupyterUnknownError:
        return True
    return False


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_nothing_that_runs_is_no_activity() -> None:
    assert read([]) == Activity(read_at=NOW, kernels=0, terminals=0, busy=0, busy_since=None, last_activity_at=None)


def test_busy_and_quiet_are_told_apart_and_the_newest_of_each_counts() -> None:
    kernels = [kernel("busy", EARLIER), kernel("idle", EARLIER), kernel("dead", "2026-11-22T00:00:00Z")]
    terminals = [terminal(busy=True, since=LATER), terminal(last="2026-11-23T08:30:00Z")]
    assert read(kernels, terminals) == Activity(
        read_at=NOW, kernels=3, terminals=2, busy=2, busy_since=moment(LATER),
        last_activity_at=moment("2026-11-23T08:30:00Z"),
    )  # fmt: skip


def test_what_was_left_running_without_a_terminal_is_busy() -> None:
    told = read([kernel()], [terminal()], LATER)
    assert (told.terminals, told.busy, told.busy_since) == (1, 1, moment(LATER))


NOT_SAID: list[object] = [0, "", {}]


@pytest.mark.parametrize(
    "told", [{"terminals": []}, *({"terminals": [], "left_running_since": each} for each in NOT_SAID)]
)
def test_who_does_not_say_what_was_left_running_is_unknown(told: object) -> None:
    pages = {"api/kernels": answer([]), "api/shiva/activity": answer(told)}
    with scripted(script(pages)) as server, pytest.raises(JupyterUnknownError):
        reader().read(at(urlsplit(server.url).port))


@pytest.mark.parametrize("state", ["busy", "starting", "restarting", "unknown", "", "a word of tomorrow"])
def test_a_kernel_of_which_no_quiet_word_is_said_is_busy(state: str) -> None:
    told = read([kernel(state)])
    assert (told.busy, told.last_activity_at) == (1, None)


def test_one_program_of_unknown_age_makes_the_age_unknown() -> None:
    told = read([kernel("busy")], [terminal(busy=True, since=None)])
    assert (told.busy, told.busy_since) == (2, None)


def test_a_clock_that_is_a_little_ahead_is_now() -> None:
    ahead = (NOW + timedelta(seconds=50)).isoformat()
    assert read([kernel("idle", ahead)]).last_activity_at == NOW


NO_TIMES: list[Any] = [None, 0, 1e9, "", "yesterday", "2026-11-23T08:00:00", "2999-01-01T00:00:00Z", []]
WRONG: list[Any] = [
    None, 1, {}, "x", [None], [[]], ["idle"], [{}], [kernel(None)], [kernel(True)], [kernel(["idle"])],
    *([kernel("idle", last)] for last in NO_TIMES),
    [kernel("busy", "9999-12-31T23:59:59-23:59")], [kernel("idle", "0001-01-01T00:00:00+23:59")],
    [kernel("idle", (NOW + timedelta(minutes=2)).isoformat())],
]  # fmt: skip


@pytest.mark.parametrize("kernels", WRONG, ids=lambda each: json.dumps(each)[:60])
def test_kernels_that_cannot_be_are_unknown(kernels: object) -> None:
    assert refuses(kernels)


@pytest.mark.parametrize(
    "told",
    [
        None, 1, {}, "x", [None], [{}], [terminal(None)], [terminal(0)], [terminal("false")], [terminal(last=None)],
        [terminal(True, 7)], [terminal(True, "2026-11-23T08:00:00")], [terminal(True, "2999-01-01T00:00:00Z")],
    ],
)  # fmt: skip
def test_terminals_that_cannot_be_are_unknown(told: object) -> None:
    assert refuses([kernel()], told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([EARLIER, "idle"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["execution_state", "last_activity", "busy", "busy_since", "terminals"]), inner
        )
    ),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(JSON, JSON)
def test_whatever_json_is_told_is_read_or_unknown(kernels: object, terminals: object) -> None:
    if not refuses(kernels, terminals):
        assert isinstance(kernels, list)
        assert isinstance(terminals, list)


@pytest.mark.parametrize(
    ("pages", "known"),
    [
        ({"api/terminals": answer([])}, True),
        ({"api/terminals": answer([{"name": "1", "last_activity": EARLIER}])}, False),
        ({}, False),
        ({"api/terminals": answer([]), "api/shiva/activity": answer({}, 500)}, False),
        ({"api/terminals": answer([]), "api/shiva/activity": answer({}, 403)}, False),
        ({"api/terminals": answer([]), "api/shiva/activity": answer(None)}, False),
    ],
)
def test_without_our_extension_a_terminal_is_unknown_and_none_is_none(pages: dict[str, Reply], known: bool) -> None:
    with scripted(script({"api/kernels": answer([kernel()])} | pages)) as server:
        container = at(urlsplit(server.url).port)
        if known:
            assert reader().read(container).terminals == 0
        else:
            with pytest.raises(JupyterUnknownError):
                reader().read(container)


HUGE = b"[" + b" " * jupyter_activity.MAX_BYTES + b"]"


@pytest.mark.parametrize(
    "reply",
    [
        CUT, page(200), page(502), answer([], 403), answer([], 204), answer([], 206), NOT_THERE,
        Reply(status=302, headers={"Location": "/user/ken/api/kernels"}),
        Reply(pieces=(HUGE,)), Reply(pieces=(b"[" * 100_000,)), Reply(pieces=(b"[" + b"9" * 9999 + b"]",)),
        Reply(pieces=(b"\xff\xfe[]",)), Reply(pieces=(b"[",), length=2**40),
        Reply(headers={"Content-Encoding": "gzip"}, pieces=(b"none",)),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_unknown(reply: Reply) -> None:
    pages = {"api/kernels": reply, "api/shiva/activity": answer({"terminals": [], "left_running_since": None})}
    with scripted(script(pages)) as server, pytest.raises(JupyterUnknownError):
        reader().read(at(urlsplit(server.url).port))


def test_one_that_sends_a_drop_at_a_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyter_activity, "DEADLINE_SECONDS", 0.2)
    drops = Reply(pieces=(b" ",) * 100_000, pause_seconds=0.01, headers={"Content-Type": "application/json"})
    with scripted(lambda _: drops) as server:
        with pytest.raises(JupyterUnknownError):
            reader().read(at(urlsplit(server.url).port))
        assert len(server.asked) == 1


@contextmanager
def raw(text: str) -> Iterator[int]:
    """Serve these bytes to everyone who asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(text.encode("latin-1"))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_tricks_with_http_are_unknown(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyter_activity, "DEADLINE_SECONDS", 0.5)
    with raw(HOSTILE[number]) as port, pytest.raises(JupyterUnknownError):
        reader().read(at(port))


def test_nobody_there_or_nowhere_to_ask_is_unknown() -> None:
    for each in (at(9), container(endpoint=None)):
        with pytest.raises(JupyterUnknownError):
            reader().read(each)


def test_it_is_asked_with_its_own_token_and_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    pages = {"api/kernels": answer([]), "api/shiva/activity": answer({"terminals": [], "left_running_since": None})}
    with scripted(lambda _: answer([])) as proxy, scripted(script(pages)) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        reader().read(at(urlsplit(server.url).port))
    assert proxy.asked == []
    assert [each.path for each in server.asked] == ["/user/ada/api/kernels", "/user/ada/api/shiva/activity"]
    assert {each.headers["Authorization"] for each in server.asked} == {f"token {'t' * 64}"}
