"""The broker's images, read tolerantly: a word that is not known here says nothing."""

from typing import Any

from shiva_manager_api.domain.images import Image, Presence, Whereabouts

KNOWN = frozenset(map(str, Presence))
NO_PULL = {"done_bytes": None, "total_bytes": None, "error": None}


def image(raw: Any) -> Image:
    """Return an image of `GET /v1/images`; KeyError, TypeError or ValueError where it is none."""
    return Image(
        name=str(raw["name"]),
        title=str(raw["title"]),
        description=str(raw["description"]),
        reference=str(raw["reference"]),
        digest=_text(raw["digest"]),
        size_bytes=_bytes(raw["size_bytes"]),
        needs_gpu=bool(raw["needs_gpu"]),
        cuda=_text(raw["cuda"]),
        trouble=_text(raw["trouble"]),
        machines=[_whereabouts(name, raw["machines"][name]) for name in sorted(raw["machines"])],
    )


def presence(word: object) -> Presence:
    """Return whether a machine has it."""
    return Presence(word) if word in KNOWN else Presence.UNKNOWN


def _whereabouts(machine: str, raw: Any) -> Whereabouts:
    state, pull = presence(raw["state"]), raw["pull"] or NO_PULL
    on_its_way = state is Presence.PULLING
    return Whereabouts(
        machine=machine,
        state=state,
        pulled_bytes=_bytes(pull["done_bytes"]) if on_its_way else None,
        total_bytes=_bytes(pull["total_bytes"]) if on_its_way else None,
        error=None if on_its_way or state is Presence.PRESENT else _text(pull["error"]),
    )


def _bytes(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
