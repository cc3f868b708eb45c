"""Certificates of an authority that lives as long as its folder."""

from dataclasses import dataclass
from pathlib import Path

from certipy import Certipy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key, in PEM files."""

    cert: Path
    key: Path
    ca: Path  # who signed it


def signed(folder: Path, name: str, *, address: str = "127.0.0.1") -> Pair:
    """Return a pair for an address and localhost, signed by the folder's own authority."""
    made = Certipy(store_dir=str(folder / "certificates"))
    authority = made.create_ca(f"ca-of-{name}")["files"]
    files = made.create_signed_pair(name, f"ca-of-{name}", alt_names=[f"IP:{address}", "DNS:localhost"])["files"]
    return Pair(cert=Path(files["cert"]), key=Path(files["key"]), ca=Path(authority["cert"]))
