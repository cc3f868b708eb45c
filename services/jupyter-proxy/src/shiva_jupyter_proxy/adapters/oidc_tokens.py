"""ID tokens: whose signature counts, and what must stand in one. google-auth checks signature and times."""

import base64
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from shiva_jupyter_proxy.domain.ports import LoginRefusedError

LEEWAY_SECONDS = 60  # of the clocks, for a token that is over
AHEAD_SECONDS = 59  # for one that is made in the future: a minute, less what the answer was on its way
MIN_RSA_BITS = 2048
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by the key's type: the header of a token is not asked
MAX_SUBJECT = 255

SigningKeys = Mapping[tuple[str, str], bytes]  # by id and algorithm: PEM


class UnknownKeyError(Exception):
    """The token is signed with a key that the provider did not show yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must say."""

    issuers: frozenset[str]
    client_id: str
    nonce: str = field(repr=False)


def signing_keys(told: Mapping[str, Any]) -> SigningKeys:
    """Return the keys of a JWK set that may sign; those that cannot be used are left out. ValueError when it is no set."""
    if not isinstance(told.get("keys"), list):
        raise ValueError("this is no set of keys")
    return dict(read for raw in told["keys"] if (read := _key(raw)) is not None)


def _key(raw: Any) -> tuple[tuple[str, str], bytes] | None:
    try:
        algorithm, id_ = ALGORITHMS[raw["kty"]], raw["kid"]
        if raw.get("use", "sig") != "sig" or raw.get("alg", algorithm) != algorithm or not isinstance(id_, str):
            return None
        if raw["kty"] == "RSA":
            public = RSAPublicNumbers(_number(raw["e"]), _number(raw["n"])).public_key()
            if public.key_size < MIN_RSA_BITS:
                return None
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        elif raw["crv"] == "P-256":
            point = EllipticCurvePublicNumbers(_number(raw["x"]), _number(raw["y"]), SECP256R1()).public_key()
            pem = point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        else:
            return None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return (id_, algorithm), pem


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def verified(token: str, keys: SigningKeys, expected: Expected) -> Mapping[str, Any]:
    """Return the claims of an ID token that proves somebody to us, in this very login.

    Raises:
        UnknownKeyError: look for new keys, and try once more.
        LoginRefusedError: it proves nobody.
    """
    try:
        header = jwt.decode_header(token)
        algorithm, id_ = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS.values() or not isinstance(id_, str) or "crit" in header:
            raise LoginRefusedError("The proof of who you are is signed in a way that Shiva does not take.")
        if (id_, algorithm) not in keys:
            raise UnknownKeyError
        claims = jwt.decode(token, certs={id_: keys[id_, algorithm]}, clock_skew_in_seconds=LEEWAY_SECONDS)
    except (GoogleAuthError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise LoginRefusedError("The proof of who you are is forged, too old, or of a time to come.") from error
    if (wrong := _wrong(claims, expected)) is not None:
        raise LoginRefusedError(f"The proof of who you are {wrong}.")
    return dict(claims)


def _wrong(claims: Mapping[str, Any], expected: Expected) -> str | None:
    """Return what does not hold."""
    audience, issuer, subject = claims.get("aud"), claims.get("iss"), claims.get("sub")
    audiences = audience if isinstance(audience, list) else [audience]
    checks = {
        "is of another provider": isinstance(issuer, str) and issuer in expected.issuers,
        "is for somebody else than Shiva": audiences == [expected.client_id]
        and claims.get("azp", expected.client_id) == expected.client_id,
        "is of another login": claims.get("nonce") == expected.nonce,
        "names nobody": isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT,
        "has no times": all(_is_time(claims.get(name)) for name in ("iat", "exp")),
        "is of a time to come": all(_has_come(claims.get(name, 0)) for name in ("iat", "nbf")),
    }
    return next((wrong for wrong, holds in checks.items() if not holds), None)


def _has_come(value: object) -> bool:
    return isinstance(value, int | float) and value <= time.time() + AHEAD_SECONDS


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
