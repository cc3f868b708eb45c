"""What Marathon calls our apps: a container's id and launch as one path that Marathon accepts, injectively. Pure."""

import hashlib

from shiva_jupyter_broker.domain.containers import ContainerId, ImageRef, LaunchId, MachineName

MAX_PART = 78  # a group of 40, two parts and the separators stay below the 200 that leave room for Mesos' task ids
HASHED = "xh"  # no escape: h is no hexadecimal digit
PULL = "pull"  # no container id is without a double dash


def app_id(group: str, container: ContainerId, launch: LaunchId) -> str:
    """Return the id of a container's app, fresh for every launch; a dot stands in none of its parts."""
    return f"/{group}/{_encoded(container)}.{_encoded(launch)}"


def pull_id(group: str, reference: ImageRef, machine: MachineName) -> str:
    """Return the id of the app that fetches an image on a machine: the same each time, so that it is fetched once."""
    return f"/{group}/{PULL}.{_hashed(f'{machine} {reference}')}"


def _encoded(text: str) -> str:
    """Spell `text` in lower-case letters, digits and inner dashes; every other byte, and x itself, is xhh."""
    spelled = "".join(map(_spelled, text.encode()))
    if spelled.startswith("-"):
        spelled = f"x2d{spelled[1:]}"
    if spelled.endswith("-"):
        spelled = f"{spelled[:-1]}x2d"
    return spelled if len(spelled) <= MAX_PART else spelled[: MAX_PART - 42] + HASHED + _hashed(text)


def _spelled(byte: int) -> str:
    character = chr(byte)
    plain = (
        character.isascii() and (character.islower() or character.isdigit() or character == "-") and character != "x"
    )
    return character if plain else f"x{byte:02x}"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
