"""Who may do what. Pure."""

from shiva_common.identity import Identity

ADMIN = "admin"


def may_touch(identity: Identity, owner: str) -> bool:
    """Whether the person may see and end a container of `owner`: the owner, and admins."""
    return identity.name == owner or identity.role == ADMIN
