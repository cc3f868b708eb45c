"""/v1/machines, /v1/gpus, /v1/images: what there is, and what operators switch."""

from flask import Blueprint, Response, jsonify, request

from shiva_jupyter_broker.api import wire
from shiva_jupyter_broker.domain.containers import GpuUuid, ImageName, MachineName
from shiva_jupyter_broker.service import Broker


def blueprint(broker: Broker) -> Blueprint:
    """Return the resources of `broker`."""
    bp = Blueprint("machines", __name__)

    @bp.get("/v1/machines")
    def machines() -> Response:
        return jsonify(machines=[wire.machine(view) for view in broker.machines()])

    @bp.put("/v1/machines/<machine>/drained")
    def drain(machine: str) -> Response:
        broker.drain(MachineName(machine), wire.why(request.get_json(force=True)))
        return Response(status=204)

    @bp.put("/v1/gpus/<gpu>/disabled")
    def disable(gpu: str) -> Response:
        broker.disable(GpuUuid(gpu), wire.why(request.get_json(force=True)))
        return Response(status=204)

    @bp.get("/v1/images")
    def images() -> Response:
        states = broker.states()
        return jsonify(
            images=[wire.image(each, broker.ports.registry.listing(each), states) for each in broker.images()]
        )

    @bp.post("/v1/images/<image>/pull")
    def pull(image: str) -> Response:
        broker.pull(ImageName(image), wire.where(request.get_json(force=True)))
        return Response(status=202)

    return bp
