"""People of a company and their provider, as the tests of the login know them."""

from datetime import UTC, datetime, timedelta
from typing import Any

HOME = "example.com"
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
        "denied": {"denied@example.com": "left the company"},
        "admins": ["boss@example.com"],
        "admin_groups": [ADMINS],
    }
