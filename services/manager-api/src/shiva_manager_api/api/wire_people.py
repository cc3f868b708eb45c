"""People, tokens, devices, events and the audit log ↔ JSON, as `openapi.yaml` promises."""

from dataclasses import asdict
from datetime import UTC, datetime

from shiva_manager_api.administration import Row
from shiva_manager_api.api.bodies import MalformedError, Members
from shiva_manager_api.api.wire import moment
from shiva_manager_api.domain import device, tokens
from shiva_manager_api.domain.events import Event
from shiva_manager_api.domain.people import Act, Announcement, Claims, DeviceLogin, Quota, Scope, Token
from shiva_manager_api.people import Revocation

MAX_DAYS = 365
MAX_LIMIT = 1_000_000
LOGIN = frozenset(
    {"issuer", "subject", "email", "email_verified", "hosted_domain", "groups", "shown_name", "picture", "client"}
)


def quota(told: Quota) -> dict[str, object]:
    """Return a quota."""
    return {"containers": told.containers, "gpus": told.gpus}


def asked_quota(body: Members) -> Quota:
    """Read one."""
    return Quota(
        containers=body.limit("containers", most=MAX_LIMIT), gpus=body.limit("gpus", most=MAX_LIMIT)
    )  # fmt: skip


def announcement(told: Announcement | None) -> dict[str, object] | None:
    """Return the sentence above every page."""
    return None if told is None else asdict(told) | {"at": moment(told.at), "ends_at": moment(told.ends_at)}


def scopes(body: Members) -> frozenset[Scope]:
    """Read what a token is to do."""
    told = body.texts("scopes", most=len(Scope))
    if not told or len(set(told)) < len(told) or not set(told) <= set(Scope):
        raise MalformedError(f"scopes: must be a list of some of {', '.join(Scope)}, each once.")
    return frozenset(map(Scope, told))


def days(body: Members) -> int:
    """Read how long a token is to be good."""
    return body.whole("expires_in_days", least=1, most=MAX_DAYS)


def token(told: Token, now: datetime) -> dict[str, object]:
    """Return a token, without anything that it could be used by."""
    return {
        "id": told.id,
        "owner": told.owner,
        "label": told.label,
        "scopes": sorted(told.scopes),
        "state": tokens.state(told, now=now).value,
        "created_at": moment(told.created_at),
        "expires_at": moment(told.expires_at),
        "last_used_at": moment(told.last_used_at),
        "last_used_from": told.last_used_from,
        "revoked_at": moment(told.revoked_at),
    }


def token_shown(told: Token) -> dict[str, object]:
    """Return the token that asks, for `me`."""
    return {"id": told.id, "label": told.label, "scopes": sorted(told.scopes), "expires_at": moment(told.expires_at)}


def device_login(told: DeviceLogin) -> dict[str, object]:
    """Return a program that waits, for its person."""
    return {
        "user_code": device.shown(told.user_code),
        "client": told.client,
        "asked_from": told.asked_from,
        "scopes": sorted(told.scopes),
        "created_at": moment(told.created_at),
        "expires_at": moment(told.expires_at),
        "state": told.state.value,
    }


def device_code(code: str, login: DeviceLogin) -> dict[str, object]:
    """Return what a program gets to wait with."""
    shown = device.shown(login.user_code)
    return {
        "device_code": code,
        "user_code": shown,
        "verification_uri": "/device",
        "verification_uri_complete": f"/device?user_code={shown}",
        "expires_in": int(device.LIFETIME.total_seconds()),
        "interval": int(device.INTERVAL.total_seconds()),
    }


def row(told: Row) -> dict[str, object]:
    """Return a person as admins see one."""
    person = told.person
    return {
        "name": person.name,
        "shown_name": person.shown_name,
        "email": person.email,
        "picture": person.picture,
        "role": told.role.value,
        "groups": sorted(person.groups),
        "first_login_at": moment(person.first_login_at),
        "last_login_at": moment(person.last_login_at),
        "barred": person.barred,
        "refused": told.refused,
        "own_quota": None if told.own_quota is None else quota(told.own_quota),
        "quota": quota(told.quota),
        "held": None if told.held is None else asdict(told.held),
    }


def act(told: Act) -> dict[str, object]:
    """Return a line of the audit log."""
    return {
        "id": told.id,
        "at": moment(told.at),
        "actor": told.actor,
        "client": told.client,
        "token_id": told.token_id,
        "action": told.action,
        "target": told.target,
        "outcome": told.outcome,
        "request_id": told.request_id,
        "facts": dict(told.facts),
    }


def event(told: Event) -> dict[str, object]:
    """Return an event."""
    return {
        "id": told.id,
        "at": moment(told.at),
        "kind": told.kind.value,
        "container_id": told.container_id,
        "owner": told.owner,
        "machine": told.machine,
        "facts": dict(told.facts),
    }


def revocation(told: Revocation) -> dict[str, object]:
    """Return whose sessions are over; to the microsecond: a session that began after the mark is good."""
    ended = None if told.ended_before is None else told.ended_before.astimezone(UTC).isoformat(timespec="microseconds")
    return {
        "name": told.name,
        "ended_before": None if ended is None else ended.replace("+00:00", "Z"),
        "barred": told.barred,
    }


def claims(body: Members) -> Claims:
    """Read what the door verified of somebody."""
    return Claims(
        issuer=body.text("issuer"),
        subject=body.text("subject"),
        email=body.text_or_none("email", most=320, least=0),
        email_verified=body.flag("email_verified"),
        hosted_domain=body.text_or_none("hosted_domain", least=0),
        groups=frozenset(body.texts("groups", most=1000)),
        shown_name=body.text_or_none("shown_name", least=0),
        picture=body.text_or_none("picture", most=2048, least=0),
    )
