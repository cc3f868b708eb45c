"""/api/v1/openapi.json and /api/v1/openapi.yaml: the contract, served by who keeps it."""

import json
from importlib.resources import files

import yaml
from flask import Blueprint, Response

from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.permissions import Access


def blueprint() -> Blueprint:
    """Return the resources; the file is read once."""
    bp = Blueprint("description", __name__, url_prefix="/api/v1")
    written = files("shiva_manager_api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    as_json = json.dumps(yaml.safe_load(written), default=str)

    @bp.get("/openapi.json")
    @needs(Access.READ)
    def openapi_json() -> Response:
        return Response(as_json, content_type="application/json")

    @bp.get("/openapi.yaml")
    @needs(Access.READ)
    def openapi_yaml() -> Response:
        return Response(written, content_type="application/yaml")

    return bp
