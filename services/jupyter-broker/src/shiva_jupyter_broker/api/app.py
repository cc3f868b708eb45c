"""The Flask application: resources, access, health, metrics, and every error as a problem."""

import json
import logging
import re
import uuid
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.json.provider import JSONProvider
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from shiva_common import logs
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from shiva_jupyter_broker.api import access, containers, machines, problems, routes, wire
from shiva_jupyter_broker.domain.naming import BadNameError
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, PortError
from shiva_jupyter_broker.service import Broker

log = logging.getLogger("shiva.jupyter_broker.api")

MAX_BODY_BYTES = 256 * 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class PlainJson(JSONProvider):
    """JSON as Python's own encoder writes it, unsorted: `wire` leaves nothing that it does not know."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return the text."""
        return json.dumps(obj, separators=(",", ":"), **kwargs)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value."""
        return json.loads(s, **kwargs)


def create_app(broker: Broker, tokens: access.Tokens, registry: CollectorRegistry) -> Flask:
    """Return the application; `registry` holds what `/metrics` shows."""
    app = Flask("shiva_jupyter_broker", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect is no problem of ours
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json = PlainJson(app)
    app.register_blueprint(containers.blueprint(broker))
    app.register_blueprint(machines.blueprint(broker))
    app.register_blueprint(routes.blueprint(broker))
    _add_request_handling(app, tokens, registry)
    _add_errors(app)

    @app.get("/health")
    def health() -> Response:
        try:
            broker.containers()
            answers = True
        except LauncherUnavailableError:
            answers = False
        return jsonify(status="ok" if answers else "degraded", launcher_answers=answers)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return app


def _add_request_handling(app: Flask, tokens: access.Tokens, registry: CollectorRegistry) -> None:
    requests_total = Counter(
        "shiva_broker_requests", "Requests by endpoint and status.", ["endpoint", "status"], registry=registry
    )

    @app.before_request
    def check() -> Response | None:
        given = request.headers.get("X-Request-Id", "")
        logs.request_id.set(given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex)
        return access.check(tokens)

    @app.after_request
    def count(response: Response) -> Response:
        requests_total.labels(request.endpoint or "unknown", str(response.status_code)).inc()
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        logs.request_id.set(None)  # the thread goes on with other work


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 400:
        return problems.bad_request("The body must be JSON.")
    name = error.name.lower().replace(" ", "-")
    answer = problems.answer(status, name, error.name, "Nothing was changed. See this service's openapi.yaml.")
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return answer


def _add_errors(app: Flask) -> None:
    @app.errorhandler(PortError)
    def ours(error: PortError) -> Response:
        log.info("request refused", extra={"error": type(error).__name__, "cause": repr(error.__cause__ or error)})
        return problems.of_error(error)

    @app.errorhandler(BadNameError)
    def bad_name(error: BadNameError) -> Response:
        return problems.bad_request(str(error), code="bad-name", title="That name cannot be used")

    @app.errorhandler(wire.MalformedError)
    def malformed(error: wire.MalformedError) -> Response:
        return problems.bad_request(str(error))

    @app.errorhandler(RecursionError)
    def nested(_: RecursionError) -> Response:
        return problems.bad_request("The body is nested too deeply.")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return _http_problem(error)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        return problems.answer(
            500,
            "internal",
            "Something went wrong here",
            "Running notebooks and homes are not touched. The operator finds the cause in the broker's log.",
        )
