"""Nouns about people, with what a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shiva_manager_api.domain.people import Act, Claims, DeviceLogin, Scope, StartRequest, Token

NOW = datetime(2026, 11, 29, 10, 30, 15, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = Claims(
    issuer="https://id.example", subject="1", email="ada@example.org", email_verified=True, hosted_domain="example.org",
    groups=frozenset({"staff", "gpu"}), shown_name="Ada L.", picture="https://id.example/1.png",
)  # fmt: skip
KEN = Claims(issuer="https://id.example", subject="2")


def token(key: str = "t1", **changes: Any) -> Token:
    """Return one of ada's."""
    given: dict[str, Any] = {
        "id": key, "owner": "ada", "label": "laptop", "digest": b"\x00\xff" * 16, "created_at": NOW,
        "scopes": frozenset({Scope.READ, Scope.CONTAINERS}), "expires_at": NOW + 90 * DAY,
    }  # fmt: skip
    return Token(**given | changes)


def device(number: int = 1, **changes: Any) -> DeviceLogin:
    """Return one that waits."""
    given: dict[str, Any] = {
        "device_digest": number.to_bytes(32), "user_code": f"CODE{number:04}", "client": "shiva on a laptop",
        "asked_from": "2001:db8::1", "scopes": frozenset({Scope.READ}), "created_at": NOW, "expires_at": NOW + 10 * MINUTE,
    }  # fmt: skip
    return DeviceLogin(**given | changes)


def act(action: str = "container.stop", **changes: Any) -> Act:
    """Return something that ada did."""
    given: dict[str, Any] = {
        "at": NOW, "actor": "ada", "client": "192.0.2.1", "token_id": None, "action": action, "target": "ken--default",
    }  # fmt: skip
    return Act(**given | changes)


def start(key: str = "k1", **changes: Any) -> StartRequest:
    """Return a start that ada asked for."""
    given: dict[str, Any] = {"owner": "ada", "key": key, "fingerprint": "wish", "at": NOW}
    return StartRequest(**given | changes)
