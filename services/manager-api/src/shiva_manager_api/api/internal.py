"""/internal/v1: what the door asks. Never reachable from outside: the door passes `/api/` on and nothing else."""

import hashlib

from flask import Blueprint, Response, jsonify, request
from shiva_common.identity import Identity

from shiva_manager_api.api import bodies, problems, wire, wire_people
from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.names import is_user_name
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.domain.ports import NameTakenError, RefusedError
from shiva_manager_api.use_cases import UseCases

MAX_CLIENT = 64
MAX_TOKEN = 4096


def blueprint(use: UseCases) -> Blueprint:
    """Return the resources."""
    bp = Blueprint("internal", __name__, url_prefix="/internal/v1")

    @bp.post("/logins")
    @needs(Access.DOOR)
    def login() -> Response:
        body = bodies.body(wire_people.LOGIN)
        claims, client = wire_people.claims(body), body.name("client", most=MAX_CLIENT, least=0)
        try:
            person, role = use.people.log_in(claims, client)
        except (RefusedError, NameTakenError) as error:
            return problems.answer(error.code, error.parameters, status=403)  # also `bad-name`
        return jsonify(name=person.name, shown_name=person.shown_name, picture=person.picture, role=role.value)

    @bp.post("/tokens/verify")
    @needs(Access.DOOR)
    def verify() -> Response:
        body = bodies.body({"token", "client"})
        shown, client = body.secret("token", most=MAX_TOKEN), body.name("client", most=MAX_CLIENT, least=0)
        owner, token = use.tokens.verify(shown, client)
        return jsonify(
            name=owner.name,
            shown_name=owner.shown_name,
            token_id=token.id,
            scopes=sorted(token.scopes),
            expires_at=wire.moment(token.expires_at),
        )

    @bp.get("/revocations")
    @needs(Access.DOOR)
    def revocations() -> Response:
        answer = jsonify(people=[wire_people.revocation(each) for each in use.people.revocations()])
        answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
        answer.make_conditional(request)
        return answer

    @bp.post("/people/<name>/logout")
    @needs(Access.DOOR)
    def logout(name: str) -> Response:
        client = bodies.body({"client"}).name("client", most=MAX_CLIENT, least=0)
        if not is_user_name(name):
            raise bodies.MalformedError("That is no user name.")
        use.people.log_out(Identity(name=name, shown_name="", client=client), name)
        return Response(status=204)

    return bp
