"""The certified OpenID provider of tests/oidc, as a process of its own, and a visitor who logs in there without a browser."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tests.require import require

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / ".tools/bin/node"
INSTALLED = ROOT / ".tools/oidc/.stamp"
CALLBACK = "-/login/callback"
SEE_OTHER = 303


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A running provider with one confidential client, which is Shiva."""

    issuer: str
    client_id: str
    client_secret: str
    accounts_file: Path

    def know(self, *accounts: Mapping[str, Any]) -> None:
        """Know these accounts from the next login on."""
        self.accounts_file.write_text(json.dumps(accounts), encoding="utf-8")

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish that one alone."""
        requests.post(f"{self.issuer}/rotate", timeout=10).raise_for_status()


@contextmanager
def provider_standing(folder: Path, *redirect_uris: str) -> Iterator[Provider]:
    """Start it for these callbacks, and end it."""
    require("oidc-provider", present=INSTALLED.exists(), reason="it is not installed (make .tools/oidc/.stamp)")
    accounts_file = folder / "accounts.json"
    accounts_file.write_text("[]", encoding="utf-8")
    command = [str(part) for part in (NODE, ROOT / "tests/oidc/provider.mjs", accounts_file, *redirect_uris)]
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        with process.stdout as said:
            line = said.readline()
        assert line, (folder / "provider.log").read_text("utf-8", "replace")
        yield Provider(accounts_file=accounts_file, **json.loads(line))
    finally:
        process.communicate(timeout=20)  # its input ends, and so does it; so it would if we were killed


class Visitor:
    """Somebody at the provider's pages, with the provider's cookies and no others."""

    def __init__(self) -> None:
        """Come for the first time."""
        self._session = requests.Session()

    def choose(self, authorize: str, subject: str | None) -> str:
        """Log in as `subject` (None: cancel), or as before where the provider still knows; return where it leads back."""
        answer = self._session.get(authorize, allow_redirects=False, timeout=10)
        while answer.status_code in {302, SEE_OTHER}:
            url = urljoin(answer.url, answer.headers["Location"])
            if urlsplit(url).netloc != urlsplit(authorize).netloc:
                return url
            answer = self._session.get(url, allow_redirects=False, timeout=10)
            if found := re.search(r'action="(/interaction/[^"]+)"', answer.text):
                answer = self._session.post(
                    urljoin(url, found[1]), data={"sub": subject or ""}, allow_redirects=False, timeout=10
                )
        raise AssertionError(f"the provider says {answer.status_code}: {answer.text}")
