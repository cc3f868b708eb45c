"""Files that nobody but us reads: secrets, and what Prometheus and node_exporter ask of who comes."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import bcrypt


def write(path: Path, text: str) -> Path:
    """Write a file whole or not at all, and return its path."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return new.replace(path)


def web_config(path: Path, users: Mapping[str, str]) -> Path:
    """Write the `--web.config.file` that lets in these names with these passwords, and return its path.

    The hash is the cheapest: nobody guesses 256 random bits, and who tries costs little.
    """
    hashed = {name: bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode() for name, password in users.items()}
    return write(path, json.dumps({"basic_auth_users": hashed}))
