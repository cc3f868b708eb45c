"""How user names are spelled in URLs, ids and folders. Who gets which is the manager's to say. Pure."""

import re

MAX_LENGTH = 63
GRAMMAR = re.compile(r"(?:[a-z0-9]|_[0-9a-f]{2})(?:[a-z0-9.-]|_[0-9a-f]{2})*", re.ASCII)


def is_user_name(text: str) -> bool:
    """Whether `text` is spelled like a user name."""
    return (
        len(text) <= MAX_LENGTH
        and GRAMMAR.fullmatch(text) is not None
        and "--" not in text
        and ".." not in text
        and text[-1] not in ".-"
    )
