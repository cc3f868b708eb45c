"""API tokens: the manager is asked about each once, and its answer is remembered for half a minute at most."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.ports import Bearer, TokenIssuer, TokenRefusedError

GOOD_SECONDS = 30.0
REFUSED_SECONDS = 5.0
MOST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The manager's word about a token."""

    until: float  # monotonic, in seconds: a clock that is set does not make it older or younger
    bearer: Bearer | None  # None: refused


class Tokens:
    """What is known of tokens; of a token itself nothing is kept but its SHA-256."""

    def __init__(
        self, issuer: TokenIssuer, is_barred: Callable[[str], bool], *,
        clock: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Ask `issuer`; `is_barred` tells whose tokens are worth nothing meanwhile; `clock` is in seconds since the epoch."""
        self._issuer = issuer
        self._is_barred = is_barred
        self._clock = clock
        self._monotonic = monotonic
        self._words: dict[bytes, Word] = {}
        self._asking: dict[bytes, asyncio.Task[Word]] = {}

    def known(self, token: str) -> Bearer | None:
        """Return whose it is, where that is remembered; None when the manager must be asked.

        Raises:
            TokenRefusedError: it was refused a moment ago, or its owner is shut out.
        """
        word = self._words.get(_key(token))
        if word is None or word.until <= self._monotonic():
            return None
        return self._told(word)

    async def bearer(self, token: str, *, client: str) -> Bearer:
        """Ask whose it is; who asks meanwhile shares the answer.

        Raises:
            TokenRefusedError: it is good for nothing.
            ManagerUnavailableError: nobody answered.
        """
        key = _key(token)
        if (asking := self._asking.get(key)) is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key, token, client))
            asking.add_done_callback(lambda task: self._done(key, task))
        return self._told(await asyncio.shield(asking))

    def _done(self, key: bytes, task: asyncio.Task[Word]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # whoever asked may be gone

    async def _ask(self, key: bytes, token: str, client: str) -> Word:
        try:
            bearer = await self._issuer.verify(token, client=client)
            seconds = min(GOOD_SECONDS, bearer.expires_at - self._clock())
            word = Word(until=self._monotonic() + seconds, bearer=bearer)
        except TokenRefusedError:
            word = Word(until=self._monotonic() + REFUSED_SECONDS, bearer=None)
        return keep(self._words, key, word, most=MOST)

    def _told(self, word: Word) -> Bearer:
        if word.bearer is None or self._is_barred(word.bearer.person.name):
            raise TokenRefusedError
        return word.bearer


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
