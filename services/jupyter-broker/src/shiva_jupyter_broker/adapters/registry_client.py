"""A registry of images over HTTP: which digest a tag stands for, and which tags there are.

Source: OCI distribution specification 1.1 (Docker's registry API V2), with Docker's token authentication.
"""

import base64
import hashlib
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import parse_dict_header

from shiva_jupyter_broker.adapters.deadlines import HUNG_UP, NO_TLS, UNTRUSTED, DeadlineAdapter, insecure

KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SECONDS = 3.0  # for all that one question needs
MAX_BYTES = 4 * 2**20  # of an answer; registries accept no larger manifest
MAX_TAGS = 1000
PAGE = 200
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
OURS = {"architecture": "amd64", "os": "linux"}
MOST_BYTES = 2**50  # of a part of an image
TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
UNKNOWN = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"}
BUSY = {429, 500, 502, 503, 504}


class Trouble(StrEnum):
    """Why a registry told nothing."""

    AWAY = "away"  # no answer, none in time, or “not now”
    UNTRUSTED = "untrusted"  # its certificate
    CLOSED = "closed"  # it does not let us in
    GARBAGE = "garbage"  # an answer, but not a registry's
    MISSING = "missing"  # it has no such image


TLS_TROUBLES = {UNTRUSTED: Trouble.UNTRUSTED, HUNG_UP: Trouble.AWAY, NO_TLS: Trouble.GARBAGE}


class RegistryError(Exception):
    """The registry told nothing; the message is for the log and holds no secret."""

    def __init__(self, trouble: Trouble, why: str) -> None:
        """Keep which trouble it is."""
        super().__init__(why)
        self.trouble = trouble


