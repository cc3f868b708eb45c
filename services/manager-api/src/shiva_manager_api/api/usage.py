"""/api/v1/usage."""

from flask import Blueprint, Response, jsonify

from shiva_manager_api.api import bodies
from shiva_manager_api.api.access import needs
from shiva_manager_api.api.wire import moment
from shiva_manager_api.domain.held_time import SPANS, Spent
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.usages import Usages


def blueprint(usages: Usages) -> Blueprint:
    """Return the resource."""
    bp = Blueprint("usage", __name__, url_prefix="/api/v1")

    @bp.get("/usage")
    @needs(Access.READ)
    def usage() -> Response:
        told = usages.of(bodies.choice("range", SPANS))
        return jsonify(
            {
                "from": moment(told.times.start),
                "to": moment(told.times.end),
                "recorded_from": moment(told.times.recorded_from),
                "people": [{"owner": each.name, **_seconds(each)} for each in told.people],
                "machines": [{"machine": each.name, "gpus": each.gpus, **_seconds(each)} for each in told.machines],
            }
        )

    return bp


def _seconds(spent: Spent) -> dict[str, float | None]:
    return {"gpu_seconds_held": _rounded(spent.time.held), "gpu_seconds_used": _rounded(spent.time.used)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
