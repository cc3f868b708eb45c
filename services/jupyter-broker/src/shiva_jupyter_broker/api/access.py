"""Which caller may use which call: one token a service, each for its own slice."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response, request

from shiva_jupyter_broker.api import problems
from shiva_jupyter_broker.settings import MIN_TOKEN_LENGTH

ALLOWED: Mapping[str, frozenset[str]] = {
    "containers.listed": frozenset({"manager", "exporter"}),
    "containers.shown": frozenset({"manager", "exporter"}),
    "containers.activity": frozenset({"manager"}),
    "containers.launch": frozenset({"manager"}),
    "containers.stop": frozenset({"manager"}),
    "containers.explain": frozenset({"manager"}),
    "machines.machines": frozenset({"manager"}),
    "machines.drain": frozenset({"manager"}),
    "machines.disable": frozenset({"manager"}),
    "machines.images": frozenset({"manager"}),
    "machines.pull": frozenset({"manager"}),
    "routes.routes": frozenset({"proxy"}),
    "routes.activity": frozenset({"proxy"}),
}
OPEN = frozenset({"health", "metrics"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The callers' tokens; each at least 32 characters, all different."""

    manager: str = field(repr=False)
    proxy: str = field(repr=False)
    exporter: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse tokens that protect nothing."""
        tokens = [self.manager, self.proxy, self.exporter]
        if any(len(token) < MIN_TOKEN_LENGTH for token in tokens) or len(set(tokens)) < len(tokens):
            raise ValueError(f"each caller needs a token of its own, of at least {MIN_TOKEN_LENGTH} characters")

    def caller(self, token: str) -> str | None:
        """Return whose token it is; every one is compared, so that the time taken tells nothing."""
        names = {"manager": self.manager, "proxy": self.proxy, "exporter": self.exporter}
        given = token.encode("utf-8", "surrogateescape")
        matches = [name for name, known in names.items() if hmac.compare_digest(known.encode(), given)]
        return matches[0] if matches else None


def check(tokens: Tokens) -> Response | None:
    """Return the refusal, or None when the caller may go on. To be called before each request."""
    if request.endpoint is None or request.endpoint in OPEN:
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = tokens.caller(token.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        return problems.answer(
            401, "unauthorized", "A token is needed", "Send Authorization with a bearer token of this broker."
        )
    if caller not in ALLOWED.get(request.endpoint, frozenset()):
        return problems.answer(
            403,
            "forbidden",
            "This token is not for that",
            "Each service has a token for its own calls only.",
            caller=caller,
        )
    return None
