"""/v1/containers, /v1/explain."""

from flask import Blueprint, Response, jsonify, request

from shiva_jupyter_broker.api import wire
from shiva_jupyter_broker.domain.containers import ContainerId
from shiva_jupyter_broker.service import Broker


def blueprint(broker: Broker) -> Blueprint:
    """Return the resources of `broker`."""
    bp = Blueprint("containers", __name__)

    @bp.get("/v1/containers")
    def listed() -> Response:
        return jsonify(containers=[wire.container(seen) for seen in broker.containers()])

    @bp.post("/v1/containers")
    def launch() -> tuple[Response, int]:
        seen, started = broker.launch(wire.wish(request.get_json(force=True)))
        return jsonify(wire.container(seen)), 201 if started else 200

    @bp.get("/v1/containers/<container_id>")
    def shown(container_id: str) -> Response:
        return jsonify(wire.container(broker.container(ContainerId(container_id))))

    @bp.get("/v1/containers/<container_id>/activity")
    def activity(container_id: str) -> Response:
        return jsonify(wire.doing(broker.activity(ContainerId(container_id))))

    @bp.get("/v1/containers/<container_id>/log")
    def log(container_id: str) -> Response:
        told = broker.log(ContainerId(container_id), wire.lines(request.args))
        return jsonify(wire.log(container_id, told, broker.ports.clock()))

    @bp.delete("/v1/containers/<container_id>")
    def stop(container_id: str) -> Response:
        broker.stop(ContainerId(container_id), wire.launch_alone(request.args))
        return Response(status=204)

    @bp.post("/v1/explain")
    def explain() -> Response:
        return jsonify(wire.explanation(broker.explain(wire.wish(request.get_json(force=True)))))

    return bp
