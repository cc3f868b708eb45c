"""Under which names the door answers, and what each serves: the wall between pages is the browser's, by origin. Pure.

`path`        one host for everything: for people who trust each other
`hosts`       dashboard, API and login under some names, notebooks under others
`subdomains`  the same, and each person's notebooks under a name of their own
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote

from shiva_jupyter_proxy.domain import access
from shiva_jupyter_proxy.domain.access import Place

MAX_LABEL = 63
ENTER = "/-/enter"
HANDOVER = "/-/handover"
START = "/-/start"
OWN_ASSETS = "/-/assets/"
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
ESCAPES = {".": "d--", "_": "u--"}
PORTS = {"http": 80, "https": 443}


class Mode(StrEnum):
    """How names are shared out."""

    PATH = "path"
    HOSTS = "hosts"
    SUBDOMAINS = "subdomains"


class Kind(StrEnum):
    """What a name is for."""

    EVERYTHING = "everything"
    APP = "app"  # dashboard, API, login
    NOTEBOOKS = "notebooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A name of ours."""

    kind: Kind
    host: str = ""  # of notebooks: where a session of theirs holds
    label: str | None = None  # only this person's notebooks

    def serves(self, place: Place, path: str) -> bool:
        """Whether a path belongs here."""
        if self.kind is Kind.EVERYTHING:
            return True
        if self.kind is Kind.APP:
            return place is not Place.CONTAINER and path != ENTER
        if place is Place.CONTAINER:
            return self.label is None or self.label == label(access.owner_of(path))
        return path == ENTER or path.startswith(OWN_ASSETS)


@lru_cache(maxsize=4096)
def label(user: str) -> str:
    """Return the DNS label of a user name; two people never share one.

    A user name holds no two dashes in a row, so `d--` can stand for its dots and `u--` for its underscores. What gets too
    long is hashed, behind `h--`, which no spelling holds.
    """
    spelled = "".join(ESCAPES.get(character, character) for character in user)
    return spelled if len(spelled) <= MAX_LABEL else f"h--{hashlib.sha256(user.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Every name, and how browsers write it."""

    mode: Mode = Mode.PATH
    hosts: tuple[str, ...]  # in lower case
    notebook_hosts: tuple[str, ...] = ()
    notebook_domain: str = ""
    scheme: str = "http"
    port: int = 80
    _sites: dict[str, Site] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Look names up, however many requests come."""
        kind = Kind.EVERYTHING if self.mode is Mode.PATH else Kind.APP
        self._sites.update({host: Site(kind=kind) for host in self.hosts})
        self._sites.update({host: Site(kind=Kind.NOTEBOOKS, host=host) for host in self.notebook_hosts})

    def site(self, host: str) -> Site | None:
        """Return what a Host header names; None when that is nothing of ours."""
        name = access.host_name(host)
        found = self._sites.get(name)
        if found is None and self.mode is Mode.SUBDOMAINS:
            first, _, domain = name.partition(".")
            if domain == self.notebook_domain and len(first) <= MAX_LABEL and LABEL.fullmatch(first):
                return Site(kind=Kind.NOTEBOOKS, host=name, label=first)
        return found

    @property
    def app(self) -> str:
        """The dashboard's origin."""
        return self._origin(self.hosts[0])

    def notebook_host(self, owner: str) -> str:
        """Return the name under which a person's notebooks are."""
        return f"{label(owner)}.{self.notebook_domain}" if self.notebook_domain else self.notebook_hosts[0]

    def notebooks(self, owner: str) -> str:
        """Return the origin of a person's notebooks."""
        return self._origin(self.notebook_host(owner))

    @property
    def every_notebook(self) -> str:
        """All origins of notebooks, as a Content-Security-Policy names them; empty in path mode."""
        names = (f"*.{self.notebook_domain}",) if self.notebook_domain else self.notebook_hosts
        return " ".join(self._origin(name) for name in names)

    def handover(self, target: str, state: str) -> str:
        """Return where a notebook's page without a session goes, to come back with one."""
        return f"{self.app}{HANDOVER}?to={quote(target, safe='')}&state={quote(state, safe='')}"

    def start(self, target: str) -> str:
        """Return the page that starts a container and goes on to `target`."""
        return f"{self.app}{START}?wanted={quote(target, safe='')}"

    def elsewhere(self, site: Site, place: Place, target: str) -> str | None:
        """Return where a page is that `site` does not serve; None where there is none."""
        if place is Place.CONTAINER:
            return self.notebooks(access.owner_of(target.partition("?")[0])) + target
        return f"{self.app}/" if site.kind is Kind.NOTEBOOKS and place is Place.INSIDE else None

    def _origin(self, host: str) -> str:
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"
