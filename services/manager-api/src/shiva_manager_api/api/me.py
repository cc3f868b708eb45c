"""/api/v1/me."""

from contextlib import suppress
from importlib.metadata import version

from flask import Blueprint, Response, g, jsonify
from shiva_common.identity import Identity

from shiva_manager_api.api import wire_people
from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.people import Person, Role
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.domain.ports import StoreUnavailableError
from shiva_manager_api.use_cases import UseCases


def blueprint(use: UseCases, *, demo: bool) -> Blueprint:
    """Return the resource."""
    bp = Blueprint("me", __name__, url_prefix="/api/v1")
    own_version = version("shiva-manager-api")

    @bp.get("/me")
    @needs(Access.READ)
    def me() -> Response:
        who: Identity = g.identity
        token = None if who.token_id is None else wire_people.token_shown(use.tokens.shown(who.token_id))
        notices = use.people.notices(who.name)
        return jsonify(
            user=_user(use, who),
            csrf_token=None if token else who.csrf_token,
            token=token,
            quota=wire_people.quota(notices.quota),
            announcement=wire_people.announcement(notices.announcement),
            demo=demo,
            version=own_version,
        )

    return bp


def _user(use: UseCases, who: Identity) -> dict[str, object]:
    """Return who asks. While the database is away, and nothing is known, that is the door's word and no special right."""
    person: Person | None = None
    role = Role.USER
    with suppress(StoreUnavailableError):
        person, role = use.people.person(who.name), use.people.role(who.name)
    return {
        "name": who.name,
        "shown_name": who.shown_name if person is None else person.shown_name,
        "email": None if person is None else person.email,
        "picture": None if person is None else person.picture,
        "role": role.value,
    }
