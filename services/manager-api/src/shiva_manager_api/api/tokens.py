"""/api/v1/tokens and /api/v1/device: what programs come in with."""

from flask import Blueprint, Response, g, jsonify

from shiva_manager_api.api import bodies, wire, wire_people
from shiva_manager_api.api.access import needs
from shiva_manager_api.domain.device import DEFAULT_DAYS
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.use_cases import UseCases

MAX_NAME = 64


def blueprint(use: UseCases) -> Blueprint:
    """Return the resources."""
    bp = Blueprint("tokens", __name__, url_prefix="/api/v1")

    @bp.get("/tokens")
    @needs(Access.READ)
    def listed() -> Response:
        return jsonify(tokens=[wire_people.token(each, use.now()) for each in use.tokens.listed(g.identity.name)])

    @bp.post("/tokens")
    @needs(Access.SESSION)
    def create() -> tuple[Response, int]:
        body = bodies.body({"label", "scopes", "expires_in_days"})
        label, scopes, days = body.name("label", most=MAX_NAME), wire_people.scopes(body), wire_people.days(body)
        token, shown = use.tokens.create(g.identity, label=label, scopes=scopes, days=days)
        return jsonify(wire_people.token(token, use.now()) | {"token": str(shown)}), 201

    @bp.delete("/tokens/<token_id>")
    @needs(Access.SESSION, token_itself=True)
    def revoke(token_id: str) -> Response:
        use.tokens.revoke(g.identity, token_id)
        return Response(status=204)

    @bp.post("/device/code")
    @needs(Access.OPEN)
    def device_code() -> Response:
        body = bodies.body({"client", "scopes"})
        client, scopes = body.name("client", most=MAX_NAME), wire_people.scopes(body)
        code, login = use.devices.ask(client=client, scopes=scopes, asked_from=g.identity.client)
        return jsonify(wire_people.device_code(code, login))

    @bp.post("/device/token")
    @needs(Access.OPEN)
    def device_token() -> Response:
        owner, token, shown = use.devices.take(bodies.body({"device_code"}).secret("device_code", most=128))
        return jsonify(
            token=str(shown),
            token_id=token.id,
            scopes=sorted(token.scopes),
            expires_at=wire.moment(token.expires_at),
            user={"name": owner.name, "shown_name": owner.shown_name},
        )

    @bp.get("/device/<id:user_code>")
    @needs(Access.SESSION)
    def device(user_code: str) -> Response:
        return jsonify(wire_people.device_login(use.devices.waiting(user_code)))

    @bp.post("/device/<id:user_code>")
    @needs(Access.SESSION)
    def decide(user_code: str) -> Response:
        body = bodies.body({"approve", "expires_in_days"})
        days = wire_people.days(body) if body.has("expires_in_days") else DEFAULT_DAYS
        use.devices.decide(g.identity, user_code, approve=body.flag("approve"), days=days)
        return Response(status=204)

    return bp
