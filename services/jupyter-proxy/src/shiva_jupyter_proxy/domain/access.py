"""Where a path leads, and whether the page that sent a request may send it. Pure."""

import re
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from shiva_jupyter_proxy.domain import names
from shiva_jupyter_proxy.domain.messages import RequestHead

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
USER = "/user/"
API = "/api/"
HOME = "/"
MAX_NEXT = 2048  # it travels through addresses, twice escaped
OWN_PATH = re.compile(rb"/(?![/\\])")
CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")


class Place(StrEnum):
    """Who answers a path."""

    INSIDE = "inside"  # the door's own pages, and the dashboard's files
    API = "api"
    CONTAINER = "container"
    NOWHERE = "nowhere"  # the path cannot be read in one way only


def plain(path: str) -> bool:
    """Whether there is nothing in a path that anybody could read in two ways."""
    return "%" not in path and "/." not in path and "\\" not in path


def place(path: str) -> Place:
    """Return who answers. The path that is judged is the path that is forwarded, byte for byte."""
    if not plain(path):
        decoded = [unquote_to_bytes(segment) for segment in path.split("/")]
        if "\\" in path or any(segment in {b".", b".."} for segment in decoded):
            return Place.NOWHERE
    if path.startswith(API):
        return Place.API
    if not path.startswith(USER):
        return Place.INSIDE
    owner = path[len(USER) :].partition("/")[0]
    return Place.CONTAINER if names.is_user_name(owner) else Place.NOWHERE


def owner_of(path: str) -> str:
    """Return the user name in a container's path."""
    return path[len(USER) :].partition("/")[0]


def host_name(host: str) -> str:
    """Return a Host header without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdecimal() or not port) else host).lower()


def from_own_page(head: RequestHead, *, origin: str) -> bool:
    """Whether a request that changes something, or opens a socket, comes from a page of `origin`, where it was sent to.

    A browser always says where such a request comes from; who does not say it has no business with a cookie.
    """
    if origins := head.values("origin"):
        return origins == [origin]
    return head.values("sec-fetch-site") in (["same-origin"], ["none"])


def from_elsewhere(head: RequestHead, *, origin: str) -> bool:
    """Whether a page of another origin asks, for whatever."""
    said = head.values("sec-fetch-site")
    return any(site not in {"same-origin", "none"} for site in said) or any(
        each != origin for each in head.values("origin")
    )


def is_visit(head: RequestHead) -> bool:
    """Whether a person goes there: a link from elsewhere is followed, and nothing is embedded or fetched."""
    return head.values("sec-fetch-mode") == ["navigate"] and head.values("sec-fetch-dest") == ["document"]


def needs_own_page(head: RequestHead) -> bool:
    """Whether the origin of a request matters: it may change something, or it opens a socket."""
    return head.method not in SAFE or head.upgrade is not None


def safe_next(wanted: str) -> str:
    """Return where to go after login: a path of our own, or the home page.

    Its path is judged as it stands, and as it would be after one and two more readings of its escapes.
    """
    if len(wanted) > MAX_NEXT or not wanted.isascii() or not wanted.isprintable() or " " in wanted or "\\" in wanted:
        return HOME
    path = wanted.partition("?")[0]
    once = unquote_to_bytes(path)
    forms = (path.encode("ascii"), once, unquote_to_bytes(once))
    good = all(OWN_PATH.match(form) and not CONTROLS.search(form) for form in forms)
    return wanted if good and place(path) is not Place.NOWHERE else HOME
