"""An OpenID provider whose every answer is the test's: honest until it is told to lie."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.fakes.proxy_provider import Key, b64, rsa_key
from tests.fakes.scripted_http import Asked, Reply, Script, Scripted, answer, page, scripted

CLIENT_ID = "shiva"
CLIENT_SECRET = "secret-of-the-client"
LIFETIME = 600  # seconds, of an ID token
DISCOVERY = "/.well-known/openid-configuration"


@dataclass
class LyingProvider:
    """What it says, and how. A claim or a member of a document that is None is left out."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)  # over those of an honest ID token
    header: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    token_answer: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, Any] = field(default_factory=dict)  # over `code`, `state` and `iss`
    published: list[Key] = field(default_factory=lambda: [rsa_key("first")])
    key: Key = field(default_factory=lambda: rsa_key("first"))
    sign: Callable[[bytes], bytes] | None = None  # instead of the key
    ahead: float = 0.0  # seconds that its clock is ahead of ours
    replies: dict[str, Script] = field(default_factory=dict)  # by path, instead of what it would answer
    asked: list[Asked] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def asked_for(self, path: str) -> int:
        """Return how often a path was asked for."""
        return len([one for one in self.asked if one.path == path])

    def rotate(self, kid: str) -> None:
        """Sign with another key from now on, and publish that one alone."""
        self.key = rsa_key(kid)
        self.published = [self.key]

    def authorize(self, url: str) -> str:
        """Let the person in at once; return where that leads back to."""
        wish = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        code = secrets.token_urlsafe(16)
        self._codes[code] = wish
        back = _without_none({"code": code, "state": wish["state"], "iss": self.issuer} | self.callback)
        return f"{wish['redirect_uri']}?{urlencode(back)}"

    def id_token(self, wish: dict[str, str]) -> str:
        """Return the token for what was asked at `authorize`."""
        now = int(time.time() + self.ahead)
        honest = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "subject-of-ada", "iat": now, "exp": now + LIFETIME,
            "nonce": wish.get("nonce"), "email": "ada@example.com", "email_verified": True, "hd": "example.com",
            "name": "Ada Lovelace",
        }  # fmt: skip
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key.id} | self.header
        return signed(_without_none(header), _without_none(honest | self.claims), self.sign or self.key.sign)

    def serve(self, asked: Asked) -> Reply:
        """Answer one request."""
        if (told := self.replies.get(asked.path)) is not None:
            return told(asked)
        match asked.path:
            case _ if asked.path == DISCOVERY:
                return answer(_without_none(self._document() | self.discovery))
            case "/jwks":
                return answer({"keys": [key.jwk for key in self.published]})
            case "/authorize":
                query = urlencode({name: values[0] for name, values in asked.query.items()})
                return Reply(status=303, headers={"Location": self.authorize(f"/authorize?{query}")})
            case "/token":
                return self._token(asked)
        return page(404)

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _token(self, asked: Asked) -> Reply:
        given = {name: values[0] for name, values in asked.body.items()}
        wish = self._codes.pop(given.get("code", ""), None)
        if not _is_the_client(asked, given):
            return answer({"error": "invalid_client"}, 401)
        verifier = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        proven = wish is not None and wish.get("code_challenge") == b64(verifier)
        if wish is None or not proven or wish.get("redirect_uri") != given.get("redirect_uri"):
            return answer({"error": "invalid_grant"}, 400)
        honest = {"access_token": "an access token", "token_type": "Bearer", "expires_in": LIFETIME}
        return answer(_without_none(honest | {"id_token": self.id_token(wish)} | self.token_answer))


def _is_the_client(asked: Asked, given: dict[str, str]) -> bool:
    """Whether id and secret are there, as a header or in the form."""
    scheme, _, credentials = asked.headers.get("Authorization", "").partition(" ")
    shown = f"{given.get('client_id')}:{given.get('client_secret')}"
    if scheme == "Basic":
        shown = base64.b64decode(credentials).decode()
    return shown == f"{CLIENT_ID}:{CLIENT_SECRET}"


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Return header, claims and what `sign` makes of them, in the form of a JWS."""
    body = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{body}.{b64(sign(body.encode('ascii')))}"


def unsigned(_: bytes) -> bytes:
    """Sign nothing."""
    return b""


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    """Sign as HS256 does."""
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def silent_for(server: Scripted, seconds: float) -> Script:
    """Say nothing for so long, or until the server ends; then hang up."""

    def wait(_: Asked) -> Reply:
        server.ending.wait(seconds)
        return Reply(silent=True)

    return wait


def text(body: bytes, status: int = 200, *, kind: str) -> Script:
    """Answer these bytes."""
    return lambda _: Reply(status=status, pieces=(body,), headers={"Content-Type": kind})


@contextmanager
def lying_provider() -> Iterator[tuple[LyingProvider, Scripted]]:
    """Stand on a port of the kernel's choice."""
    liar = LyingProvider()
    with scripted(liar.serve) as server:
        liar.issuer, liar.asked = server.url, server.asked
        yield liar, server
