"""Names and passwords of registries, read from a file in the form of Docker's config.json."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from docker.auth import resolve_repository_name
from docker.utils import parse_repository_tag

from shiva_jupyter_broker.domain.containers import ImageRef

Credentials = Mapping[str, Mapping[str, str]]  # by registry: username and password


def read(path: Path | None) -> Credentials:
    """Return what the file says of each registry; nothing without a file.

    An entry has `username` and `password`, or both in `auth` as `docker login` writes them.

    Raises:
        ValueError: it cannot be used; the message names the file, never what stands in it.
    """
    if path is None:
        return {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))["auths"]
        return {_host(str(registry)): _pair(entry) for registry, entry in raw.items()}
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f'{path} must hold {{"auths": {{"registry": {{"username": …, "password": …}}}}}}') from None


def of(reference: ImageRef, known: Credentials) -> dict[str, str]:
    """Return what opens the reference's registry; empty where nobody told, so that none of the SDK's own is sent."""
    repository, _ = parse_repository_tag(reference)
    registry, _ = resolve_repository_name(repository)
    return dict(known.get(registry, {}))


def _host(registry: str) -> str:
    return registry.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _pair(entry: Mapping[str, str]) -> dict[str, str]:
    if "auth" in entry:
        username, colon, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
        if not colon:
            raise ValueError
        return {"username": username, "password": password}
    return {"username": str(entry["username"]), "password": str(entry["password"])}
