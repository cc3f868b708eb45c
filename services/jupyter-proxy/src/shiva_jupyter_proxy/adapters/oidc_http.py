"""Questions to the login provider: each is answered within seconds and within a size, or it is unavailable."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from shiva_jupyter_proxy.domain.ports import ProviderUnavailableError

log = logging.getLogger("shiva.jupyter_proxy.oidc")

T = TypeVar("T")

TIMEOUT_SECONDS = 4.0
MAX_BODY_BYTES = 512 * 1024
MAX_AT_ONCE = 32
FRESH_SECONDS = 600.0
KEPT_SECONDS = 86400.0  # while the provider is away
PAUSE_SECONDS = 1.0  # between two questions after one that failed


class Questions:
    """An HTTP client that follows nobody elsewhere, and that nothing else waits for."""

    def __init__(self, *, seconds: float = TIMEOUT_SECONDS) -> None:
        """An answer has to be whole after `seconds`. Needs a running loop."""
        self._seconds = seconds
        self._client = AsyncHTTPClient(force_instance=True, max_clients=MAX_AT_ONCE, max_body_size=MAX_BODY_BYTES)

    def close(self) -> None:
        """Give its connections up."""
        self._client.close()

    async def ask(
        self, url: str, *, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """GET, or POST a form; return the status and the object that was answered.

        Raises:
            ProviderUnavailableError: no answer in time, an error of its own (5xx), or something that is no object.
        """
        form = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
        request = HTTPRequest(
            url, method="GET" if body is None else "POST", body=body, follow_redirects=False, decompress_response=False,
            headers={"Accept": "application/json", **form, **(headers or {})},
            connect_timeout=self._seconds, request_timeout=self._seconds,
        )  # fmt: skip
        try:
            answer = await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, ValueError) as error:
            log.warning("the login provider does not answer", extra={"url": url, "cause": repr(error)})
            raise ProviderUnavailableError("It does not answer.") from error
        if answer.code >= 500:
            log.warning("the login provider has an error", extra={"url": url, "status": answer.code})
            raise ProviderUnavailableError(f"It answers with an error of its own ({answer.code}).")
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            log.warning("the login provider's answer cannot be read", extra={"url": url, "status": answer.code})
            raise ProviderUnavailableError("Its answer cannot be read.")
        return answer.code, told


class Kept(Generic[T]):
    """One answer of the provider, renewed when it is old; who asks meanwhile shares one question."""

    def __init__(self, ask: Callable[[], Awaitable[T]], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`ask` raises ProviderUnavailableError; an old answer goes on for a day then."""
        self._ask = ask
        self._clock = clock
        self._value: T | None = None
        self._at = 0.0  # of the answer
        self._failed: tuple[float, str] | None = None
        self._asking: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return it; ProviderUnavailableError when there is none."""
        if self._value is not None and self._clock() - self._at < FRESH_SECONDS:
            return self._value
        try:
            return await self.anew()
        except ProviderUnavailableError:
            if self._value is not None and self._clock() - self._at < KEPT_SECONDS:
                return self._value
            raise

    async def anew(self) -> T:
        """Ask again, but for a moment after a failure; ProviderUnavailableError when there is no answer."""
        if self._failed is not None and self._clock() - self._failed[0] < PAUSE_SECONDS:
            raise ProviderUnavailableError(self._failed[1])
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._renew())
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody may wait for it
        return await asyncio.shield(self._asking)

    async def _renew(self) -> T:
        try:
            value = await self._ask()
        except ProviderUnavailableError as error:
            self._failed = (self._clock(), str(error))
            raise
        self._value, self._at, self._failed = value, self._clock(), None
        return value
