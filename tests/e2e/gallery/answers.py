"""What the manager says to a page in a state that is hard to reach: by request, ours where given, else the contract's example."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.contract.described import PROBLEM, contract

SERVICES = Path(__file__).resolve().parents[3] / "services"
PROBLEMS: dict[str, Any] = json.loads(
    (SERVICES / "manager-api/src/shiva_manager_api/problems.json").read_text(encoding="utf-8")
)
PREFIX = "/api/v1/"


class Silence(Enum):
    """No answer at all."""

    WAITS = "the question stays open"
    AWAY = "nobody listens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status with a body of JSON; None: no body."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type of its content."""
        return "application/json" if self.status < 400 else PROBLEM


Answers = Mapping[str, Answer | Silence]  # by "GET containers/*/log", the first that fits


def ok(body: object, **headers: str) -> Answer:
    """Return a good answer."""
    return Answer(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def problem(code: str, **parameters: object) -> Answer:
    """Return a problem of the catalogue, with its English sentence."""
    entry = PROBLEMS[code]
    words = {part: text.format_map(parameters) for part, text in entry["en"].items()}
    told = {"type": f"urn:shiva:problem:{code}", "status": entry["status"], "code": code, "parameters": parameters}
    return Answer(status=entry["status"], body=told | words)


def example(method: str, path: str) -> Answer | None:
    """Return the contract's own example of a good answer; None: it describes no such request."""
    described = contract("manager-api")
    try:
        name = described.operation_of(EnvironBuilder(method=method, path=path).get_request(Request))
    except LookupError:
        return None
    status = min(int(status) for status in described.operations[name][2]["responses"])
    content = described.answer(name, status).get("content", {}).get("application/json")
    return Answer(status=status, body=content and content["example"])


@dataclass(slots=True, kw_only=True)
class Manager:
    """Stands between a page and the door's API; `answers` may change while the page is open."""

    answers: Answers
    unknown: list[str] = field(default_factory=list)  # what was asked and nobody described
    refused: set[str] = field(default_factory=set)  # addresses that were answered by no success
    _written: dict[int, str] = field(default_factory=dict)  # bodies by the answer's id: a large one is written once

    def serve(self, page: Page) -> None:
        """Answer all that the page asks of the API."""
        page.route(lambda address: urlsplit(address).path.startswith(PREFIX), lambda route: self._answer(route))

    def _answer(self, route: Route) -> None:
        asked = route.request
        path = urlsplit(asked.url).path
        line = f"{asked.method} {path.removeprefix(PREFIX)}"
        found = next((said for pattern, said in self.answers.items() if fnmatchcase(line, pattern)), None)
        found = found or example(asked.method, path)
        if found is None:
            self.unknown.append(line)
            route.abort()
        elif isinstance(found, Answer):
            if found.status >= 400:
                self.refused.add(asked.url)
            route.fulfill(
                status=found.status, content_type=found.kind, headers=dict(found.headers), body=self._body(found)
            )
        elif found is Silence.AWAY:
            self.refused.add(asked.url)
            route.abort("connectionrefused")

    def _body(self, answer: Answer) -> str:
        if id(answer) not in self._written:
            self._written[id(answer)] = "" if answer.body is None else json.dumps(answer.body)
        return self._written[id(answer)]


def over(changes: Answers, usual: Answers) -> Answers:
    """Return `usual` with `changes`, which are looked at first."""
    return {**changes, **{line: said for line, said in usual.items() if line not in changes}}
