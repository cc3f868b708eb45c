"""The Flask application: resources, identity, health, metrics, and every error as a problem."""

import logging
import re
import uuid
from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from shiva_common import identity, logs
from werkzeug.exceptions import HTTPException

from shiva_manager_api.api import containers, machines, problems, wire
from shiva_manager_api.domain.ports import PortError
from shiva_manager_api.service import Manager

log = logging.getLogger("shiva.manager_api")

MAX_BODY_BYTES = 64 * 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OPEN = frozenset({"health", "metrics"})


def create_app(
    manager: Manager, *, key: bytes, clock: Callable[[], datetime], registry: CollectorRegistry, demo: bool = False
) -> Flask:
    """Return the application; `key` verifies the door's signature, `clock` returns an aware time."""
    app = Flask("shiva_manager_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.register_blueprint(machines.blueprint(manager, demo=demo))
    app.register_blueprint(containers.blueprint(manager))
    _add_request_handling(app, key, clock, registry)
    _add_errors(app)

    @app.get("/health")
    def health() -> Response:
        metrics, broker = manager.sources()
        status = "ok" if metrics.fresh and broker.fresh else "degraded"
        return jsonify(status=status, metrics=wire.source(metrics), broker=wire.source(broker))

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return app


def _add_request_handling(app: Flask, key: bytes, clock: Callable[[], datetime], registry: CollectorRegistry) -> None:
    requests_total = Counter(
        "shiva_manager_requests", "Requests by endpoint and status.", ["endpoint", "status"], registry=registry
    )

    @app.before_request
    def identify() -> Response | None:
        given = request.headers.get("X-Request-Id", "")
        logs.request_id.set(given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex)
        if request.endpoint in OPEN:
            return None
        try:
            g.identity = identity.verify(request.headers.get(identity.HEADER), key=key, now=clock())
        except identity.IdentityError as error:
            log.info("identity refused", extra={"cause": str(error)})
            return problems.not_logged_in()
        return None

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
        log.info("request refused", extra={"error": type(error).__name__, "cause": str(error)})
        return problems.of_error(error)

    @app.errorhandler(wire.MalformedError)
    def malformed(error: wire.MalformedError) -> Response:
        return problems.bad_request(str(error))

    @app.errorhandler(RecursionError)
    def nested(_: RecursionError) -> Response:
        return problems.bad_request("The body is nested too deeply.")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 400:
            return problems.bad_request("The body must be JSON.")
        name = error.name.lower().replace(" ", "-")
        return problems.answer(status, name, error.name, "Nothing was changed. The API is described in openapi.yaml.")

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        detail = "Running notebooks and homes are not touched. The operator finds the cause in the manager's log."
        return problems.answer(500, "internal", "Something went wrong here", detail)
