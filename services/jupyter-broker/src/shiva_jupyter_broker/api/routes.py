"""/v1/routes and /v1/activity: what the door needs and gives."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from shiva_jupyter_broker.api import wire
from shiva_jupyter_broker.service import Broker


def blueprint(broker: Broker) -> Blueprint:
    """Return the resources of `broker`."""
    bp = Blueprint("routes", __name__)

    @bp.get("/v1/routes")
    def routes() -> Response:
        routing = broker.routing()
        response = jsonify(
            routes=[asdict(route) for route in routing.routes],
            unrouted=[asdict(each) | {"since": wire.moment(each.since)} for each in routing.unrouted],
        )
        response.add_etag()
        response.headers["Cache-Control"] = "no-store"
        response.make_conditional(request)
        return response

    @bp.post("/v1/activity")
    def activity() -> Response:
        broker.record(wire.activity(request.get_json(force=True)))
        return Response(status=204)

    return bp
