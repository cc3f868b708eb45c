"""The door with a login provider beside it, and a browser that logs in there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.fakes.proxy_door import Answer, World, world
from tests.fakes.proxy_process import free_port, hidden
from tests.fakes.proxy_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, provider_standing, query


@dataclass
class Browser:
    """Keeps cookies, and goes where it is sent."""

    world: World
    provider: FakeProvider
    jar: dict[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.jar.items())

    async def ask(self, method: str, path: str, body: bytes = b"", **more: str) -> Answer:
        """Ask for a page."""
        answer = await self.world.ask(method, path, self.cookie or None, body, page=True, **more)
        for line in answer.values("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value.strip('"'):
                self.jar[name] = value
            else:
                self.jar.pop(name, None)
        return answer

    async def begin(self, *, wanted: str = "/", other: str = "") -> Answer:
        """Press the button of the login page."""
        page = await self.ask("GET", f"/-/login?next={quote(wanted, safe='')}&other={other}")
        assert page.status == 200, page
        form = f"csrf_token={hidden(page.body)}&next={quote(wanted, safe='')}&other={other}"
        return await self.ask("POST", "/-/login", form.encode(), content_type="application/x-www-form-urlencoded")

    async def there(self, *, wanted: str = "/") -> dict[str, str]:
        """Press it, log in at the provider, and return what that sends back with the browser."""
        start = await self.begin(wanted=wanted)
        assert start.status == 303, start
        return self.provider.authorize(start.value("location"))

    async def back(self, **answer: str) -> Answer:
        """Come back."""
        return await self.ask("GET", query(**answer))

    async def log_in(self, *, wanted: str = "/") -> Answer:
        """Log in, from the button to the session."""
        return await self.back(**await self.there(wanted=wanted))

    async def inside(self) -> bool:
        """Whether the session lets it in."""
        return (await self.world.ask("GET", "/api/v1/me", self.cookie or None)).status == 200


def at(provider: FakeProvider) -> dict[str, Any]:
    """Return the settings of a door whose people log in there."""
    return {
        "identity": "oidc", "oidc_issuer": provider.url, "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET, "oidc_provider_name": "Example", "bind_port": free_port(),
    }  # fmt: skip


def with_provider(use: Callable[[Browser], Awaitable[None]], **more: Any) -> None:
    """Run `use` with a door that has `more` settings."""

    async def within() -> None:
        async with provider_standing() as provider, world(**at(provider) | more) as around:
            await use(Browser(around, provider))

    asyncio.run(within())
