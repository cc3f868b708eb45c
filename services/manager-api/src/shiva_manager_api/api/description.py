"""/api/v1/openapi.json and /api/v1/openapi.yaml: the contract, served by who keeps it."""

import json
from functools import cache
from importlib.resources import files

import yaml
from flask import Blueprint, Response

from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.permissions import Access


@cache
def _written() -> str:
    return files("shiva_manager_api").joinpath("openapi.yaml").read_text(encoding="utf-8")


@cache
def _as_json() -> str:
    """Return it parsed, which takes a moment: not at each start."""
    return json.dumps(yaml.safe_load(_written()))


def blueprint() -> Blueprint:
    """Return the resources."""
    bp = Blueprint("description", __name__, url_prefix="/api/v1")

    @bp.get("/openapi.json")
    @needs(Access.READ)
    def openapi_json() -> Response:
        return Response(_as_json(), content_type="application/json")

    @bp.get("/openapi.yaml")
    @needs(Access.READ)
    def openapi_yaml() -> Response:
        return Response(_written(), content_type="application/yaml")

    return bp
