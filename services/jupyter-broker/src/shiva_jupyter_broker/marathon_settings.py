"""What the broker needs to know at its start where Marathon is its engine."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

GROUP = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarathonSettings:
    """Part of the broker's settings; without `marathon_urls` Marathon is not asked."""

    marathon_urls: tuple[str, ...] = ()  # of every Marathon: the one that leads, and those that stand by
    marathon_user: str = ""
    marathon_password: str = field(default="", repr=False)
    marathon_ca: Path | None = None  # the authority that signed Marathon's certificate, where it is not a public one
    marathon_group: str = "shiva"  # all apps are under it; another one for each installation
    marathon_sized_layers: bool = False  # every machine's storage driver can limit what a container writes
    mesos_urls: tuple[str, ...] = ()  # of every Mesos master; without them a lost machine is known by its tasks alone

    def marathon_rules(self) -> dict[str, bool]:
        """Return what must hold where Marathon is the engine."""
        return {
            "MARATHON_URLS must be one or more http(s) addresses without path and password": bool(self.marathon_urls)
            and all(map(is_plain, self.marathon_urls)),
            "MESOS_URLS must be http(s) addresses without path and password": all(map(is_plain, self.mesos_urls)),
            "MARATHON_USER and MARATHON_PASSWORD go together": bool(self.marathon_user) == bool(self.marathon_password),
            "MARATHON_GROUP must be at most 40 lower-case letters, digits and inner dashes": GROUP.fullmatch(
                self.marathon_group
            )
            is not None,
        }


def is_plain(url: str) -> bool:
    """Tell whether it is an http(s) address without path and password."""
    parts = urlsplit(url)
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.path in {"", "/"}
        and "@" not in parts.netloc
    )
