"""Who asks: what the header lines of a request say by themselves, worked out once for all requests that carry them."""

import time
from dataclasses import dataclass

from shiva_jupyter_proxy.domain import access, headers
from shiva_jupyter_proxy.domain.cookies import CookieNames, own_cookie
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.messages import Forward, Peer, RequestHead
from shiva_jupyter_proxy.domain.origins import Kind, Origins, Site
from shiva_jupyter_proxy.domain.ports import Session, Sessions
from shiva_jupyter_proxy.domain.routes import Route

MOST = 256  # addresses that send the very same header lines
JUDGED_SECONDS = 1.0  # what was worked out of header lines is worked out anew after this long


@dataclass(slots=True, kw_only=True)
class Caller:
    """What they say."""

    until: float  # monotonic
    scheme: str
    client: str  # its address
    host: str
    site: Site | None
    own_page: bool
    from_elsewhere: bool
    visit: bool
    session: Session | None
    cookie: str = ""  # that proved it
    route: Route | None = None  # the last one
    forward: Forward | None = None  # the way there

    @property
    def of_notebooks(self) -> bool:
        """Whether a host of notebooks was called, which knows less than the dashboard's."""
        return self.site is not None and self.site.kind is Kind.NOTEBOOKS


class Callers:
    """Works it out."""

    def __init__(self, origins: Origins, cookies: CookieNames, sessions: Sessions) -> None:
        """`origins` are the names under which people may call us."""
        self._origins = origins
        self._cookies = cookies
        self._sessions = sessions

    def caller(self, head: RequestHead, peer: Peer) -> Caller:
        """Return who sent a request over a connection with `peer`."""
        now, notes = time.monotonic(), head.notes
        key = (peer.address, peer.scheme, peer.trusted)
        known = notes.get(key) if notes is not None else None
        if isinstance(known, Caller) and known.until > now:
            return known
        said = headers.said_by_proxy(head) if peer.trusted else {}
        host, scheme = said.get("host") or head.value("host") or "", said.get("proto") or peer.scheme
        site, origin = self._origins.site(host), f"{scheme}://{host}"
        session, cookie = self._session(head, site)
        caller = Caller(
            until=now + JUDGED_SECONDS,
            scheme=scheme,
            client=said.get("for", peer.address),
            host=host,
            site=site,
            own_page=access.from_own_page(head, origin=origin),
            from_elsewhere=access.from_elsewhere(head, origin=origin),
            visit=access.is_visit(head),
            session=session,
            cookie=cookie,
        )
        if notes is not None:
            keep(notes, key, caller, most=MOST)
        return caller

    def _session(self, head: RequestHead, site: Site | None) -> tuple[Session | None, str]:
        """Return who is asking, and the cookie that says so; hosts of notebooks have another one than the dashboard's."""
        if site is None:
            return None, ""
        cookie = own_cookie(head, self._cookies.notebook if site.kind is Kind.NOTEBOOKS else self._cookies.session)
        return self._sessions.session(cookie, host=site.host), cookie or ""
