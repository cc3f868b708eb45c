"""API tokens: the manager is asked once, its word is remembered for so long, and nobody outlives being shut out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from shiva_jupyter_proxy.domain.ports import Bearer, ManagerUnavailableError, Person, TokenRefusedError
from shiva_jupyter_proxy.tokens import GOOD_SECONDS, MOST, REFUSED_SECONDS, Tokens

NOW = 1_800_000_000.0
ADA = Bearer(
    person=Person(name="ada", shown_name="Ada"), token_id="5e55", scopes=frozenset({"read"}), expires_at=NOW + 1000
)
TOKEN, CLIENT = "shiva_5e55_secret", "192.0.2.7"


class Issuer:
    """Knows one token, after `release` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.good: dict[str, Bearer] = {TOKEN: ADA}
        self.away = False
        self.release = asyncio.Event()
        self.release.set()

    async def verify(self, token: str, *, client: str) -> Bearer:
        assert client == CLIENT
        self.asked.append(token)
        await self.release.wait()
        if self.away:
            raise ManagerUnavailableError
        if token not in self.good:
            raise TokenRefusedError
        return self.good[token]


class World:
    """Tokens, whose clock a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.set_by = 0.0  # how far somebody set the clock on
        self.issuer = Issuer()
        self.barred: set[str] = set()
        self.tokens = Tokens(
            self.issuer, self.barred.__contains__, clock=lambda: self.now + self.set_by, monotonic=lambda: self.now
        )

    async def bearer(self, token: str = TOKEN) -> Bearer:
        return self.tokens.known(token) or await self.tokens.bearer(token, client=CLIENT)


def in_world(use: Callable[[World], Awaitable[None]]) -> None:
    async def within() -> None:
        await use(World())

    asyncio.run(within())


def test_the_managers_word_is_remembered_for_half_a_minute() -> None:
    async def use(world: World) -> None:
        assert world.tokens.known(TOKEN) is None
        assert [await world.bearer() for _ in range(3)] == [ADA] * 3
        world.now += GOOD_SECONDS - 1
        assert await world.bearer() == ADA
        assert world.issuer.asked == [TOKEN]
        world.now += 1
        del world.issuer.good[TOKEN]
        with pytest.raises(TokenRefusedError):
            await world.bearer()

    in_world(use)


def test_a_token_is_good_no_longer_than_it_says() -> None:
    async def use(world: World) -> None:
        world.issuer.good[TOKEN] = replace(ADA, expires_at=NOW + 3)
        await world.bearer()
        world.now += 3
        assert world.tokens.known(TOKEN) is None

    in_world(use)


@pytest.mark.parametrize("set_by", [-3600.0, 3600.0])
def test_a_clock_that_is_set_makes_no_word_older_or_younger(set_by: float) -> None:
    async def use(world: World) -> None:
        world.issuer.good[TOKEN] = replace(ADA, expires_at=NOW + 100_000)
        await world.bearer()
        world.set_by = set_by
        world.now += GOOD_SECONDS - 1
        assert world.tokens.known(TOKEN) is not None
        world.now += 1
        assert world.tokens.known(TOKEN) is None

    in_world(use)


def test_a_refusal_is_remembered_for_a_few_seconds() -> None:
    async def use(world: World) -> None:
        for _ in range(3):
            with pytest.raises(TokenRefusedError):
                await world.bearer("shiva_new")
        assert world.issuer.asked == ["shiva_new"]
        world.now += REFUSED_SECONDS
        world.issuer.good["shiva_new"] = ADA
        assert await world.bearer("shiva_new") == ADA

    in_world(use)


def test_many_who_show_one_token_ask_once_and_one_who_gives_up_spoils_it_for_nobody() -> None:
    async def use(world: World) -> None:
        world.issuer.release.clear()
        asking = [asyncio.create_task(world.bearer()) for _ in range(20)]
        await asyncio.sleep(0)
        asking.pop(0).cancel()
        await asyncio.sleep(0)
        world.issuer.release.set()
        assert await asyncio.gather(*asking) == [ADA] * 19
        assert world.issuer.asked == [TOKEN]

    in_world(use)


def test_while_the_manager_is_away_what_is_remembered_holds_and_nothing_else() -> None:
    async def use(world: World) -> None:
        await world.bearer()
        world.issuer.away = True
        assert await world.bearer() == ADA
        world.now += GOOD_SECONDS
        for _ in range(2):
            with pytest.raises(ManagerUnavailableError):
                await world.bearer()
        world.issuer.away = False
        assert await world.bearer() == ADA

    in_world(use)


def test_who_is_shut_out_meanwhile_shows_a_token_in_vain() -> None:
    async def use(world: World) -> None:
        await world.bearer()
        world.barred.add("ada")
        with pytest.raises(TokenRefusedError):
            await world.bearer()
        world.barred.clear()
        assert await world.bearer() == ADA

    in_world(use)


def test_no_token_is_kept_and_no_more_words_than_so_many() -> None:
    async def use(world: World) -> None:
        for number in range(2 * MOST):
            with pytest.raises(TokenRefusedError):
                await world.bearer(f"shiva_{number}")
        kept = vars(world.tokens)["_words"]
        assert len(kept) <= MOST
        assert all(len(key) == 32 and b"shiva" not in key for key in kept)
        assert vars(world.tokens)["_asking"] == {}

    in_world(use)
