"""The images on offer: from the operator's file, or what a machine without Docker has."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from shiva_jupyter_broker.domain.containers import Image, ImageName, ImageRef, Listing

# [host[:port]/]path[:tag][@digest], or an image's id. Source: the distribution project's reference grammar.
REFERENCE = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}",
    re.ASCII,
)
LOCAL = Image(
    name=ImageName("shiva-jupyter"),
    title="JupyterLab",
    description="JupyterLab and Python as installed on this machine.",
    reference=ImageRef("shiva-jupyter"),
)


class Unpinned:
    """Registry where there is none: references stay as they are."""

    def pinned(self, image: Image) -> Image:
        """Return the image."""
        return image

    def listing(self, image: Image) -> Listing:
        """Return the reference: nobody tells more."""
        return Listing(pinned=image.reference)


class StaticCatalogue:
    """A fixed list of images."""

    def __init__(self, images: Sequence[Image] = (LOCAL,)) -> None:
        """The first image is the default."""
        self._images = tuple(images)

    def images(self) -> Sequence[Image]:
        """Return the list."""
        return self._images


def _image(raw: dict[str, object]) -> Image:
    kinds = {"needs_gpu": bool, "cuda": str | None}
    if wrong := [key for key, value in raw.items() if not isinstance(value, kinds.get(key, str))]:
        raise TypeError(f"{wrong[0]} is of the wrong kind")
    return Image(**raw)  # type: ignore[arg-type]


def read(path: Path | None) -> StaticCatalogue:
    """Return the catalogue of a file `{"images": [{"name", "title", "description", "reference", "needs_gpu", "cuda"}]}`.

    Raises:
        ValueError: it cannot be read or is no catalogue; the message names the file.
    """
    if path is None:
        return StaticCatalogue()
    try:
        images = [_image(each) for each in json.loads(path.read_text(encoding="utf-8"))["images"]]
        bad = [each.reference for each in images if not REFERENCE.fullmatch(each.reference)]
        if bad or not images or len({each.name for each in images}) < len(images):
            raise ValueError(f"no reference of an image: {bad}" if bad else "no image, or a name twice")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no catalogue of images: {error}") from error
    return StaticCatalogue(images)
