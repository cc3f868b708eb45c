"""Who may do what. Pure."""

from shiva_common.identity import Identity


def may_touch(identity: Identity, owner: str) -> bool:
    """Whether the person may see and end a container of `owner`."""
    return identity.name == owner
