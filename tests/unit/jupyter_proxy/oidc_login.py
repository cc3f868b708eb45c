"""Our side of a login provider and theirs, without a door: one login, step by step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from shiva_jupyter_proxy.adapters.oidc import OidcSettings, OpenIdProvider
from shiva_jupyter_proxy.adapters.oidc_http import Questions
from shiva_jupyter_proxy.domain.ports import Claims, LoginAttempt

from tests.fakes.proxy_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, provider_standing

ABOUT, KEYS, TOKEN, USERINFO = "/.well-known/openid-configuration", "/keys", "/token", "/userinfo"
ATTEMPT = LoginAttempt(id="1", state="the state", wanted="/", nonce="the nonce", verifier="v" * 43)


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Login:
    """Ours and theirs."""

    def __init__(self, provider: FakeProvider, *, seconds: float = 10.0, **more: Any) -> None:
        self.provider = provider
        self.clock = Clock()
        given = {
            "issuer": provider.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "redirect_uri": "https://shiva.example.org/-/login/callback", "groups_claim": "groups",
        }  # fmt: skip
        self.ours = OpenIdProvider(OidcSettings(**given | more), Questions(seconds=seconds), clock=self.clock)

    async def url(self, *, other_account: bool = False) -> str:
        return await self.ours.login_url(ATTEMPT, other_account=other_account)

    async def claims(self, *, issuer: str | None = None, **changes: str) -> Claims:
        code = self.provider.authorize(await self.url())["code"]
        self.provider.codes[code] |= changes
        return await self.ours.redeem(ATTEMPT, code=code, issuer=issuer)


def with_login(use: Callable[[Login], Awaitable[None]], **more: Any) -> None:
    async def within() -> None:
        async with provider_standing() as provider:
            login = Login(provider, **more)
            try:
                await use(login)
            finally:
                for event in provider.waits.values():
                    event.set()
                login.ours.close()

    asyncio.run(within())
