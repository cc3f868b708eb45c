"""The manager's API, through the door: bearer token, verified TLS, no redirects, and retries where they are safe."""

import json
import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies

from shiva_cli import __version__
from shiva_cli.config import is_loopback
from shiva_cli.errors import Exit, Trouble, of_api, own
from shiva_cli.facts import Facts
from shiva_cli.world import World

PROBLEM = "application/problem+json"
TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two pieces
TOTAL_SECONDS = 60.0
MAX_BYTES = 64 << 20
TRIES = 3
PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good one."""

    body: object  # as JSON; None: there was none
    age_seconds: float | None  # since it was made, as the server says

    @property
    def facts(self) -> Facts:
        """Return its object."""
        return Facts(self.body)


class _Bearer(requests.auth.AuthBase):
    """Sets the token, or nothing; with an `auth` of its own, requests looks into no .netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """One server and one token."""

    def __init__(
        self, address: str, token: str | None, world: World, *, timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        """`address` is scheme and host; without a token only a device's login is open."""
        self.address = address
        self._world = world
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # no .netrc, and no bundle of certificates that another program asked for
        self._session.auth = _Bearer(token)
        self._session.verify = world.environ.get("SHIVA_CA_FILE") or True
        if not is_loopback(urlsplit(address).hostname or ""):
            self._session.proxies.update(get_environ_proxies(address))
        self._session.headers.update(
            {"User-Agent": f"shiva-cli/{__version__}", "X-Shiva-Client": "1", "Accept": f"application/json, {PROBLEM}"}
        )

    def get(self, path: str, *, tries: int = TRIES, **query: object) -> Answer:
        """Ask for something; members of `query` that are None stay away."""
        return self.send("GET", path, query=query, tries=tries)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        tries: int = TRIES,
        passing: Collection[str] = (),
    ) -> Answer:
        """Ask up to `tries` times; 1 where twice is not the same as once. Problems in `passing` are over soon.

        Raises:
            Trouble: a problem of the API, or no answer.
        """
        attempt = 1
        while True:
            try:
                return self._once(method, path, body, query or {}, headers or {})
            except Trouble as trouble:
                if attempt >= tries or not (trouble.transient or trouble.code in passing):
                    raise
                pause = PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311 - no secret, only spread out
                self._world.sleep(min(LONGEST_PAUSE_SECONDS, trouble.wait_seconds or pause))
            attempt += 1

    def _once(
        self, method: str, path: str, body: object, query: Mapping[str, object], headers: Mapping[str, str]
    ) -> Answer:
        given: dict[str, Any] = {"params": {key: value for key, value in query.items() if value is not None}}
        if body is not None:
            given["json"] = body
        url = f"{self.address}/api/v1/{path}"
        try:
            with self._session.request(
                method, url, headers=dict(headers), timeout=self._timeout, stream=True, allow_redirects=False, **given
            ) as response:
                return self._read(response)
        except requests.exceptions.SSLError as error:
            raise own("tls-failed", Exit.UNREACHABLE, address=self.address, why=_cause(error)) from error
        except OSError as error:  # those of requests, and a bundle of certificates that is not there
            transient = isinstance(error, requests.RequestException)
            raise own(
                "unreachable", Exit.UNREACHABLE, address=self.address, why=_cause(error), transient=transient
            ) from error

    def _read(self, response: requests.Response) -> Answer:
        if response.is_redirect or 300 <= response.status_code < 400:
            there = response.headers.get("Location", "")
            raise own("redirected", Exit.UNREACHABLE, address=self.address, location=there)
        raw = self._content(response)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if response.ok and response.status_code == 204:
            return Answer(body=None, age_seconds=None)
        body = self._json(raw, response.status_code)
        if response.ok and kind == "application/json":
            return Answer(body=body, age_seconds=_seconds(response.headers.get("Age")))
        facts = Facts(body)
        code = facts.text("code")
        if response.ok or kind != PROBLEM or not code:
            raise self._odd(response.status_code)
        trouble = of_api(
            response.status_code,
            code,
            facts.of("parameters").body,
            facts.text("title") or "",
            facts.text("detail") or "",
        )
        trouble.wait_seconds = _seconds(response.headers.get("Retry-After"))
        raise trouble

    def _content(self, response: requests.Response) -> bytes:
        raw, until = bytearray(), self._world.monotonic() + TOTAL_SECONDS
        for piece in response.iter_content(1 << 16):
            raw += piece
            if len(raw) > MAX_BYTES or self._world.monotonic() > until:
                raise self._odd(response.status_code)
        return bytes(raw)

    def _json(self, raw: bytes, status: int) -> object:
        try:
            return json.loads(raw, parse_constant=_finite, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise self._odd(status) from error

    def _odd(self, status: int) -> Trouble:
        trouble = own("not-shiva", Exit.UNREACHABLE, address=self.address, status=status)
        trouble.transient = status in {502, 503, 504}
        return trouble


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _cause(error: BaseException) -> str:
    """Return the innermost reason, without the names of classes and objects around it."""
    while (inner := error.__cause__ or error.__context__) is not None and inner is not error:
        error = inner
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None)
    return str(reason or error or type(error).__name__)
