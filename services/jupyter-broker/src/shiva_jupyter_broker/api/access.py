"""Which caller may use which call: one token a service, each for its own slice."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from flask import Response, request
from shiva_common import bearer

from shiva_jupyter_broker.api import problems

ALLOWED: Mapping[str, frozenset[str]] = {
    "containers.listed": frozenset({"manager", "exporter"}),
    "containers.shown": frozenset({"manager", "exporter"}),
    "containers.activity": frozenset({"manager"}),
    "containers.log": frozenset({"manager"}),
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
    "metrics": frozenset({"metrics"}),
}
OPEN = frozenset({"health"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The callers' tokens; each at least 32 characters, all different."""

    manager: str = field(repr=False)
    proxy: str = field(repr=False)
    exporter: str = field(repr=False)
    metrics: str = field(repr=False)  # Prometheus'

    def __post_init__(self) -> None:
        """Refuse tokens that protect nothing."""
        tokens = [bearer.check(f"the token of {name}", token) for name, token in asdict(self).items()]
        if len(set(tokens)) < len(tokens):
            raise ValueError("each caller needs a token of its own")

    def caller(self, authorization: str | None) -> str | None:
        """Return whose token the header carries; every one is compared, so that the time taken tells nothing."""
        matches = [name for name, token in asdict(self).items() if bearer.is_from(authorization, token)]
        return matches[0] if matches else None


def check(tokens: Tokens) -> Response | None:
    """Return the refusal, or None when the caller may go on. To be called before each request."""
    if request.endpoint is None or request.endpoint in OPEN:
        return None
    caller = tokens.caller(request.headers.get("Authorization"))
    if caller is None:
        refusal = problems.answer(
            401, "unauthorized", "A token is needed", "Send Authorization with a bearer token of this broker."
        )
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    if caller not in ALLOWED.get(request.endpoint, frozenset()):
        return problems.answer(
            403,
            "forbidden",
            "This token is not for that",
            "Each service has a token for its own calls only.",
            caller=caller,
        )
    return None
