"""/api/v1/machines and /api/v1/images."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from shiva_manager_api.api.access import needs
from shiva_manager_api.api.page import Page
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.service import Manager


def blueprint(manager: Manager) -> Blueprint:
    """Return the resources of `manager`."""
    bp = Blueprint("machines", __name__, url_prefix="/api/v1")
    page = Page(manager.truth)

    @bp.get("/machines")
    @needs(Access.READ)
    def machines() -> Response:
        return page.answer(request)

    @bp.get("/images")
    @needs(Access.READ)
    def images() -> Response:
        return jsonify(images=[asdict(image) for image in manager.images()])

    return bp
