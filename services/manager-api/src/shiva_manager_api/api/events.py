"""/api/v1/events."""

from flask import Blueprint, Response, g, jsonify

from shiva_manager_api.api import bodies, wire_people
from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.domain.ports import StoreUnavailableError
from shiva_manager_api.events import Asked
from shiva_manager_api.use_cases import UseCases

MAX_LIMIT = 1000


def blueprint(use: UseCases) -> Blueprint:
    """Return the resource."""
    bp = Blueprint("events", __name__, url_prefix="/api/v1")

    def reads_all() -> bool:
        try:
            return use.people.acts_as_admin(g.identity)
        except StoreUnavailableError:
            return False  # nobody knows; one's own are there in any case

    @bp.get("/events")
    @needs(Access.READ)
    def events() -> Response:
        asked = Asked(
            reader=None if reads_all() else g.identity.name,
            after=bodies.query("after", bodies.word(pattern="[0-9a-f]{12}-[0-9]{10}")),
            container=bodies.query("container", bodies.word()),
            limit=bodies.query("limit", bodies.number(1, MAX_LIMIT)) or 100,
        )
        found, last_id = use.events.read(asked)
        return jsonify(events=[wire_people.event(each) for each in found], last_id=last_id)

    return bp
