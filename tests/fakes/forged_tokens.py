"""ID tokens as no honest library makes them: every part of a JWS is the test's."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

COORDINATE_BYTES = 32  # of P-256


def encoded(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def token(header: Mapping[str, Any], claims: Any, sign: Callable[[bytes], bytes]) -> str:
    """Return header, claims and what `sign` makes of them."""
    body = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{body}.{encoded(sign(body.encode('ascii')))}"


def unsigned(_: bytes) -> bytes:
    """Sign nothing."""
    return b""


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    """Sign as HS256 does."""
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RsaKey:
    """A key of a provider."""

    kid: str
    private: rsa.RSAPrivateKey

    def sign(self, data: bytes) -> bytes:
        """Sign as RS256 does."""
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self) -> dict[str, str]:
        """Return what is published of it."""
        numbers = self.private.public_key().public_numbers()
        n, e = (encoded(number.to_bytes((number.bit_length() + 7) // 8)) for number in (numbers.n, numbers.e))
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e}

    def pem(self) -> bytes:
        """Return the public key as a file: what a verifier that mixes algorithms up takes for an HMAC's secret."""
        public = self.private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def rsa_key(kid: str) -> RsaKey:
    """Return the key of this name; making one takes a while."""
    return RsaKey(kid=kid, private=rsa.generate_private_key(public_exponent=65537, key_size=2048))


@cache
def _curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def es256(data: bytes) -> bytes:
    """Sign as ES256 does, with a key that nobody published."""
    numbers = decode_dss_signature(_curve_key().sign(data, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(COORDINATE_BYTES) for number in numbers)
