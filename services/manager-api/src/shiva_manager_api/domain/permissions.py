"""Who may do what. Pure."""

from enum import StrEnum

from shiva_common.identity import Identity

from shiva_manager_api.domain.people import Scope


class Access(StrEnum):
    """What an operation asks of who uses it; `x-shiva-access` in openapi.yaml."""

    READ = "read"  # the scope; sessions have every one
    CONTAINERS = "containers"  # the scope
    ADMIN = "admin"  # the scope, and the role besides
    SESSION = "session"  # a person at the dashboard; no token
    OPEN = "open"  # whoever came through the door
    DOOR = "door"  # the door itself, with its own token
    METRICS = "metrics"  # Prometheus, with its own token
    NONE = "none"  # whoever reaches the port


SERVICES = frozenset({Access.DOOR, Access.METRICS, Access.NONE})  # nobody's identity is asked for
SCOPES = frozenset({Access.READ, Access.CONTAINERS, Access.ADMIN})


def owner_of(container_id: str) -> str:
    """Return whose a container is: that is part of its id, so nobody learns whether another's exists."""
    return container_id.partition("--")[0]


def is_somebody(identity: Identity) -> bool:
    """Whether a person is named; a program that logs in is nobody yet."""
    return identity.name != ""


def has_scope(identity: Identity, scope: str) -> bool:
    """Whether a session or the token shown may do what asks for `scope`. The role is another question."""
    return identity.token_id is None or scope in identity.scopes


def may_act_as_admin(identity: Identity) -> bool:
    """Whether an admin's role is worth anything in this request: not with a token that lacks its scope."""
    return has_scope(identity, Scope.ADMIN)
