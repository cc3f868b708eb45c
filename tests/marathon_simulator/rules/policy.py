"""What a Marathon was started with that decides about app definitions, and the shape of an objection."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

App = dict[str, Any]
Objection = tuple[str, str]  # path, message
Objections = Iterator[Objection]


class ConversionError(Exception):
    """Validation let it pass, and the conversion behind it fails: HTTP 500."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Flags of Marathon."""

    features: frozenset[str] = frozenset({"task_killing"})
    role: str = "*"
    default_network_name: str | None = None

    def off(self, feature: str) -> str | None:
        """Return the objection to a feature that is not enabled."""
        if feature in self.features:
            return None
        return f"Feature {feature} is not enabled. Enable with --enable_features {feature})"


def docker_engine(app: App) -> bool:
    """Return whether the app has a container of the Docker containerizer."""
    return "container" in app and app["container"]["type"] == "DOCKER"