def check_authority(ca: Path | None) -> None:
    """Refuse a file of which no connection could be made.

    Raises:
        ValueError: it cannot be read, or holds no certificate; the message names it.
    """
    try:
        ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise ValueError(f"{ca} should hold the authority of the registry's certificate: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of one repository, over connections of its own: those of the last time would often be gone."""

    session: requests.Session
    repository: str
    until: float


class RegistryClient:
    """One registry. Follows no redirect, and takes nothing from the environment."""

    def __init__(
        self, url: str, *, login: Mapping[str, str] | None = None, ca: Path | None = None, seconds: float = SECONDS
    ) -> None:
        """`login` has username and password, `ca` is who signed the registry's certificate where that is no public one."""
        self._url = url.rstrip("/")
        self._login = login or {}
        self._ca = ca
        self._seconds = seconds
        self._opens: dict[str, str] = {}  # by repository: what it was last opened with

    def digest(self, repository: str, tag: str) -> str:
        """Return the digest of what the tag stands for now, as worked out from what came.

        Raises:
            RegistryError: it cannot be told.
        """
        with self._question(repository) as question:
            answer, body = self._ask(question, f"{self._url}/v2/{repository}/manifests/{tag}")
        if answer.headers.get("Content-Type", "").partition(";")[0].strip() not in KINDS:
            raise RegistryError(Trouble.GARBAGE, "no manifest")
        found = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if answer.headers.get("Docker-Content-Digest", found) != found:
            raise RegistryError(Trouble.GARBAGE, "a manifest that is not what its digest says")
        return found

    def size(self, repository: str, digest: str) -> int | None:
        """Return how many bytes an engine fetches that has nothing of it; None where its manifest does not tell.

        Of an image for several kinds of machine it is the one for Linux on AMD64.

        Raises:
            RegistryError: it cannot be told.
        """
        with self._question(repository) as question:
            for _ in range(2):  # a manifest, or a list of manifests and then one of them
                _, body = self._ask(question, f"{self._url}/v2/{repository}/manifests/{digest}")
                told = _object(body)
                if (listed := told.get("manifests")) is None:
                    return _bytes([told.get("config"), *(told.get("layers") or [])])
                if (digest := _ours(listed)) == "":
                    break
        return None

    def tags(self, repository: str) -> tuple[str, ...]:
        """Return the repository's tags as the registry orders them, 1000 at most.

        Raises:
            RegistryError: they cannot be told.
        """
        found: list[str] = []
        with self._question(repository) as question:
            for page in self._pages(question, f"{self._url}/v2/{repository}/tags/list?n={PAGE}"):
                found += page
                if len(found) >= MAX_TAGS:
                    break
        return tuple(found[:MAX_TAGS])

    @contextmanager
    def _question(self, repository: str) -> Iterator[_Question]:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = True if self._ca is None else str(self._ca)
            for scheme in ("http://", "https://"):
                session.mount(scheme, DeadlineAdapter())
            yield _Question(session, repository, time.monotonic() + self._seconds)

    def _pages(self, question: _Question, url: str) -> Iterator[list[str]]:
        following: str | None = url
        while following is not None:
            answer, body = self._ask(question, following)
            tags = _object(body).get("tags") or []
            if not isinstance(tags, list) or not all(isinstance(each, str) and TAG.fullmatch(each) for each in tags):
                raise RegistryError(Trouble.GARBAGE, "no list of tags")
            yield tags
            link = answer.links.get("next", {}).get("url")
            following = None if link is None or not tags else urljoin(following, link)
            if following is not None and not following.startswith(f"{self._url}/v2/"):
                raise RegistryError(Trouble.GARBAGE, "a list of tags that goes on elsewhere")

    def _ask(self, question: _Question, url: str) -> tuple[requests.Response, bytes]:
        """Return a good answer and its body, having logged in where that was asked for."""
        answer, body = _send(question, url, self._opens.get(question.repository))
        if answer.status_code == requests.codes.unauthorized:
            opens = self._answer_to(answer.headers.get("WWW-Authenticate", ""), question)
            answer, body = _send(question, url, opens)
            self._opens[question.repository] = opens
        if answer.status_code != requests.codes.ok:
            raise _no(answer.status_code, body)
        return answer, body

    def _answer_to(self, challenge: str, question: _Question) -> str:
        """Return what opens a repository."""
        scheme, _, rest = challenge.partition(" ")
        given: Mapping[str, str | None] = parse_dict_header(rest)  # type: ignore[no-untyped-call]
        if scheme.lower() == "bearer" and given.get("realm"):
            return f"Bearer {self._token(given, question)}"
        if scheme.lower() == "basic" and self._login:
            return self._basic()
        raise RegistryError(Trouble.CLOSED, "it wants a name and a password")

    def _token(self, given: Mapping[str, str | None], question: _Question) -> str:
        realm = str(given["realm"])
        if urlsplit(realm).scheme not in {"https", urlsplit(self._url).scheme}:
            raise RegistryError(Trouble.GARBAGE, "it wants the password to travel in the open")
        scope = given.get("scope") or f"repository:{question.repository}:pull"
        wanted = {"service": given.get("service"), "scope": scope}
        answer, body = _send(question, realm, self._basic() if self._login else None, query=wanted)
        if answer.status_code != requests.codes.ok:
            raise _no(answer.status_code, body)
        said = _object(body)
        token = said.get("token") or said.get("access_token")
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise RegistryError(Trouble.GARBAGE, "no token")
        return token

    def _basic(self) -> str:
        pair = f"{self._login['username']}:{self._login['password']}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _send(
    question: _Question, url: str, opens: str | None, query: Mapping[str, str | None] | None = None
) -> tuple[requests.Response, bytes]:
    headers = {"Accept": ", ".join((*KINDS, "application/json")), "Accept-Encoding": "identity"}
    if opens is not None:
        headers["Authorization"] = opens
    half = max(0.001, question.until - time.monotonic()) / 2  # to connect, and to answer
    try:
        answer = question.session.get(
            url, params=query, headers=headers, timeout=(half, half), allow_redirects=False, stream=True
        )
        with answer:
            return answer, _read(answer)
    except requests.exceptions.SSLError as error:
        why = insecure(error)
        raise RegistryError(TLS_TROUBLES[why], why) from error
    except (requests.RequestException, OSError) as error:
        slow = isinstance(error, requests.Timeout | TimeoutError)
        raise RegistryError(Trouble.AWAY, "no answer in time" if slow else "no answer") from error


def _read(answer: requests.Response) -> bytes:
    body = b""
    for piece in answer.iter_content(2**16):
        body += piece
        if len(body) > MAX_BYTES:
            raise RegistryError(Trouble.GARBAGE, "an answer without end")
    return body


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RegistryError(Trouble.GARBAGE, "an answer that is no JSON object")
    return found


def _bytes(parts: Sequence[Any]) -> int | None:
    try:
        sizes = [part["size"] for part in parts]
    except (KeyError, TypeError):
        return None
    return sum(sizes) if all(type(each) is int and 0 <= each <= MOST_BYTES for each in sizes) else None


def _ours(listed: Any) -> str:
    """Return the digest of the manifest for our machines; empty where there is none."""
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and each.get("platform") == OURS and DIGEST.fullmatch(str(each.get("digest"))):
            return str(each["digest"])
    return ""


def _no(status: int, body: bytes) -> RegistryError:
    """Return what an answer other than 200 means; only a registry's own words make an image missing."""
    if status in {requests.codes.unauthorized, requests.codes.forbidden}:
        return RegistryError(Trouble.CLOSED, f"HTTP {status}")
    if status in BUSY:
        return RegistryError(Trouble.AWAY, f"HTTP {status}")
    try:
        codes = {str(each["code"]) for each in json.loads(body)["errors"]}
    except (ValueError, KeyError, TypeError):
        codes = set()
    missing = status == requests.codes.not_found and codes & UNKNOWN
    return RegistryError(Trouble.MISSING if missing else Trouble.GARBAGE, f"HTTP {status}")
