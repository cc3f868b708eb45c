"""/api/v1/session and /api/v1/machines."""

from importlib.metadata import version

from flask import Blueprint, Response, g, jsonify, request

from shiva_manager_api.api.page import Page
from shiva_manager_api.service import Manager


def blueprint(manager: Manager, *, demo: bool) -> Blueprint:
    """Return the resources of `manager`."""
    bp = Blueprint("machines", __name__, url_prefix="/api/v1")
    own_version = version("shiva-manager-api")
    page = Page(manager.truth)

    @bp.get("/session")
    def session() -> Response:
        user = {"name": g.identity.name, "shown_name": g.identity.shown_name, "role": "user"}
        return jsonify(user=user, demo=demo, version=own_version)

    @bp.get("/machines")
    def machines() -> Response:
        return page.answer(request)

    return bp
