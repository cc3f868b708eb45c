"""Bearer tokens between our services: what a good one is, and a comparison whose time tells nothing."""

import hmac

MIN_LENGTH = 32
RULE = f"must have at least {MIN_LENGTH} characters, of ASCII and without spaces"


def is_good(token: str) -> bool:
    """Whether nobody can guess it, and a header can carry it."""
    return len(token) >= MIN_LENGTH and token.isascii() and token.isprintable() and " " not in token


def check(name: str, token: str) -> str:
    """Return `token`; ValueError, with the setting's `name`, when it is not a good one."""
    if not is_good(token):
        raise ValueError(f"{name} {RULE}")
    return token


def is_from(authorization: str | None, token: str) -> bool:
    """Whether an `Authorization` header carries `token`; None: there is no header."""
    scheme, _, given = (authorization or "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
    return same and scheme.lower() == "bearer"
