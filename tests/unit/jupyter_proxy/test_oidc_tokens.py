"""Which ID tokens prove somebody: good ones do, and every trick that is known does not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from shiva_jupyter_proxy.adapters.oidc_tokens import Expected, UnknownKeyError, signing_keys, verified
from shiva_jupyter_proxy.domain.ports import LoginRefusedError

from tests.fakes.proxy_provider import CLIENT_ID, Key, b64, claims, ec_key, rsa_key

ISSUER, NONCE = "https://accounts.example.org", "nonce-of-this-login"
EXPECTED = Expected(issuers=frozenset({ISSUER, "accounts.example.org"}), client_id=CLIENT_ID, nonce=NONCE)


def said(**changes: Any) -> dict[str, Any]:
    """Return claims; a timedelta is counted from now."""
    told = claims(ISSUER, **{"nonce": NONCE} | changes)
    return {
        name: time.time() + one.total_seconds() if isinstance(one, timedelta) else one for name, one in told.items()
    }


def judge(token: str, *keys: Key) -> Mapping[str, Any]:
    shown = keys or (rsa_key(), ec_key())
    return verified(token, signing_keys({"keys": [key.jwk for key in shown]}), EXPECTED)


def raw(header: object, body: object, signature: bytes = b"") -> str:
    return ".".join([b64(json.dumps(header).encode()), b64(json.dumps(body).encode()), b64(signature)])


def hmac_with_public_key() -> str:
    """Return what a library takes that lets the token choose the algorithm."""
    pem = rsa_key().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = raw({"alg": "HS256", "kid": "rsa-1", "typ": "JWT"}, said()).rpartition(".")[0]
    return f"{signed}.{b64(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"


def of_another_body() -> str:
    """Return a good token whose claims were changed afterwards."""
    head, _, signature = rsa_key().token(said()).split(".")
    return f"{head}.{b64(json.dumps(said(sub='subject-of-eve')).encode())}.{signature}"


@pytest.mark.parametrize("key", [rsa_key(), ec_key()], ids=["RS256", "ES256"])
@pytest.mark.parametrize(
    "changes",
    [
        {}, {"iss": "accounts.example.org"}, {"aud": [CLIENT_ID]}, {"azp": CLIENT_ID},
        {"iat": timedelta(seconds=50)}, {"exp": timedelta(seconds=-50)}, {"iat": timedelta()}, {"email_verified": False}, {"sub": "s" * 255},
    ],
    ids=str,
)  # fmt: skip
def test_a_good_token_proves_somebody(key: Key, changes: dict[str, Any]) -> None:
    told = said(**changes)
    assert judge(key.token(told)) == told


BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.example"}, {"iss": ISSUER + "/"}, {"iss": ISSUER.upper()}, {"iss": None}, {"iss": [ISSUER]}, {"iss": {}},
    {"aud": "other"}, {"aud": None}, {"aud": []}, {"aud": ["other"]}, {"aud": [CLIENT_ID, "other"]}, {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}, {"aud": {CLIENT_ID: 1}},
    {"aud": [CLIENT_ID, "other"], "azp": "other"}, {"azp": "other"}, {"azp": ""}, {"azp": [CLIENT_ID]}, {"aud": f"{CLIENT_ID} other"},
    {"exp": timedelta(seconds=-61)}, {"exp": timedelta(seconds=-3600)}, {"exp": None}, {"exp": "tomorrow"}, {"exp": True}, {"exp": float("nan")}, {"exp": float("inf")}, {"exp": [9e9]},
    {"iat": timedelta(seconds=65)}, {"iat": timedelta(seconds=3600)}, {"iat": None}, {"iat": "now"}, {"iat": float("nan")}, {"iat": float("-inf")}, {"iat": False},
    {"nonce": None}, {"nonce": ""}, {"nonce": "of-another-login"}, {"nonce": [NONCE]}, {"nonce": NONCE.upper()},
    {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": ["subject"]}, {"sub": "s" * 256},
]  # fmt: skip


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=str)
def test_a_token_that_says_something_wrong_proves_nobody(changes: dict[str, Any]) -> None:
    with pytest.raises(LoginRefusedError):
        judge(rsa_key().token(said(**changes)))


BAD_TOKENS = {
    "nothing": "", "no token": "x", "two parts": "a.b", "four parts": "a.b.c.d", "not ascii": "é.é.é", "empty parts": "..",
    "alg none": raw({"alg": "none"}, said()), "alg none with a kid": raw({"alg": "none", "kid": "rsa-1"}, said()),
    "alg None": raw({"alg": "None", "kid": "rsa-1"}, said(), b"x"), "HS256 with the public key": hmac_with_public_key(),
    "RS512": rsa_key().token(said(), alg="RS512"), "PS256": rsa_key().token(said(), alg="PS256"), "no alg": rsa_key().token(said(), alg=None),
    "alg is a list": rsa_key().token(said(), alg=["RS256"]), "alg is an object": raw({"alg": {}, "kid": "rsa-1"}, said(), b"x"),
    "no kid": rsa_key().token(said(), kid=None), "kid is a list": rsa_key().token(said(), kid=["rsa-1"]), "kid is a number": rsa_key().token(said(), kid=1),
    "crit": rsa_key().token(said(), crit=["exp"]), "another key under a known id": rsa_key("rsa-1-evil").token(said(), kid="rsa-1"),
    "a key of its own": rsa_key("evil").token(said(), kid="rsa-1", jwk=rsa_key("evil").jwk), "no signature": rsa_key().token(said()).rpartition(".")[0] + ".",
    "another body": of_another_body(), "header is a list": raw([], said(), b"x"), "claims are a list": rsa_key().token([]),  # type: ignore[arg-type]
    "claims are null": rsa_key().token(None), "deep": ".".join([b64(b"[" * 100_000)] * 3), "a null": "\0.\0.\0",  # type: ignore[arg-type]
    "ES256 by RSA": rsa_key().token(said(), alg="ES256", kid="ec-1"), "RS256 by EC": ec_key().token(said(), alg="RS256", kid="rsa-1"),
}  # fmt: skip


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_token_that_nobody_signed_so_proves_nobody(token: str) -> None:
    with pytest.raises(LoginRefusedError):
        judge(token)


@pytest.mark.parametrize(
    "token",
    [
        rsa_key("rsa-2").token(said()), rsa_key().token(said(), kid="../../keys"), rsa_key().token(said(), kid=""),
        rsa_key().token(said(), alg="ES256"), ec_key().token(said(), alg="RS256"),
    ],
    ids=["a new key", "a strange id", "an empty id", "RSA as ES256", "EC as RS256"],
)  # fmt: skip
def test_a_key_that_was_not_shown_is_looked_for(token: str) -> None:
    with pytest.raises(UnknownKeyError):
        judge(token)


def point_off_the_curve() -> dict[str, str]:
    return ec_key().jwk | {"y": b64(b"\x01" * 32)}


@pytest.mark.parametrize(
    "raw_key",
    [
        rsa_key().jwk | {"use": "enc"}, rsa_key().jwk | {"alg": "RS512"}, rsa_key().jwk | {"kid": 1}, {**rsa_key().jwk, "kty": "oct", "k": "c2VjcmV0"},
        rsa_key("small", 1024).jwk, rsa_key().jwk | {"n": ""}, rsa_key().jwk | {"n": "!"}, rsa_key().jwk | {"e": "AA"}, {"kty": "RSA", "kid": "x"},
        ec_key().jwk | {"crv": "P-384"}, ec_key().jwk | {"alg": "ES512"}, point_off_the_curve(), {"kty": "EC", "kid": "x", "crv": "P-256"},
        None, "key", [], {}, {"kty": []}, {"kty": "RSA", "kid": "x", "n": 1, "e": 2},
    ],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_left_out_and_the_others_stay(raw_key: Any) -> None:
    assert set(signing_keys({"keys": [raw_key, ec_key("good").jwk]})) == {("good", "ES256")}


def test_keys_may_say_what_they_are_for_and_share_an_id() -> None:
    both = [
        rsa_key().jwk | {"kid": "k", "use": "sig", "alg": "RS256"},
        ec_key().jwk | {"kid": "k", "key_ops": ["verify"]},
    ]
    assert set(signing_keys({"keys": both})) == {("k", "RS256"), ("k", "ES256")}


@pytest.mark.parametrize("told", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_what_is_no_set_of_keys_is_an_error(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="set of keys"):
        signing_keys(told)


def test_the_fake_signs_as_the_standard_says() -> None:
    head, body, signature = ec_key().token(said()).split(".")
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64
    assert isinstance(ec_key().private.public_key(), ec.EllipticCurvePublicKey)
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "ES256"
    assert body
