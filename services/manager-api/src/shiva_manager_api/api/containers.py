"""/api/v1/containers and /api/v1/images."""

from dataclasses import asdict

from flask import Blueprint, Response, g, jsonify, request

from shiva_manager_api.api import wire
from shiva_manager_api.service import Manager


def blueprint(manager: Manager) -> Blueprint:
    """Return the resources of `manager`."""
    bp = Blueprint("containers", __name__, url_prefix="/api/v1")

    @bp.get("/containers")
    def listed() -> Response:
        idle, now = manager.idle(), manager.now()
        return jsonify(containers=[wire.container(each, idle, now) for each in manager.containers(g.identity)])

    @bp.post("/containers")
    def start() -> tuple[Response, int]:
        if not request.is_json:
            raise wire.MalformedError("Send Content-Type: application/json.")
        container, started = manager.start(g.identity, wire.wish(request.get_json()))
        return jsonify(wire.container(container, manager.idle(), manager.now())), 201 if started else 200

    @bp.get("/containers/<container_id>")
    def shown(container_id: str) -> Response:
        return jsonify(wire.container(manager.container(g.identity, container_id), manager.idle(), manager.now()))

    @bp.post("/containers/<container_id>/extend")
    def extend(container_id: str) -> Response:
        return jsonify(keep_until=wire.moment(manager.extend(g.identity, container_id)))

    @bp.delete("/containers/<container_id>")
    def stop(container_id: str) -> Response:
        manager.stop(g.identity, container_id)
        return Response(status=204)

    @bp.get("/images")
    def images() -> Response:
        return jsonify(images=[asdict(image) for image in manager.images()])

    return bp
