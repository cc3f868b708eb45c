"""Login of a program without a browser of its own (RFC 8628): a code here, a page there, a token in the end."""

import platform
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from shiva_cli.api import Api
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, Trouble, of_api, own
from shiva_cli.facts import Facts
from shiva_cli.safe import clean

INTERVAL_SECONDS = 5.0  # where the server names none
SLOW_DOWN_SECONDS = 5.0
EXPIRES_SECONDS = 600.0
MAX_SECONDS = 3600.0
MAX_CLIENT = 64  # characters


def token(shiva: Shiva, api: Api, scopes: Sequence[str], *, client: str | None, browser: bool) -> Facts:
    """Return the answer that holds a new token, once a person has let this program in.

    Raises:
        Trouble: they refused, nobody came in time, or nobody answers.
    """
    name = client or f"shiva · {platform.node() or 'unknown'}"
    begun = api.send("POST", "device/code", {"client": name[:MAX_CLIENT], "scopes": list(scopes)}, tries=1).facts
    code, user_code = begun.text("device_code"), begun.text("user_code")
    if not code or not user_code:
        raise own("not-shiva", Exit.UNREACHABLE, address=api.address, status=200)
    page = _page(api.address, begun.text("verification_uri_complete"))
    if browser and page and shiva.world.browse(page):
        shiva.out.remark(shiva.words("device.opened", page=page, code=user_code), urgent=True)
    else:
        plain = _page(api.address, begun.text("verification_uri")) or page or f"{api.address}/device"
        shiva.out.remark(shiva.words("device.go", page=plain, code=user_code), urgent=True)
    return _polled(shiva, api, code, begun)


def _page(address: str, uri: str | None) -> str | None:
    """Return a page of this very server; None: the server named another place, where nobody should type a code."""
    page = urljoin(address, uri or "")
    parts = urlsplit(page)
    same = f"{parts.scheme}://{parts.netloc}" == address
    return clean(page) if uri and same and page.isprintable() else None


def _polled(shiva: Shiva, api: Api, code: str, begun: Facts) -> Facts:
    interval = max(1.0, begun.number("interval") or INTERVAL_SECONDS)
    until = shiva.world.monotonic() + min(MAX_SECONDS, begun.number("expires_in") or EXPIRES_SECONDS)
    while True:
        shiva.world.sleep(interval)
        try:
            answer = api.send("POST", "device/token", {"device_code": code}, tries=1).facts
        except Trouble as trouble:
            interval += SLOW_DOWN_SECONDS if trouble.code == "slow-down" or trouble.status is None else 0.0
            asked = trouble.code in {"authorization-pending", "slow-down"}
            late = shiva.world.monotonic() > until
            if late and asked:
                raise of_api(400, "device-expired", {}, "", "") from trouble
            if late or not (asked or trouble.transient):
                raise
            continue
        if not answer.text("token"):
            raise own("not-shiva", Exit.UNREACHABLE, address=api.address, status=200)
        return answer
