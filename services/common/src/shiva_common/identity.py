"""The identity header: who the door says is asking, from where and by what right, signed, and good for 30 seconds.

Form: ``v2.<base64url JSON>.<base64url HMAC-SHA256>``. The door signs, the manager verifies; both use this module, because
two copies of a signature check will differ one day.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

HEADER = "X-Shiva-Identity"
LIFETIME = timedelta(seconds=30)
LEEWAY = timedelta(seconds=5)  # clocks of two machines may differ this much
MIN_KEY_BYTES = 32


class IdentityError(Exception):
    """The header proves nobody: missing, forged, expired or malformed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the door says is asking. What the person may do beyond the scopes is the manager's to know."""

    name: str  # the user name as it stands in URLs, e.g. "ada.lovelace"; empty: nobody yet, for a device that logs in
    shown_name: str  # as people read it
    client: str = ""  # the address that the request came from
    token_id: str | None = None  # the API token that was shown; None: a session of a browser
    scopes: frozenset[str] = frozenset()  # of the token; a session may whatever its person may
    csrf_token: str | None = None  # what this session's pages must send with each change


def check_key(key: str) -> bytes:
    """Return `key` as bytes; ValueError when it is too short to sign with."""
    raw = key.encode()
    if len(raw) < MIN_KEY_BYTES:
        raise ValueError(f"a signing key needs at least {MIN_KEY_BYTES} bytes")
    return raw


def _seal(key: bytes, body: str) -> str:
    return base64.urlsafe_b64encode(hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).digest()).decode()


def sign(identity: Identity, *, key: bytes, now: datetime) -> str:
    """Return the header's value; `now` is aware."""
    facts = {
        "name": identity.name,
        "shown": identity.shown_name,
        "client": identity.client,
        "token": identity.token_id,
        "scopes": sorted(identity.scopes),
        "csrf": identity.csrf_token,
        "at": now.timestamp(),
    }
    body = "v2." + base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode()
    return f"{body}.{_seal(key, body)}"


def verify(value: str | None, *, key: bytes, now: datetime) -> Identity:
    """Return who is asking.

    Raises:
        IdentityError: with a reason for the log; tell the client no more than "not logged in".
    """
    if not value:
        raise IdentityError("there is no identity header")
    body, _, seal = value.rpartition(".")
    if not hmac.compare_digest(_seal(key, body).encode(), seal.encode("utf-8", "replace")):
        raise IdentityError("the signature does not match")
    try:
        version, payload = body.split(".")
        facts = json.loads(base64.urlsafe_b64decode(payload))
        identity = Identity(
            name=str(facts["name"]),
            shown_name=str(facts["shown"]),
            client=str(facts["client"]),
            token_id=_text(facts["token"]),
            scopes=frozenset(map(str, facts["scopes"])),
            csrf_token=_text(facts["csrf"]),
        )
        age = now.timestamp() - float(facts["at"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise IdentityError("the header is malformed") from error
    if version != "v2":
        raise IdentityError("the header has an unknown version")
    if not -LEEWAY.total_seconds() <= age <= LIFETIME.total_seconds():
        raise IdentityError("the header has expired")
    return identity


def _text(value: object) -> str | None:
    return None if value is None else str(value)
