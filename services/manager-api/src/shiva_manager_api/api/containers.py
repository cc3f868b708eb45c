"""/api/v1/containers."""

import re
from collections.abc import Iterable

from flask import Blueprint, Response, g, jsonify, request

from shiva_manager_api.api import bodies, wire
from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.domain.ports import Container
from shiva_manager_api.use_cases import UseCases

KEY = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


def blueprint(use: UseCases) -> Blueprint:
    """Return the resources."""
    bp = Blueprint("containers", __name__, url_prefix="/api/v1")

    def told(containers: Iterable[Container]) -> list[dict[str, object]]:
        idle, now = use.manager.idle(), use.now()
        return [wire.container(each, idle, now) for each in containers]

    @bp.get("/containers")
    @needs(Access.READ)
    def listed() -> Response:
        everybodys = bodies.query("scope", bodies.word(pattern="own|all")) == "all"
        found = use.containers.everybodys(g.identity) if everybodys else use.containers.own(g.identity)
        return jsonify(containers=told(found))

    @bp.post("/containers")
    @needs(Access.CONTAINERS)
    def start() -> tuple[Response, int]:
        container, started = use.starts.start(g.identity, wire.wish(bodies.body(wire.WISH)), _key())
        return jsonify(told([container])[0]), 201 if started else 200

    @bp.post("/containers/explain")
    @needs(Access.READ)
    def explain() -> Response:
        return jsonify(use.predictions.told(use.starts.explain(g.identity, wire.wish(bodies.body(wire.WISH)))))

    @bp.get("/containers/<id:container_id>")
    @needs(Access.READ)
    def shown(container_id: str) -> Response:
        return jsonify(told([use.containers.shown(g.identity, container_id)])[0])

    @bp.delete("/containers/<id:container_id>")
    @needs(Access.CONTAINERS)
    def stop(container_id: str) -> Response:
        use.containers.stop(g.identity, container_id)
        return Response(status=204)

    @bp.post("/containers/<id:container_id>/extend")
    @needs(Access.CONTAINERS)
    def extend(container_id: str) -> Response:
        return jsonify(keep_until=wire.moment(use.containers.extend(g.identity, container_id)))

    return bp


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise bodies.MalformedError("Idempotency-Key: must be 1 to 128 letters, digits, dots, dashes and underscores.")
    return key
