"""The door between a provider that may lie and a manager that admits everybody, and what a refusal must look like."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakes.lying_provider import CLIENT_ID, CLIENT_SECRET, LyingProvider, lying_provider
from tests.fakes.oidc_visit import FORM, Visit
from tests.fakes.proxy_door import Answer, World, world
from tests.fakes.proxy_process import free_port
from tests.fakes.scripted_http import Scripted

NAME = "ada"  # of who logs in; the container of the world is hers
ANY = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All of it."""

    world: World
    liar: LyingProvider
    server: Scripted  # where the liar stands

    def browser(self) -> Visit:
        """Return a browser that was never here."""
        return Visit(self.world)

    @property
    def logins(self) -> list[dict[str, Any]]:
        """What the manager was asked to let in."""
        return self.world.manager.logins

    def revoke(self, *, barred: bool) -> None:
        """Bar her, or (an admin or another door) log her out everywhere."""
        at = None if barred else datetime.now(UTC).isoformat()
        self.world.manager.people = [{"name": NAME, "ended_before": at, "barred": barred}]

    async def log_out(self, browser: Visit, *, everywhere: bool = False) -> None:
        """Press the button on the dashboard."""
        token = self.world.csrf_token(f"shiva-session={browser.session}")
        form = f"csrf_token={token}&everywhere={'1' if everywhere else ''}".encode()
        assert (await browser.ask("POST", "/-/logout", form, content_type=FORM)).status == 303


@asynccontextmanager
async def stage_standing(**more: Any) -> AsyncIterator[Stage]:
    """Open the door, with `more` settings."""
    with lying_provider() as (liar, server):
        given = {
            "identity": "oidc", "oidc_issuer": liar.issuer, "oidc_client_id": CLIENT_ID, "bind_port": free_port(),
            "oidc_client_secret": CLIENT_SECRET, "oidc_groups_claim": "groups", "oidc_provider_name": "Example",
        }  # fmt: skip
        async with world(**given | more) as around:
            yield Stage(world=around, liar=liar, server=server)


def at_the_door(test: Callable[[Stage], Awaitable[None]], **more: Any) -> None:
    """Run a test's body, the door having `more` settings."""

    async def within() -> None:
        async with stage_standing(**more) as stage:
            await test(stage)

    asyncio.run(within())


async def refused(browser: Visit, answer: Answer, *, statuses: range = ANY) -> None:
    """Demand a page with a reason, and no session."""
    assert answer.status in statuses, answer
    assert answer.value("content-type").startswith("text/html"), answer
    assert b'role="alert"' in answer.body, answer
    assert b"Traceback" not in answer.body
    assert b"<script>alert" not in answer.body
    assert browser.session is None
    assert not await browser.is_in()
