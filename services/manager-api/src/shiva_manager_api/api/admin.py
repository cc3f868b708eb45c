"""/api/v1/admin."""

from flask import Blueprint, Response, g, jsonify

from shiva_manager_api.api import bodies, wire_people
from shiva_manager_api.api.access import needs
from shiva_manager_api.api.bodies import MalformedError
from shiva_manager_api.domain.permissions import Access
from shiva_manager_api.use_cases import UseCases

MAX_REASON = 200
MAX_TEXT = 500
MAX_LINES = 1000
MAX_MACHINES = 4096
MAX_ID = 2**53 - 1
LEVELS = ("info", "warning")


def blueprint(use: UseCases) -> Blueprint:
    """Return the resources."""
    bp = Blueprint("admin", __name__, url_prefix="/api/v1/admin")
    _add_people(bp, use)
    _add_machines(bp, use)
    _add_tokens_and_audit(bp, use)
    return bp


def _done() -> Response:
    return Response(status=204)


def _reason(flag: str) -> str | None:
    """Return the reason of a body {flag: true, reason}; None where the flag is false."""
    body = bodies.body({flag, "reason"})
    on = body.flag(flag)
    reason = body.sentence("reason", most=MAX_REASON) if on or body.has("reason") else None
    return reason if on else None


def _add_people(bp: Blueprint, use: UseCases) -> None:
    @bp.get("/people")
    @needs(Access.ADMIN)
    def people() -> Response:
        return jsonify(people=[wire_people.row(each) for each in use.administration.people()])

    @bp.put("/people/<name>/quota")
    @needs(Access.ADMIN)
    def set_quota(name: str) -> Response:
        quota = wire_people.asked_quota(bodies.body({"containers", "gpus"}))
        use.administration.set_quota(g.identity, name, quota)
        return _done()

    @bp.delete("/people/<name>/quota")
    @needs(Access.ADMIN)
    def reset_quota(name: str) -> Response:
        use.administration.set_quota(g.identity, name, None)
        return _done()

    @bp.put("/people/<name>/barred")
    @needs(Access.ADMIN)
    def bar(name: str) -> Response:
        use.administration.bar(g.identity, name, _reason("barred"))
        return _done()

    @bp.post("/people/<name>/logout")
    @needs(Access.ADMIN)
    def logout(name: str) -> Response:
        use.administration.end_sessions(g.identity, name)
        return _done()


def _add_machines(bp: Blueprint, use: UseCases) -> None:
    @bp.put("/machines/<machine>/drained")
    @needs(Access.ADMIN)
    def drain(machine: str) -> Response:
        use.administration.drain(g.identity, machine, _reason("drained"))
        return _done()

    @bp.put("/gpus/<uuid>/disabled")
    @needs(Access.ADMIN)
    def disable(uuid: str) -> Response:
        use.administration.disable(g.identity, uuid, _reason("disabled"))
        return _done()

    @bp.post("/images/<image>/pull")
    @needs(Access.ADMIN)
    def pull_image(image: str) -> Response:
        use.administration.pull(
            g.identity, image, bodies.body({"machines"}).names_or_all("machines", most=MAX_MACHINES)
        )
        return Response(status=202)

    @bp.put("/announcement")
    @needs(Access.ADMIN)
    def announce() -> Response:
        body = bodies.body({"text", "level", "ends_at"})
        text, level = body.sentence("text", most=MAX_TEXT), body.text("level")
        if level not in LEVELS:
            raise MalformedError(f"level: must be one of {', '.join(LEVELS)}.")
        use.administration.announce(g.identity, text=text, level=level, ends_at=body.moment("ends_at"))
        return _done()

    @bp.delete("/announcement")
    @needs(Access.ADMIN)
    def unannounce() -> Response:
        use.administration.unannounce(g.identity)
        return _done()


def _add_tokens_and_audit(bp: Blueprint, use: UseCases) -> None:
    @bp.get("/tokens")
    @needs(Access.ADMIN)
    def tokens() -> Response:
        return jsonify(tokens=[wire_people.token(each, use.now()) for each in use.tokens.listed(None)])

    @bp.delete("/tokens/<token_id>")
    @needs(Access.ADMIN)
    def revoke(token_id: str) -> Response:
        use.tokens.revoke(g.identity, token_id, anybodys=True)
        return _done()

    @bp.get("/audit")
    @needs(Access.ADMIN)
    def audit() -> Response:
        acts, next_before = use.administration.acts(
            before=bodies.query("before", bodies.number(1, MAX_ID)),
            limit=bodies.query("limit", bodies.number(1, MAX_LINES)) or 100,
            actor=bodies.query("actor", bodies.word()),
            target=bodies.query("target", bodies.word()),
        )
        return jsonify(acts=[wire_people.act(each) for each in acts], next_before=next_before)
