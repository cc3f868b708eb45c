"""API tokens: `shiva_<id>_<secret>`. The id is public, the secret has 256 bits of its own and is kept as a digest. Pure."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shiva_manager_api.domain.people import Token

ID_BYTES = 8
SECRET_BYTES = 32
MAX_TOKENS = 50  # that one person may have at once
FORM = re.compile(r"shiva_([0-9a-f]{16})_([0-9a-f]{64})", re.ASCII)


class TokenState(StrEnum):
    """What a token is good for."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The two halves of what a person keeps."""

    id: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        """Return what is shown, once."""
        return f"shiva_{self.id}_{self.secret}"


def parsed(text: str) -> Shown | None:
    """Return the halves of a token, or None: it is spelled like none."""
    found = FORM.fullmatch(text)
    return None if found is None else Shown(id=found[1], secret=found[2])


def digest(secret: str) -> bytes:
    """Return what is kept of a secret. It is random: no salt and no slowness is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def is_secret_of(token: Token, secret: str) -> bool:
    """Whether it is, in a time that tells nothing."""
    return hmac.compare_digest(token.digest, digest(secret))


def state(token: Token, *, now: datetime) -> TokenState:
    """Return whether a token is good."""
    if token.revoked_at is not None:
        return TokenState.REVOKED
    return TokenState.ACTIVE if now < token.expires_at else TokenState.EXPIRED
