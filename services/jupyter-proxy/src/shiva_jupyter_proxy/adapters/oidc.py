"""IdentityProvider by OpenID Connect: discovery, authorization code flow with PKCE. Google is one of many.

Everything that the provider answers is judged; `oidc_tokens` judges the proof itself.
"""

import asyncio
import base64
import contextlib
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from shiva_jupyter_proxy.adapters.oidc_http import Kept, Questions
from shiva_jupyter_proxy.adapters.oidc_tokens import Expected, SigningKeys, UnknownKeyError, signing_keys, verified
from shiva_jupyter_proxy.domain.limits import Limiter
from shiva_jupyter_proxy.domain.ports import Claims, LoginAttempt, LoginRefusedError, ProviderUnavailableError

log = logging.getLogger("shiva.jupyter_proxy.oidc")

WELL_KNOWN = "/.well-known/openid-configuration"
PATIENCE_SECONDS = 7.0  # for all questions of one step together
KEYS_PER_MINUTE = 12  # looks for a key that is not known
BASIC, POST = "client_secret_basic", "client_secret_post"
MAX_TEXT = 255
MAX_EMAIL = 320
MAX_PICTURE = 2048
MAX_GROUPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """What we are to the provider, and it to us."""

    issuer: str
    aliases: tuple[str, ...] = ()  # other values of `iss` that mean the same issuer
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str = "openid email profile"
    groups_claim: str = ""  # empty: no groups are asked for
    hosted_domain: str = ""  # a hint for Google's page; it proves nothing
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """What the provider says about itself."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    methods: tuple[str, ...]  # of proving ourselves at the token endpoint
    says_issuer: bool  # in its answers (RFC 9207)


class OpenIdProvider:
    """One provider."""

    def __init__(
        self, settings: OidcSettings, questions: Questions, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is asked before somebody logs in."""
        self._settings = settings
        self._questions = questions
        self._issuers = frozenset({settings.issuer, *settings.aliases})
        self._endpoints = Kept(self._discover, clock=clock)
        self._keys = Kept(self._fetch_keys, clock=clock)
        self._looks = Limiter(KEYS_PER_MINUTE, clock=clock)

    def close(self) -> None:
        """Give its connections up."""
        self._questions.close()

    async def login_url(self, attempt: LoginAttempt, *, other_account: bool) -> str:
        """Return where the browser goes."""
        async with _in_time():
            endpoints = await self._endpoints.get()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": self._settings.client_id, "redirect_uri": self._settings.redirect_uri,
            "scope": self._settings.scopes, "state": attempt.state, "nonce": attempt.nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        if self._settings.hosted_domain:
            query["hd"] = self._settings.hosted_domain
        if other_account:
            query["prompt"] = "select_account"
        joint = "&" if urlsplit(endpoints.authorization).query else "?"
        return f"{endpoints.authorization}{joint}{urlencode(query)}"

    async def redeem(self, attempt: LoginAttempt, *, code: str, issuer: str | None) -> Claims:
        """Return who came back with a code."""
        async with _in_time():
            endpoints = await self._endpoints.get()
            if issuer not in self._issuers and (issuer is not None or endpoints.says_issuer):
                raise LoginRefusedError("The answer came from another provider.")
            answer = await self._exchange(endpoints, attempt, code)
            claims = await self._verified(str(answer.get("id_token", "")), attempt)
            about = claims if "email" in claims else await self._userinfo(endpoints, answer, claims)
        return self._claims(claims, about)

    async def _exchange(self, endpoints: Endpoints, attempt: LoginAttempt, code: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._settings.redirect_uri,
            "code_verifier": attempt.verifier,
        }  # fmt: skip
        who, headers = (self._settings.client_id, self._settings.client_secret), dict[str, str]()
        if BASIC in endpoints.methods:
            pair = ":".join(quote_plus(part) for part in who)  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif POST in endpoints.methods:
            form |= {"client_id": who[0], "client_secret": who[1]}
        else:
            raise ProviderUnavailableError("It takes no client secret, which Shiva needs. Tell your operator.")
        status, answer = await self._questions.ask(endpoints.token, headers=headers, body=urlencode(form))
        if status != 200:
            error = str(answer.get("error"))[:MAX_TEXT]
            log.warning("the login provider refused a code", extra={"status": status, "error": error})
            if error in {"invalid_client", "unauthorized_client"}:
                raise ProviderUnavailableError("It does not take Shiva's client id and secret. Tell your operator.")
            raise LoginRefusedError("The provider does not know of this login any more.")
        return answer

    async def _verified(self, token: str, attempt: LoginAttempt) -> Mapping[str, Any]:
        expected = Expected(issuers=self._issuers, client_id=self._settings.client_id, nonce=attempt.nonce)
        try:
            return verified(token, await self._keys.get(), expected)
        except UnknownKeyError:
            if self._looks.take("") > 0:
                raise LoginRefusedError("The proof of who you are is signed with an unknown key.") from None
        try:
            return verified(token, await self._keys.anew(), expected)
        except UnknownKeyError:
            raise LoginRefusedError("The proof of who you are is signed with an unknown key.") from None

    async def _userinfo(
        self, endpoints: Endpoints, answer: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return what the provider tells beside the proof: some put no address there."""
        if endpoints.userinfo is None or not isinstance(answer.get("access_token"), str):
            return claims
        status, told = await self._questions.ask(
            endpoints.userinfo, headers={"Authorization": f"Bearer {answer['access_token']}"}
        )
        if status != 200:
            raise ProviderUnavailableError(f"It does not tell who you are ({status}).")
        if told.get("sub") != claims["sub"]:
            raise LoginRefusedError("The provider told about somebody else.")
        return told

    def _claims(self, proof: Mapping[str, Any], about: Mapping[str, Any]) -> Claims:
        """Return what counts. An address and whether it is verified come from one place; `hd` is signed, or is none."""
        groups = _said(self._settings.groups_claim, proof, about) if self._settings.groups_claim else None
        picture = _text(_said("picture", proof, about), most=MAX_PICTURE)
        return Claims(
            issuer=self._settings.issuer,
            subject=str(proof["sub"]),
            email=_text(about.get("email"), most=MAX_EMAIL),
            email_verified=about.get("email_verified") is True,
            hosted_domain=_text(proof.get("hd")),
            groups=tuple(each for each in groups if _text(each))[:MAX_GROUPS] if isinstance(groups, list) else (),
            shown_name=_text(_said("name", proof, about)),
            picture=picture if picture is not None and picture.startswith("https://") else None,
        )

    async def _discover(self) -> Endpoints:
        status, told = await self._questions.ask(self._settings.issuer.rstrip("/") + WELL_KNOWN)
        if status != 200 or told.get("issuer") != self._settings.issuer:
            log.error("the login provider calls itself otherwise", extra={"issuer": str(told.get("issuer"))[:MAX_TEXT]})
            raise ProviderUnavailableError("It is not the provider that Shiva was told of. Tell your operator.")
        methods = told.get("token_endpoint_auth_methods_supported", [BASIC])
        return Endpoints(
            authorization=self._endpoint(told, "authorization_endpoint"),
            token=self._endpoint(told, "token_endpoint"),
            keys=self._endpoint(told, "jwks_uri"),
            userinfo=self._endpoint(told, "userinfo_endpoint") if "userinfo_endpoint" in told else None,
            methods=tuple(map(str, methods)) if isinstance(methods, list) else (),
            says_issuer=told.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, told: Mapping[str, Any], name: str) -> str:
        """Return an address; like the issuer's own it is https, or on this machine."""
        url = told.get(name)
        if isinstance(url, str) and url.isascii() and url.isprintable() and not set(" #") & set(url):
            with contextlib.suppress(ValueError):
                parts = urlsplit(url)
                if parts.hostname and parts.scheme in {"https", urlsplit(self._settings.issuer).scheme}:
                    return url
        log.error("the login provider says nonsense about itself", extra={"endpoint": name})
        raise ProviderUnavailableError("What it says about itself cannot be used. Tell your operator.")

    async def _fetch_keys(self) -> SigningKeys:
        status, told = await self._questions.ask((await self._endpoints.get()).keys)
        try:
            if status == 200:
                return signing_keys(told)
        except ValueError:
            pass
        raise ProviderUnavailableError("Its keys cannot be read.")


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    except TimeoutError as error:
        raise ProviderUnavailableError("It does not answer in time.") from error


def _said(name: str, proof: Mapping[str, Any], about: Mapping[str, Any]) -> object:
    return proof[name] if name in proof else about.get(name)


def _text(value: object, *, most: int = MAX_TEXT) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= most else None
