"""Text for terminals: nothing in it may move the cursor, and columns stand straight in every script. Pure."""

import json
import unicodedata
from collections.abc import Sequence

import click

JOINERS = "\u200c\u200d"  # scripts and emoji need them


def _harmless(char: str) -> bool:
    return char in JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clean(text: object) -> str:
    """Return one line without control characters, direction marks and halves of characters; they read as U+FFFD."""
    return "".join(char if _harmless(char) else " " if char in "\n\t" else "\ufffd" for char in str(text))


def as_json(body: object, *, indent: int | None = 2) -> str:
    """Return a JSON document whose dangerous characters are escapes."""
    written = json.dumps(body, ensure_ascii=False, indent=indent, allow_nan=False)
    return "".join(char if char == "\n" or _harmless(char) else _escape(char) for char in written)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"


def width(text: str) -> int:
    """Return how many columns a terminal gives it, colors not counted."""
    plain = click.unstyle(text)
    return sum(_columns(char) for char in plain)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or char in JOINERS or unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines whose columns begin at the same place; the cells are clean already."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
