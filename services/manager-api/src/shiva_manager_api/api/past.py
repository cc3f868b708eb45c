"""/api/v1/containers/{id}/history and /log."""

from flask import Blueprint, Response, g, jsonify

from shiva_manager_api.api import bodies, curves
from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.machine_history import RANGES
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.use_cases import UseCases

LINES, MOST_LINES = 200, 1000  # of a log


def blueprint(use: UseCases) -> Blueprint:
    """Return the resources."""
    bp = Blueprint("past", __name__, url_prefix="/api/v1")

    @bp.get("/containers/<id:container_id>/history")
    @needs(Access.READ)
    def history(container_id: str) -> Response:
        wanted = bodies.choice("range", RANGES)
        container = use.containers.shown(g.identity, container_id)
        told = curves.of_container(use.histories.of_container(container, wanted))
        return Response(told, mimetype="application/json")

    @bp.get("/containers/<id:container_id>/log")
    @needs(Access.READ)
    def log(container_id: str) -> Response:
        lines = bodies.query("lines", bodies.number(1, MOST_LINES)) or LINES
        return jsonify(use.containers.log(g.identity, container_id, lines))

    return bp
