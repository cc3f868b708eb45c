"""Who somebody is → the user name in URLs, ids and folders. Injective: two people never share one. Pure.

`[a-z0-9.-]` stand for themselves, every other byte of the name in UTF-8 (NFC) is `_hh`. A leading or trailing dot or dash, a
dash after a dash and a dot after a dot are escaped too, so that a user name is never `..`, and never holds `--`.
"""

import re
import unicodedata

MAX_LENGTH = 63
MAX_SHOWN = 64
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")
MARKS = frozenset(b".-")
GRAMMAR = re.compile(r"(?:[a-z0-9]|_[0-9a-f]{2})(?:[a-z0-9.-]|_[0-9a-f]{2})*", re.ASCII)
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class NameRefusedError(ValueError):
    """The name cannot be used; the message is a sentence for the person."""


def visible(text: str) -> str:
    """Return the text composed (NFC), on one line, without what nobody can see and without spaces around it."""
    spaced = "".join(" " if character in "\t\n\r" else character for character in unicodedata.normalize("NFC", text))
    return "".join(character for character in spaced if unicodedata.category(character) not in UNSEEN).strip()


def shown_name(typed: str) -> str:
    """Return the name as people will read it: composed (NFC), without spaces around it.

    Raises:
        NameRefusedError: it is empty, too long, or holds what nobody can see.
    """
    name = unicodedata.normalize("NFC", typed).strip()
    if not name:
        raise NameRefusedError("Type a name.")
    if len(name) > MAX_SHOWN:
        raise NameRefusedError(f"That name is too long: at most {MAX_SHOWN} characters.")
    if any(unicodedata.category(character) in UNSEEN for character in name):
        raise NameRefusedError("That name holds characters that nobody can see. Type it again.")
    return name


def user_name(shown: str) -> str:
    """Return the user name of a shown name; the inverse of `spelled`.

    Raises:
        NameRefusedError: it would be too long for an address.
    """
    raw = shown.encode()
    parts = []
    for position, byte in enumerate(raw):
        at_edge = position in {0, len(raw) - 1}
        doubled = position > 0 and raw[position - 1] == byte
        stays = byte in PLAIN or (byte in MARKS and not at_edge and not doubled)
        parts.append(chr(byte) if stays else f"_{byte:02x}")
    name = "".join(parts)
    if len(name) > MAX_LENGTH:
        raise NameRefusedError("That name is too long for an address. Use a shorter one, or plain letters.")
    return name


def spelled(user: str) -> str:
    """Return the shown name of a user name; ValueError when it is none."""
    return re.sub(rb"_([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), user.encode("ascii")).decode()


def canonical(address: str) -> str:
    """Return an e-mail address as it is compared: A to Z in lower case, and nothing else changed.

    Rules for other scripts would make a `k` of the Kelvin sign, and one person of two.
    """
    return "".join(character.lower() if character.isascii() else character for character in address.strip())


def of_address(address: str, *, home_domain: str | None) -> str:
    """Return the user name of a canonical address: its local part where it is of the home domain, else the whole of it.

    A local part never holds an `@`, a whole address always does: so the two kinds never meet.

    Raises:
        NameRefusedError: it is no address, or too long for one of ours.
    """
    local, _, domain = address.rpartition("@")
    odd = any(character.isspace() for character in address) or not unicodedata.is_normalized("NFC", address)
    if odd or not local or not domain or "@" in local:
        raise NameRefusedError("That e-mail address cannot be a user name.")
    return user_name(shown_name(local if domain == home_domain else address))


def is_user_name(text: str) -> bool:
    """Whether `text` is spelled like a user name."""
    return (
        0 < len(text) <= MAX_LENGTH
        and GRAMMAR.fullmatch(text) is not None
        and "--" not in text
        and ".." not in text
        and text[-1] not in ".-"
    )
