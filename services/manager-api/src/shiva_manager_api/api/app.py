"""The Flask application: resources, the gate before them, health, metrics, and every error as a problem."""

import logging
import re
import uuid
from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response, jsonify, request
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from shiva_common import logs
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from shiva_manager_api.api import (
    admin,
    containers,
    description,
    events,
    internal,
    machines,
    me,
    past,
    problems,
    tokens,
    usage,
    wire,
)
from shiva_manager_api.api.access import Gate, Keys, check_declared, needs
from shiva_manager_api.api.bodies import MalformedError
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.domain.ports import PortError
from shiva_manager_api.use_cases import UseCases

log = logging.getLogger("shiva.manager_api")

MAX_BODY_BYTES = 64 * 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CODES = {404: "not-found", 405: "method-not-allowed"}  # of what the framework refuses


class Id(BaseConverter):
    """Part of an address that is no other resource's name."""

    regex = r"(?!(?:explain|code|token)\Z)[^/]+"
    part_isolating = True


def create_app(
    use: UseCases, keys: Keys, *, clock: Callable[[], datetime], registry: CollectorRegistry, demo: bool = False
) -> Flask:
    """Return the application; `clock` returns an aware time, for the door's signature."""
    app = Flask("shiva_manager_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.converters["id"] = Id
    for blueprint in (
        me.blueprint(use, demo=demo), machines.blueprint(use.manager, use.histories), containers.blueprint(use), past.blueprint(use), events.blueprint(use),
        tokens.blueprint(use), usage.blueprint(use.usages), admin.blueprint(use), internal.blueprint(use), description.blueprint(),
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    app.url_map.merge_slashes = False
    _add_own(app, use, registry)
    _add_request_handling(app, Gate(app, keys, use.people, clock), registry)
    _add_errors(app)
    check_declared(app)
    return app


def _add_own(app: Flask, use: UseCases, registry: CollectorRegistry) -> None:
    @app.get("/health")
    @needs(Access.NONE)
    def health() -> Response:
        metrics, broker = use.manager.sources()
        status = "ok" if metrics.fresh and broker.fresh else "degraded"
        return jsonify(status=status, metrics=wire.source(metrics)["state"], broker=wire.source(broker)["state"])

    @app.get("/metrics")
    @needs(Access.METRICS)
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _add_request_handling(app: Flask, gate: Gate, registry: CollectorRegistry) -> None:
    requests_total = Counter(
        "shiva_manager_requests", "Requests by endpoint and status.", ["endpoint", "status"], registry=registry
    )

    @app.before_request
    def let_in() -> None:
        given = request.headers.get("X-Request-Id", "")
        logs.request_id.set(given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex)
        gate.check()

    @app.after_request
    def finish(response: Response) -> Response:
        requests_total.labels(request.endpoint or "unknown", str(response.status_code)).inc()
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        logs.request_id.set(None)  # the thread goes on with other work


def _add_errors(app: Flask) -> None:
    @app.errorhandler(PortError)
    def ours(error: PortError) -> Response:
        cause = str(error.__cause__ or error)
        log.info("request refused", extra={"error": type(error).__name__, "code": error.code, "cause": cause})
        return problems.of_error(error)

    @app.errorhandler(MalformedError)
    def malformed(error: MalformedError) -> Response:
        return problems.answer("bad-request", {"why": str(error)})

    @app.errorhandler(RecursionError)
    def nested(_: RecursionError) -> Response:
        return problems.answer("bad-request", {"why": "The body is nested too deeply."})

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 413:
            return problems.answer("too-large", {"limit_bytes": MAX_BODY_BYTES})
        if status not in CODES:
            return problems.answer("bad-request", {"why": "The body must be JSON."})
        answer = problems.answer(CODES[status])
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        return problems.answer("internal")
