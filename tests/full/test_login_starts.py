"""A flood of begun logins, from one address and from all of them, leaves the door as large as it was."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.door_process import DoorProcess, door_process
from tests.fakes.proxy_process import PREFIX, hidden
from tests.fakes.proxy_provider import CLIENT_ID, CLIENT_SECRET, provider_standing

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

STARTS, WARM = 40_000, 25_000  # the door forgets addresses beyond 20,000
GROWTH_BYTES = 6 * 2**20
LINES = 4
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


async def flood(door: DoorProcess, starts: range) -> dict[int, int]:
    """Begin logins, seven of eight from another address each; return how often each status was answered."""
    line, answers = await door.line(), dict[int, int]()
    page = await line.ask(door.head("GET /-/login"))
    door.cookie = page.headers["set-cookie"].partition(";")[0]
    form = f"csrf_token={hidden(page.body)}&next=/user/ken/lab".encode()
    for number in starts:
        client = f"198.{number >> 16}.{number >> 8 & 255}.{number & 255}" if number % 8 else "192.0.2.1"
        more = f"X-Forwarded-For: {client}\r\n{FORM}Content-Length: {len(form)}\r\n"
        answer = await line.ask(door.head("POST /-/login", more) + form)
        answers[answer.status] = answers.get(answer.status, 0) + 1
    line.close()
    return answers


async def floods(door: DoorProcess, starts: int) -> dict[int, int]:
    """Do it over several connections."""
    together: dict[int, int] = {}
    for answers in await asyncio.gather(*(flood(door, range(n, starts, LINES)) for n in range(LINES))):
        for status, count in answers.items():
            together[status] = together.get(status, 0) + count
    return together


def test_the_door_remembers_no_login_that_was_begun(tmp_path: Path) -> None:
    async def use() -> None:
        async with provider_standing() as provider:
            settings = {
                "IDENTITY": "oidc", "OIDC_ISSUER": provider.url, "OIDC_CLIENT_ID": CLIENT_ID,
                "OIDC_CLIENT_SECRET": CLIENT_SECRET, "TRUSTED_PROXIES": "127.0.0.0/8", "PUBLIC_PORT": "8000",
            }  # fmt: skip
            more = {f"{PREFIX}{key}": value for key, value in settings.items()}
            async with door_process(tmp_path, logged_in=False, **more) as door:
                await floods(door, WARM)
                before, marks = door.resident(), len(list((tmp_path / "door").iterdir()))
                answers = await floods(door, STARTS)
                assert set(answers) == {303, 429}
                assert door.resident() - before < GROWTH_BYTES
                assert len(list((tmp_path / "door").iterdir())) == marks
                print(f"{STARTS:,} login starts: {answers}, {before / 1e6:.1f} -> {door.resident() / 1e6:.1f} MB")

    asyncio.run(use())
