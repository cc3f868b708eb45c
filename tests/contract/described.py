"""An `openapi.yaml` as a judge of requests and answers, and as a server of its own examples."""

import functools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder, TestResponse
from werkzeug.wrappers import Request, Response

SERVICES = Path(__file__).resolve().parents[2] / "services"
METHODS = {"get", "post", "put", "patch", "delete"}
PROBLEM = "application/problem+json"
CREDENTIALS = [("Authorization", "Bearer x"), ("X-Shiva-Identity", "x")]

Case = tuple[str, int]  # operation and status


class Description:
    """One service's contract."""

    def __init__(self, service: str) -> None:
        """Read `services/<service>/openapi.yaml`."""
        path = SERVICES / service / "openapi.yaml"
        self.spec: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)  # ten times as fast
        config = Config(extra_media_type_deserializers={PROBLEM: json.loads, "application/yaml": bytes.decode})
        self._judge = OpenAPI.from_dict(self.spec, config=config)
        self._server: str = self.spec["servers"][0]["url"]
        self.operations: dict[str, tuple[str, str, dict[str, Any]]] = {
            operation["operationId"]: (method, path, operation)
            for path, item in self.spec["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        }

    def cases(self) -> set[Case]:
        """Return every documented operation and status."""
        return {(name, int(status)) for name, (_, _, op) in self.operations.items() for status in op["responses"]}

    def answer(self, name: str, status: int) -> dict[str, Any]:
        """Return a documented answer with its reference followed."""
        described: dict[str, Any] = self.operations[name][2]["responses"][str(status)]
        while "$ref" in described:
            described = self.spec["components"]["responses"][described["$ref"].rpartition("/")[2]]
        return described

    def headers(self, name: str, status: int) -> dict[str, str]:
        """Return examples of the headers that a documented answer has."""
        told = self.answer(name, status).get("headers", {})
        return {header: str(described.get("example", '"one"')) for header, described in told.items()}

    def codes(self, name: str, status: int) -> set[str]:
        """Return the problem codes that the description names."""
        return set(re.findall(r"`([a-z-]+)`", self.answer(name, status)["description"]))

    def check(self, answer: TestResponse) -> None:
        """Fail unless the answer is a documented one for its request."""
        self.judge(answer.request.method, answer.request.path, answer)

    def judge(self, method: str, path: str, answer: Response) -> None:
        """Fail unless the answer is a documented one for that method and path."""
        asked = EnvironBuilder(path=path, method=method).get_request(Request)
        self._judge.validate_response(_Asked(asked, self._server), WerkzeugOpenAPIResponse(answer))

    def check_examples(self, name: str) -> None:
        """Fail unless the examples of an operation are what their own schemas say."""
        method, path, operation = self.operations[name]
        path = re.sub(r"{\w+}", "ada--default", path.replace("{name}", "ada"))
        for status in map(int, operation["responses"]):
            for kind, media in self.answer(name, status).get("content", {}).items():
                if kind != "text/plain":
                    body, headers = json.dumps(media["example"]), self.headers(name, status)
                    self.judge(method.upper(), path, Response(body, status, headers, content_type=kind))
        if "requestBody" in operation:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            self.accepts(
                EnvironBuilder(path=path, method=method.upper(), json=example, headers=CREDENTIALS).get_request(Request)
            )

    def accepts(self, request: Request) -> None:
        """Fail unless the request is a documented one, its credentials included."""
        self._judge.validate_request(_Asked(request, self._server))

    def operation_of(self, request: Request) -> str:
        """Return which operation a request is for."""
        for name, (method, path, _) in self.operations.items():
            if method == request.method.lower() and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.path):
                return name
        raise LookupError(f"{request.method} {request.path} is not in the contract")


class _Asked(WerkzeugOpenAPIRequest):
    """The request as if it went to the documented server: a test's address is another."""

    def __init__(self, request: Request, server: str) -> None:
        super().__init__(request)
        self._server = server

    @property
    def host_url(self) -> str:
        return self._server


@functools.cache
def contract(service: str) -> Description:
    """Return `services/<service>/openapi.yaml`, read once."""
    return Description(service)


@dataclass
class Examples:
    """A server that answers with a contract's examples, and refuses what the contract does not describe."""

    description: Description
    url: str = ""
    statuses: dict[str, int] = field(default_factory=dict)  # operation → status; else its lowest
    raw: tuple[int, str, str] | None = None  # status, content type and body, whatever is asked
    asked: list[str] = field(default_factory=list)
    request_ids: list[str | None] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Answer as at the start, and forget what was asked."""
        self.raw = None
        for kept in (self.statuses, self.asked, self.request_ids, self.wrong):
            kept.clear()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer as WSGI has it."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            name = self.description.operation_of(request)
            self.description.accepts(request)
        except Exception as error:
            self.wrong.append(f"{request.method} {request.path}: {error!r} {error.__cause__!r}")
            return Response("not in the contract", status=500)
        self.asked.append(name)
        self.request_ids.append(request.headers.get("X-Request-Id"))
        if self.raw is not None:
            status, kind, body = self.raw
            return Response(body, status=status, content_type=kind)
        status = self.statuses.get(name, min(s for n, s in self.description.cases() if n == name))
        content = self.description.answer(name, status).get("content", {})
        headers = self.description.headers(name, status)
        if not content:
            return Response(status=status, headers=headers)
        [(kind, media)] = content.items()
        return Response(json.dumps(media["example"]), status=status, content_type=kind, headers=headers)


@contextmanager
def served(service: str) -> Iterator[Examples]:
    """Serve a contract's examples on loopback; every request must be one that the contract describes."""
    examples = Examples(contract(service))
    server = make_server("127.0.0.1", 0, examples, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    examples.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield examples
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
