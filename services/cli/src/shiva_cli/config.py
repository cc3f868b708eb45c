"""Where Shiva is and with what token: `~/.config/shiva/config.json`, or SHIVA_URL and SHIVA_TOKEN."""

import ipaddress
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from shiva_cli.errors import Exit, own
from shiva_cli.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What is kept between two commands. None: not known, or not there."""

    address: str | None = None  # scheme and host, without a path
    token: str | None = None
    token_id: str | None = None
    expires_at: str | None = None  # RFC 3339; when the token ends
    insecure_http: bool = False  # the person said that http to another machine is meant

    def __repr__(self) -> str:
        """Tell no secret."""
        return f"Login({self.address})"

    def ends_at(self) -> datetime | None:
        """Return when the token ends, in UTC."""
        return Facts({"at": self.expires_at}).time("at")


def _folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    named = environ.get(variable, "")
    base = Path(named) if named.startswith("/") else Path(environ.get("HOME") or "/") / default
    return base / "shiva"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where what may be lost is kept."""
    return _folder(environ, "XDG_CACHE_HOME", ".cache")


def path(environ: Mapping[str, str]) -> Path:
    """Return where the configuration is."""
    return _folder(environ, "XDG_CONFIG_HOME", ".config") / "config.json"


def load(environ: Mapping[str, str]) -> Login:
    """Return what was kept; nothing, where nothing was.

    Raises:
        Trouble: the file is there and cannot be read.
    """
    file = path(environ)
    try:
        facts = Facts(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Login()
    except (OSError, ValueError) as error:
        raise own("config-broken", Exit.NOT_LOGGED_IN, path=file) from error
    return Login(
        address=facts.text("address"),
        token=facts.text("token"),
        token_id=facts.text("token_id"),
        expires_at=facts.text("expires_at"),
        insecure_http=facts.flag("insecure_http"),
    )


def save(environ: Mapping[str, str], login: Login) -> None:
    """Keep it, for its owner's eyes only; a reader sees the old file or the new one.

    Raises:
        Trouble: it cannot be kept.
    """
    file = path(environ)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(file, json.dumps(asdict(login), indent=2) + "\n")
    except OSError as error:
        raise own("config-not-kept", Exit.USAGE, path=file, why=error.strerror or error) from error


def write(file: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone."""
    handle, name = tempfile.mkstemp(dir=file.parent)  # 0600 from the first moment
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def in_force(environ: Mapping[str, str]) -> Login:
    """Return what holds for this command; a kept token goes to no other address than its own.

    Raises:
        Trouble: the file is broken, or an address is none.
    """
    url, token = environ.get("SHIVA_URL"), environ.get("SHIVA_TOKEN")
    kept = Login() if url and token else load(environ)
    if url:
        insecure = environ.get("SHIVA_INSECURE_HTTP") == "1"
        there = address(url, insecure_http=insecure or (kept.insecure_http and url == kept.address))
        kept = kept if there == kept.address else Login(address=there)
    elif kept.address:
        address(kept.address, insecure_http=kept.insecure_http)
    if token:
        kept = replace(kept, token=token, token_id=token_id(token), expires_at=None)
    return kept


def token_id(token: str) -> str | None:
    """Return the public half of `shiva_<id>_<secret>`; None where it is no such token."""
    parts = token.split("_")
    return parts[1] if len(parts) >= 3 and parts[0] == "shiva" else None


def address(text: str, *, insecure_http: bool = False) -> str:
    """Return scheme and host; without a scheme it is https, on the loopback http.

    Raises:
        Trouble: it is no address, or one to which a token would go in the clear.
    """
    given = text if "://" in text else f"//{text}"
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise own("bad-address", Exit.USAGE, address=text) from error
    scheme = parts.scheme or ("http" if is_loopback(host) else "https")
    beside = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if not host or scheme not in {"http", "https"} or beside or not text.isprintable() or " " in text:
        raise own("bad-address", Exit.USAGE, address=text)
    if scheme == "http" and not (insecure_http or is_loopback(host)):
        raise own("insecure-address", Exit.USAGE, address=text)
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port is not None else "")


def is_loopback(host: str) -> bool:
    """Return whether a name or an address never leaves this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def expires_soon(login: Login, now: datetime, *, days: int) -> datetime | None:
    """Return when the token ends if that is within `days`; None: later, or not known."""
    ends = login.ends_at()
    return ends if ends and (ends - now.astimezone(UTC)).days < days else None
