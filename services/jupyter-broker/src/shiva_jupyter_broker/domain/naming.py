"""Names in URLs, ids and folders: person + name → id and prefix, and back.

A user name is already a slug when it gets here (the door makes it): `[a-z0-9.-]` stand for themselves, any other byte of
the UTF-8 name is `_hh`. It never holds `--`, so `<owner>--<name>` can be taken apart again, and two pairs never collide.
"""

import re

from shiva_jupyter_broker.domain.containers import ContainerId, UserName

SEPARATOR = "--"
DEFAULT = "default"
NOBODY = UserName("_00")  # whom a question about nobody in particular is asked for
MAX_LENGTH = 63
OWNER = re.compile(r"(?:[a-z0-9]|_[0-9a-f]{2})(?:[a-z0-9.-]|_[0-9a-f]{2})*", re.ASCII)
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)

# First path segments that JupyterLab and its server answer under a container's own prefix.
RESERVED = frozenset(
    {"api", "custom", "doc", "edit", "files", "hub", "kernelspecs", "lab", "login", "logout", "lsp", "metrics"}
    | {"nbconvert", "nbextensions", "notebooks", "oauth2", "proxy", "services", "static", "terminals", "tree"}
    | {"user", "view"}
)


class BadNameError(ValueError):
    """The name cannot be used; the message is a sentence for people."""


def checked_owner(text: str) -> UserName:
    """Return `text` as a user name, or raise BadNameError."""
    well_formed = OWNER.fullmatch(text) and SEPARATOR not in text and ".." not in text and text[-1] not in ".-"
    if len(text) > MAX_LENGTH or not well_formed:
        raise BadNameError(
            f"A user name has at most {MAX_LENGTH} lower-case letters, digits, single dots and dashes, and _hh for any other byte."
        )
    return UserName(text)


def checked_name(text: str) -> str:
    """Return `text` as a container's name, or raise BadNameError."""
    if len(text) > MAX_LENGTH or not NAME.fullmatch(text):
        raise BadNameError(
            f"A container's name has at most {MAX_LENGTH} lower-case letters and digits, with single dashes between."
        )
    if text in RESERVED:
        raise BadNameError(f"“{text}” is a word that Jupyter uses in its own addresses. Choose another name.")
    return text


def container_id(owner: UserName, name: str) -> ContainerId:
    """Return the id; `owner` and `name` are checked already."""
    return ContainerId(f"{owner}{SEPARATOR}{name}")


def parts(container: ContainerId) -> tuple[UserName, str]:
    """Return owner and name of an id; the inverse of `container_id`."""
    owner, _, name = container.partition(SEPARATOR)
    return UserName(owner), name


def is_id(text: str) -> bool:
    """Return whether a container could be called `text`."""
    owner, name = parts(ContainerId(text))
    try:
        return text == container_id(checked_owner(owner), checked_name(name))
    except BadNameError:
        return False


def prefix(owner: UserName, name: str) -> str:
    """Return the path under which the door serves the container, with both slashes."""
    return f"/user/{owner}/" if name == DEFAULT else f"/user/{owner}/{name}/"
