"""Log lines: one event a line, valid JSON, short, and without secrets."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_common import logs


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def line(message: str, *args: object, **facts: object) -> dict[str, Any]:
    """Return the parsed line of one event; strict about what is JSON and about its being one line."""
    record = logging.makeLogRecord({"name": "shiva.test", "levelno": logging.INFO, "levelname": "INFO"} | facts)
    record.msg, record.args = message, args
    text = logs.JsonFormatter().format(record)
    assert text.splitlines() == [text]
    assert text.isascii()
    parsed: dict[str, Any] = json.loads(text, parse_constant=no_constant)
    return parsed


def test_a_line_has_time_level_logger_event_and_facts() -> None:
    got = line("container %s", "started", container="ada--default", seconds=1.5, again=False, machine=None)
    assert got.pop("at").endswith("+00:00")
    assert got == {
        "level": "info",
        "logger": "shiva.test",
        "event": "container started",
        "container": "ada--default",
        "seconds": 1.5,
        "again": False,
        "machine": None,
    }


def test_the_request_id_goes_with_every_line_of_its_request() -> None:
    token = logs.request_id.set("abc-1")
    try:
        assert line("x")["request_id"] == "abc-1"
    finally:
        logs.request_id.reset(token)
    assert "request_id" not in line("x")


@given(st.text(), st.text())
def test_nobody_can_forge_a_second_line(message: str, fact: str) -> None:
    got = line("%s", message, fact=fact)
    assert got["event"] == message[: logs.FIELD_LIMIT]
    assert got["fact"] == fact[: logs.FIELD_LIMIT]


@pytest.mark.parametrize("name", ["at", "level", "logger", "event", "request_id"])
def test_a_fact_cannot_take_the_place_of_what_a_line_is(name: str) -> None:
    token = logs.request_id.set("abc-1")
    try:
        assert line("true", **{name: "false"})[name] != "false"
    finally:
        logs.request_id.reset(token)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_lacks_becomes_its_name(value: float) -> None:
    assert line("x", value=value)["value"] == str(value)


def test_long_texts_are_cut() -> None:
    got = line("m" * 10_000, fact="f" * 10_000)
    assert len(got["event"]) == len(got["fact"]) == logs.FIELD_LIMIT


def test_an_exception_is_a_member_and_a_long_one_keeps_its_end() -> None:
    try:
        raise ValueError("x" * 100_000 + " the end")
    except ValueError:
        got = line("it broke", exc_info=sys.exc_info())
    assert got["traceback"].endswith(" the end")
    assert len(got["traceback"]) <= logs.TRACEBACK_LIMIT


def test_a_thing_is_shown_by_its_text_so_that_a_hidden_field_stays_hidden() -> None:
    class Settings:
        def __init__(self) -> None:
            self.token = "hush"

        def __str__(self) -> str:
            return "Settings()"

    assert line("start", settings=Settings())["settings"] == "Settings()"
    assert line("start", many=[1, 2])["many"] == "[1, 2]"


@pytest.fixture
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)


@pytest.mark.usefixtures("_root_as_it_was")
def test_configured_logs_go_to_standard_output_and_end_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    log = logs.configure("shiva.test")
    log.info("hello", extra={"who": "ada"})
    log.debug("not shown")
    assert [json.loads(each)["event"] for each in output.getvalue().splitlines()] == ["hello"]
    output.close()
    log.info("standard output is gone")
