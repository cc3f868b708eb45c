"""A company: its people at their OpenID provider, its rules, and Shiva beside it; and a colleague without a browser."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.e2e import running
from tests.e2e.person import Person
from tests.fakes.oidc_provider import CALLBACK, Provider, Visitor, provider_standing
from tests.fakes.proxy_process import free_port, hidden

HOME = "example.com"
OK, SEE_OTHER = 200, 303
ADMINS = "gpu-admins"


def account(sub: str, email: str | None, hd: str | None, **more: Any) -> dict[str, Any]:
    """Return an account of the provider; None: it does not tell."""
    told = {"sub": sub, "email": email, "email_verified": True if email else None, "hd": hd, "name": sub.title()} | more
    return {name: value for name, value in told.items() if value is not None}


WELCOME = {
    one["sub"]: one
    for one in (
        account("ada", "ada@example.com", HOME, name="Ada Lovelace", picture="https://pictures.example/ada.png"),
        account("ken", "ken@example.com", HOME),
        account("capitals", "Grace.Hopper@Example.com", HOME),
        account("boss", "boss@example.com", HOME),
        account("grouped", "grouped@example.com", HOME, groups=["people", ADMINS]),
        account("guest", "guest@partner.example", None),
        account("lab-guest", "kim@lab.example", "lab.example"),
    )
}
REFUSED = {  # and by which code
    "no-hd": (account("no-hd", "no-hd@example.com", None), "wrong-domain"),
    "evil-hd": (account("evil-hd", "evil-hd@example.com", "evil.example"), "wrong-domain"),
    "hd-in-capitals": (account("hd-in-capitals", "capitals@example.com", "Example.COM"), "wrong-domain"),
    "sub-domain": (account("sub-domain", "me@sub.example.com", "sub.example.com"), "wrong-domain"),
    "longer-domain": (account("longer-domain", "me@example.com.evil.example", "example.com.evil.example"), "wrong-domain"),
    "ending": (account("ending", "me@notexample.com", "notexample.com"), "wrong-domain"),
    "empty-hd": (account("empty-hd", "empty@example.com", ""), "wrong-domain"),
    "unverified": (account("unverified", "unverified@example.com", HOME, email_verified=False), "email-unverified"),
    "verified-in-words": (account("verified-in-words", "words@example.com", HOME, email_verified="true"), "email-unverified"),
    "not-said-verified": (account("not-said-verified", "unsaid@example.com", HOME, email_verified=None), "email-unverified"),
    "unverified-guest": (account("unverified-guest", "guest2@partner.example", None, email_verified=False), "email-unverified"),
    "nameless": (account("nameless", None, HOME), "email-unverified"),
    "old-guest": (account("old-guest", "old@partner.example", None), "guest-expired"),
    "denied": (account("denied", "denied@example.com", HOME), "barred"),
}  # fmt: skip


def access() -> dict[str, Any]:
    """Return the manager's access file: who may come in."""
    now = datetime.now(UTC)
    future, past = ((now + timedelta(days=days)).date().isoformat() for days in (30, -30))
    return {
        "hosted_domains": [HOME],
        "home_domain": HOME,
        "guests": {
            "guest@partner.example": future,
            "kim@lab.example": future,
            "guest2@partner.example": future,
            "old@partner.example": past,
        },
        "denied": {"denied@example.com": "You left the company."},
        "admins": ["boss@example.com"],
        "admin_groups": [ADMINS],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Both, running."""

    provider: Provider
    suite: running.Running

    def hires(self, *accounts: Mapping[str, Any]) -> None:
        """Know these people too."""
        self.provider.know(*accounts, *WELCOME.values(), *(told for told, _ in REFUSED.values()))

    def colleague(self) -> "Colleague":
        """Return somebody who is not logged in anywhere yet."""
        return Colleague(self.suite.address)


@contextmanager
def company_standing(folder: Path) -> Iterator[Company]:
    """Start the provider, and Shiva whose people log in there; end both."""
    port = free_port()
    with provider_standing(folder, f"http://localhost:{port}/{CALLBACK}") as provider:
        door = {
            "issuer": provider.issuer, "client_id": provider.client_id, "client_secret": provider.client_secret,
            "provider_name": "Example", "scopes": "openid email profile groups", "groups_claim": "groups",
        }  # fmt: skip
        settings, state = folder / "oidc.json", folder / "suite"
        settings.write_text(json.dumps(door), encoding="utf-8")
        state.mkdir(mode=0o700)
        (state / "access.yaml").write_text(yaml.safe_dump(access()), encoding="utf-8")
        with running.suite(state, "--port", str(port), "--oidc", str(settings)) as suite:
            company = Company(provider=provider, suite=suite)
            company.hires()
            yield company


class Colleague(Person):
    """Logs in at the provider; each step by itself too."""

    def __init__(self, address: str) -> None:
        """Know where Shiva is (with a slash at the end)."""
        self.name, self.address = "", address
        self.session = requests.Session()
        self.session.headers.update({"Origin": address.rstrip("/"), "Accept": "text/html,application/json"})
        self.visitor = Visitor()

    def begin(self, wanted: str = "/", **more: str) -> str:
        """Press the button; return where it leads."""
        form = {"csrf_token": hidden(self.get("-/login").content), "next": wanted} | more
        answer = self.session.post(f"{self.address}-/login", data=form, allow_redirects=False, timeout=10)
        assert answer.status_code == SEE_OTHER, answer.text
        return answer.headers["Location"]

    def come_back(self, url: str) -> requests.Response:
        """Follow the provider's way back."""
        return self.session.get(url, headers={"Origin": None}, allow_redirects=False, timeout=10)

    def log_in(self, subject: str | None, wanted: str = "/") -> requests.Response:
        """Go all the way; None cancels at the provider."""
        answer = self.come_back(self.visitor.choose(self.begin(wanted), subject))
        if self.is_in():
            me = self.me()
            self.name = str(me["user"]["name"])
            self.session.headers["X-CSRF-Token"] = me["csrf_token"]
        return answer

    def is_in(self) -> bool:
        """Whether the door lets through to the manager."""
        return self.api("GET", "me", allow_redirects=False).status_code == OK

    def me(self) -> Mapping[str, Any]:
        """Return what the manager tells."""
        told: Mapping[str, Any] = self.api("GET", "me").json()
        return told
