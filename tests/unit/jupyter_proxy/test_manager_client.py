"""The manager's internal API as the door reads it: what is good, what is refused, and what counts as no answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from shiva_jupyter_proxy.adapters.manager_http import Manager
from shiva_jupyter_proxy.domain.ports import (
    Claims,
    ManagerUnavailableError,
    NotAdmittedError,
    Person,
    Revoked,
    TokenRefusedError,
)

from tests.fakes.proxy_manager import DOOR_TOKEN, FakeManager, manager_standing

ADA = Claims(issuer="https://accounts.example.org", subject="1", email="ada@example.org", shown_name="Ada")
TOKEN = {"name": "ada", "shown_name": "Ada", "token_id": "t", "scopes": ["read"], "expires_at": "2027-02-21T09:00:00Z"}
AWAY: list[tuple[int, bytes]] = [
    (500, b""), (503, b"{}"), (401, b'{"code": "unauthorized"}'), (404, b"{}"), (302, b""), (200, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b"null"),
    (200, b"[" * 100_000), (200, b"\xff"), (413, b"{}"), (403, b"<html>"),
]  # fmt: skip


def with_manager(use: Callable[[Manager, FakeManager], Awaitable[None]], *, token: str = DOOR_TOKEN) -> None:
    async def within() -> None:
        async with manager_standing() as fake:
            client = Manager(fake.url, token)
            try:
                await use(client, fake)
            finally:
                client.close()

    asyncio.run(within())


def test_a_person_is_admitted_under_the_managers_name() -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        assert await client.admit(ADA, client="192.0.2.7") == Person(name="ada", shown_name="Ada")
        assert (fake.logins[0]["groups"], fake.logins[0]["email_verified"], fake.logins[0]["client"]) == (
            [],
            False,
            "192.0.2.7",
        )

    with_manager(use)


def test_a_refusal_has_the_managers_words() -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        fake.refuses = "barred"
        with pytest.raises(NotAdmittedError) as refused:
            await client.admit(ADA, client="")
        assert (refused.value.code, refused.value.title) == ("barred", "Title of barred")

    with_manager(use)


def test_who_logs_out_everywhere_is_spelled_safely_in_the_address() -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        await client.log_out_everywhere("_e7_a7_80", client="192.0.2.7")
        assert fake.left == [("_e7_a7_80", "192.0.2.7")]

    with_manager(use)


@pytest.mark.parametrize(("status", "body"), AWAY)
def test_everything_but_a_good_answer_is_no_answer(status: int, body: bytes) -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        fake.status, fake.garbage = status, body
        for asking in (
            client.admit(ADA, client=""), client.verify("shiva_x", client=""), client.revocations(),
            client.log_out_everywhere("ada", client=""),
        ):  # fmt: skip
            with pytest.raises(ManagerUnavailableError):
                await asking
        assert fake.left == []

    with_manager(use)


@pytest.mark.parametrize(
    "changes",
    [{"name": "../ken"}, {"name": "Ken"}, {"name": None}, {"name": ""}, {"shown_name": 7}, {"scopes": None}, {"expires_at": None}, {"expires_at": "soon"}, {"expires_at": "2027-02-21T09:00:00"}],
)  # fmt: skip
def test_a_token_whose_owner_cannot_be_read_is_no_answer(changes: dict[str, Any]) -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        fake.tokens["shiva_x"] = TOKEN | changes
        with pytest.raises(ManagerUnavailableError):
            await client.verify("shiva_x", client="")

    with_manager(use)


def test_a_token_has_an_owner_scopes_and_an_end_or_is_refused() -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        fake.tokens["shiva_x"] = TOKEN
        found = await client.verify("shiva_x", client="")
        assert (found.person.name, found.token_id, found.scopes, found.expires_at) == (
            "ada",
            "t",
            frozenset({"read"}),
            1803200400.0,
        )
        with pytest.raises(TokenRefusedError):
            await client.verify("shiva_y", client="")

    with_manager(use)


def test_revocations_are_told_when_they_changed() -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        assert await client.revocations() == []
        assert await client.revocations() is None
        fake.people = [
            {"name": "ada", "ended_before": "2026-11-23T09:00:00.000000Z", "barred": False}, {"name": "eve", "ended_before": None, "barred": True, "more": 1},
            {"name": "x", "ended_before": "yesterday", "barred": False}, {"name": "y", "barred": True}, {"name": "Z", "ended_before": None, "barred": True},
            {"name": "z", "ended_before": None, "barred": "yes"}, None,
        ]  # fmt: skip
        assert await client.revocations() == [
            Revoked(name="ada", ended_before=1795424400.0, barred=False), Revoked(name="eve", ended_before=None, barred=True),
        ]  # fmt: skip

    with_manager(use)


def test_another_token_than_ours_is_no_answer() -> None:
    async def use(client: Manager, fake: FakeManager) -> None:
        with pytest.raises(ManagerUnavailableError):
            await client.verify("shiva_x", client="")
        assert fake.asked == []

    with_manager(use, token="another-token-of-thirty-two-chars")


def test_nobody_listens_there() -> None:
    async def within() -> None:
        client = Manager("http://127.0.0.1:9", DOOR_TOKEN)
        with pytest.raises(ManagerUnavailableError):
            await client.revocations()
        client.close()

    asyncio.run(within())
