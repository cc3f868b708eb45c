"""Shiva as the command line meets it: a scripted server whose every question and answer the contract must describe."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from shiva_cli.command_line import run
from shiva_cli.words import filled
from shiva_cli.world import World
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from tests.contract.described import PROBLEM, SERVICES, contract
from tests.fakes.scripted_http import CUT, Asked, Reply, Scripted, answer, scripted

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
TOKEN = "shiva_5d41402abc4b2a76_" + "0" * 64
CATALOGUE = json.loads((SERVICES / "manager-api/src/shiva_manager_api/problems.json").read_text(encoding="utf-8"))
OF_THE_DOOR = {"token-refused", "too-many-requests", "manager-unavailable"}  # in front of every operation
CONTRACT = contract("manager-api")
LOST = CUT


def example(operation: str, status: int = 200) -> Any:
    """Return what the contract shows for an operation."""
    [media] = CONTRACT.answer(operation, status)["content"].values()
    return json.loads(json.dumps(media["example"]))


def problem(code: str, **parameters: Any) -> Reply:
    """Return a problem as the manager words it from the catalogue."""
    status, words = CATALOGUE[code]["status"], CATALOGUE[code]["en"]
    body = {
        "type": f"urn:shiva:problem:{code}",
        "status": status,
        "code": code,
        "title": filled(words["title"], parameters) or words["title"],
        "detail": filled(words["detail"], parameters) or "A fact is missing.",
        "parameters": parameters,
    }
    return Reply(status=status, pieces=(json.dumps(body).encode(),), headers={"Content-Type": PROBLEM})


def required_headers(operation: str, status: int) -> dict[str, str]:
    """Return what the contract demands beside a body."""
    headers: dict[str, Any] = CONTRACT.answer(operation, status).get("headers", {})
    return {name: str(told.get("example", '"one"')) for name, told in headers.items() if told.get("required")}


def container(state: str = "ready", **facts: object) -> dict[str, Any]:
    """Return a container of the contract's in some state."""
    known: dict[str, Any] = example("container") | {"state": state} | facts
    if state in {"pending", "pulling"}:
        known["phases"] = dict.fromkeys(known["phases"]) | {"placed_seconds": 0.02}
    return known


@dataclass
class FakeShiva:
    """Answers with the contract's examples where a test says nothing; the last of several answers stays."""

    said: dict[str, list[Reply]] = field(default_factory=dict)
    heard: list[tuple[str, Asked]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lawless: bool = False  # answers are not judged: a server that lies
    server: Scripted | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        assert self.server is not None
        return self.server.url

    def on(self, operation: str, *answers: Reply) -> None:
        """Say what an operation answers, one after the other."""
        assert operation in CONTRACT.operations
        self.said[operation] = list(answers)

    def asked(self, operation: str) -> list[Asked]:
        """Return what an operation was asked."""
        return [asked for name, asked in self.heard if name == operation]

    def script(self, asked: Asked) -> Reply:
        """Judge the question, answer, and judge the answer."""
        request = _request(asked)
        try:
            operation = CONTRACT.operation_of(request)
            CONTRACT.accepts(request)
        except Exception as error:
            self.wrong.append(f"{asked.method} {asked.path}: {error!r} {error.__cause__!r}")
            return Reply(status=500)
        self.heard.append((operation, asked))
        reply = self._reply(operation)
        if not (reply.silent or self.lawless or _from_the_door(reply)):
            self._judge(asked, reply)
        return reply

    def _reply(self, operation: str) -> Reply:
        said = self.said.get(operation, [])
        if said:
            reply = said.pop(0) if len(said) > 1 else said[0]
            known = reply.status in {status for name, status in CONTRACT.cases() if name == operation}
            return replace(reply, headers=required_headers(operation, reply.status) | reply.headers) if known else reply
        good = min(status for name, status in CONTRACT.cases() if name == operation)
        if good == 204:
            return Reply(status=good)
        return answer(example(operation, good), good, **required_headers(operation, good))

    def _judge(self, asked: Asked, reply: Reply) -> None:
        told = Response(b"".join(reply.pieces), reply.status, reply.headers)
        try:
            CONTRACT.judge(asked.method, asked.path, told)
        except Exception as error:
            self.wrong.append(f"{reply.status} to {asked.method} {asked.path}: {error!r} {error.__cause__!r}")


def _request(asked: Asked) -> Request:
    """Return the question as the manager gets it, with the door's header in place of the token."""
    bearer = asked.headers.get("Authorization", "").startswith("Bearer shiva_")
    identity = {"X-Shiva-Identity": "x"} if bearer or "/device/" in asked.path else {}
    body = {} if asked.body is None else {"json": asked.body}
    query = {key: values[0] for key, values in asked.query.items()}
    headers = {**asked.headers, **identity}
    headers.pop("Content-Length", None)
    return EnvironBuilder(
        path=asked.path, method=asked.method, query_string=query, headers=list(headers.items()), **body
    ).get_request(Request)


def _from_the_door(reply: Reply) -> bool:
    try:
        return json.loads(b"".join(reply.pieces)).get("code") in OF_THE_DOOR
    except ValueError:
        return False


@contextmanager
def shiva_standing() -> Iterator[FakeShiva]:
    """Stand until the context ends; whatever the contract does not describe is a failure."""
    fake = FakeShiva()
    with scripted(fake.script) as fake.server:
        yield fake
    assert fake.wrong == []


@dataclass
class Terminal:
    """A person with the command, a clock that sleeping moves, and a browser that only remembers."""

    home: Path
    capture: pytest.CaptureFixture[str]
    environ: dict[str, str] = field(default_factory=dict)
    slept: float = 0.0
    opened: list[str] = field(default_factory=list)
    has_browser: bool = True
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        """Run a command and return its exit code; `out` and `err` are what it printed."""
        world = World(
            environ={"HOME": str(self.home)} | self.environ,
            now=lambda: NOW + timedelta(seconds=self.slept),
            monotonic=lambda: self.slept,
            sleep=self._sleep,
            browse=self._browse,
            zone=UTC,
        )
        code = run(arguments, world)
        self.out, self.err = self.capture.readouterr()
        return code

    def json(self, *arguments: str) -> Any:
        """Run a command with --json and return what it printed."""
        self(*arguments, "--json")
        return json.loads(self.out)

    def logged_in(self, shiva: FakeShiva) -> None:
        """Have a token for that server."""
        self.environ |= {"SHIVA_URL": shiva.url, "SHIVA_TOKEN": TOKEN}

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    def _browse(self, url: str) -> bool:
        self.opened.append(url)
        return self.has_browser
