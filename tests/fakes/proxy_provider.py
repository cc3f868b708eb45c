"""A small OpenID provider on a real socket, which does and says what a test wants."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

CLIENT_ID, CLIENT_SECRET = "shiva+client", "secret: of the door & no one else"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int, size: int = 0) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True)
class Key:
    """A pair of keys that signs."""

    id: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def algorithm(self) -> str:
        return "RS256" if isinstance(self.private, rsa.RSAPrivateKey) else "ES256"

    @property
    def jwk(self) -> dict[str, str]:
        if isinstance(self.private, rsa.RSAPrivateKey):
            numbers = self.private.public_key().public_numbers()
            return {"kty": "RSA", "kid": self.id, "n": _number(numbers.n), "e": _number(numbers.e)}
        point = self.private.public_key().public_numbers()
        return {"kty": "EC", "kid": self.id, "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a signed token; a header of None is left out."""
        head = {"typ": "JWT", "alg": self.algorithm, "kid": self.id} | header
        head = {name: value for name, value in head.items() if value is not None}
        body = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
        return f"{body}.{b64(self.sign(body.encode()))}"


@cache
def rsa_key(id_: str = "rsa-1", bits: int = 2048) -> Key:
    return Key(id_, rsa.generate_private_key(public_exponent=65537, key_size=bits))


@cache
def ec_key(id_: str = "ec-1") -> Key:
    return Key(id_, ec.generate_private_key(ec.SECP256R1()))


def claims(issuer: str, **changes: Any) -> dict[str, Any]:
    """Return what a good ID token of Ada's says; a change to None leaves a claim out."""
    now = int(time.time())
    plain = {
        "iss": issuer, "aud": CLIENT_ID, "sub": "subject-of-ada", "iat": now, "exp": now + 300,
        "email": "ada@example.org", "email_verified": True, "hd": "example.org", "name": "Ada Lovelace",
        "picture": "https://pictures.example/ada",
    }  # fmt: skip
    return {name: value for name, value in (plain | changes).items() if value is not None}


@dataclass
class FakeProvider:
    """What it says, and what it was asked."""

    url: str = ""
    key: Key = field(default_factory=rsa_key)
    shown: list[Key] = field(default_factory=lambda: [rsa_key()])  # at its address for keys
    about: dict[str, Any] = field(default_factory=dict)  # changes of what it says about itself; None leaves out
    claims: dict[str, Any] = field(default_factory=dict)  # changes of the ID token
    header: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # by path: what is answered instead
    waits: dict[str, asyncio.Event] = field(default_factory=dict)  # by path: answers come after it
    asked: list[str] = field(default_factory=list)  # paths
    methods: list[str] = field(default_factory=list)  # by which Shiva proved itself
    codes: dict[str, dict[str, str]] = field(default_factory=dict)  # for what each was given

    @property
    def configuration(self) -> dict[str, Any]:
        plain = {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys", "userinfo_endpoint": f"{self.url}/userinfo",
        }  # fmt: skip
        return {name: value for name, value in (plain | self.about).items() if value is not None}

    def authorize(self, url: str) -> dict[str, str]:
        """Let somebody through who was sent to `url`, and return what goes back with the browser."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT_ID), query
        assert query["code_challenge_method"] == "S256", query
        code = secrets.token_hex(8)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def redeem(self, form: Mapping[str, str]) -> dict[str, str] | None:
        """Return the answer to a good code; None when it is none, or was used."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        told = claims(self.url, **{"nonce": asked["nonce"]} | self.claims)
        return {
            "id_token": self.key.token(told, **self.header),
            "access_token": "token-for-userinfo",
            "token_type": "Bearer",
        }


class _Answer(RequestHandler):
    def initialize(self, provider: FakeProvider) -> None:
        self.provider = provider

    async def prepare(self) -> None:
        path = self.request.path
        self.provider.asked.append(path)
        if path in self.provider.waits:
            await self.provider.waits[path].wait()
        if path in self.provider.answers:
            status, body = self.provider.answers[path]
            self.set_status(status)
            self.finish(body)


class _About(_Answer):
    def get(self) -> None:
        self.finish(self.provider.configuration)


class _Keys(_Answer):
    def get(self) -> None:
        self.finish({"keys": [key.jwk for key in self.provider.shown]})


class _Token(_Answer):
    def post(self) -> None:
        form = {name: values[0].decode() for name, values in self.request.body_arguments.items()}
        if not self._known(form):
            self.set_status(401)
            self.finish({"error": "invalid_client"})
        elif (answer := self.provider.redeem(form)) is None:
            self.set_status(400)
            self.finish({"error": "invalid_grant"})
        else:
            self.finish(answer)

    def _known(self, form: Mapping[str, str]) -> bool:
        basic = self.request.headers.get("Authorization", "").removeprefix("Basic ")
        self.provider.methods.append("basic" if basic else "post")
        pair = base64.b64decode(basic).decode().split(":") if basic else []
        who = [unquote_plus(part) for part in pair] or [form.get("client_id", ""), form.get("client_secret", "")]
        return who == [CLIENT_ID, CLIENT_SECRET]


class _Userinfo(_Answer):
    def get(self) -> None:
        assert self.request.headers["Authorization"] == "Bearer token-for-userinfo"
        self.finish(self.provider.userinfo)


@asynccontextmanager
async def provider_standing() -> AsyncIterator[FakeProvider]:
    """Stand on a port of the kernel's choice until the context ends."""
    provider = FakeProvider()
    facts = {"provider": provider}
    application = Application(
        [
            ("/.well-known/openid-configuration", _About, facts),
            ("/keys", _Keys, facts),
            ("/token", _Token, facts),
            ("/userinfo", _Userinfo, facts),
        ],
        log_function=lambda _: None,
    )
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    provider.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.stop()
        await server.close_all_connections()


def query(**values: str) -> str:
    """Return the callback's address."""
    return f"/-/login/callback?{urlencode(values)}"
