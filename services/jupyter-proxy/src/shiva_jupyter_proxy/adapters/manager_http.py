"""Admission, TokenIssuer and RevocationSource over the manager's internal HTTP API."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from shiva_jupyter_proxy.domain.names import is_user_name
from shiva_jupyter_proxy.domain.ports import (
    Bearer,
    Claims,
    ManagerUnavailableError,
    NotAdmittedError,
    Person,
    Revoked,
    TokenRefusedError,
)

log = logging.getLogger("shiva.jupyter_proxy.manager")

TIMEOUT_SECONDS = 3.0
MAX_BODY_BYTES = 4 * 2**20
MAX_AT_ONCE = 64
OK, NO_CONTENT, NOT_MODIFIED, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN = 200, 204, 304, 400, 401, 403
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


class Manager:
    """Speaks as the door; a client of its own, so that others' slow answers do not stand in its way."""

    def __init__(self, url: str, token: str) -> None:
        """`url` without a path; `token` is the door's own. Needs a running loop."""
        self._url = f"{url.rstrip('/')}/internal/v1/"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._etag: str | None = None
        self._client = AsyncHTTPClient(force_instance=True, max_clients=MAX_AT_ONCE, max_body_size=MAX_BODY_BYTES)

    def close(self) -> None:
        """Give its connections up."""
        self._client.close()

    async def admit(self, claims: Claims, *, client: str) -> Person:
        """Ask to let somebody in."""
        answer = await self._ask("POST", "logins", asdict(claims) | {"client": client})
        if answer.code in {BAD_REQUEST, FORBIDDEN}:
            told = _read(answer)
            raise NotAdmittedError(str(told.get("code")), str(told.get("title")), str(told.get("detail")))
        return _person(_expected(answer, OK))

    async def log_out_everywhere(self, name: str, *, client: str) -> None:
        """End a person's sessions at every door."""
        answer = await self._ask("POST", f"people/{quote(name, safe='')}/logout", {"client": client})
        if answer.code != NO_CONTENT:
            raise ManagerUnavailableError(f"it answered {answer.code}")

    async def verify(self, token: str, *, client: str) -> Bearer:
        """Ask whose a token is."""
        answer = await self._ask("POST", "tokens/verify", {"token": token, "client": client})
        if answer.code == UNAUTHORIZED and _read(answer).get("code") == "token-refused":
            raise TokenRefusedError
        told = _expected(answer, OK)
        try:
            return Bearer(
                person=_person(told),
                token_id=str(told["token_id"]),
                scopes=frozenset(map(str, told["scopes"])),
                expires_at=_seconds(told["expires_at"]),
            )
        except UNREADABLE as error:
            raise ManagerUnavailableError(repr(error)) from error

    async def revocations(self) -> Sequence[Revoked] | None:
        """Ask whose sessions are over."""
        answer = await self._ask("GET", "revocations", more={"If-None-Match": self._etag} if self._etag else {})
        if answer.code == NOT_MODIFIED:
            return None
        people = _expected(answer, OK).get("people")
        if not isinstance(people, list):
            raise ManagerUnavailableError("it names no people")
        self._etag = answer.headers.get("ETag")
        return [read for each in people if (read := _revoked(each)) is not None]

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, more: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        request = HTTPRequest(
            self._url + path, method=method, headers={**self._headers, **(more or {})},
            body=None if body is None else json.dumps(body), connect_timeout=TIMEOUT_SECONDS,
            request_timeout=TIMEOUT_SECONDS, follow_redirects=False, decompress_response=False,
        )  # fmt: skip
        try:
            return await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, ValueError) as error:
            raise ManagerUnavailableError(repr(error)) from error


def _expected(answer: HTTPResponse, code: int) -> dict[str, Any]:
    if answer.code != code:
        raise ManagerUnavailableError(f"it answered {answer.code}")
    return _read(answer)


def _read(answer: HTTPResponse) -> dict[str, Any]:
    """Read an object; ManagerUnavailableError when there is none: something else than a manager answers there."""
    try:
        told = json.loads(answer.body)
    except UNREADABLE as error:
        raise ManagerUnavailableError("what it answered cannot be read") from error
    if not isinstance(told, dict):
        raise ManagerUnavailableError("what it answered cannot be read")
    return told


def _person(told: Mapping[str, Any]) -> Person:
    name, shown = told.get("name"), told.get("shown_name")
    if not isinstance(name, str) or not isinstance(shown, str) or not is_user_name(name):
        raise ManagerUnavailableError("it names nobody")
    return Person(name=name, shown_name=shown)


def _revoked(raw: Any) -> Revoked | None:
    """Read one person; None, said once each time, when that cannot be read: the others must not wait for it."""
    try:
        name, at, barred = str(raw["name"]), raw["ended_before"], raw["barred"]
        if not is_user_name(name) or not isinstance(barred, bool):
            raise ValueError("that is no person")
        return Revoked(name=name, ended_before=None if at is None else _seconds(at), barred=barred)
    except UNREADABLE as error:
        log.error("a revocation cannot be read", extra={"cause": repr(error)})
        return None


def _seconds(text: str) -> float:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.timestamp()
