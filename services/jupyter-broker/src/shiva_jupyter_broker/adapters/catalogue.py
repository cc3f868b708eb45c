"""Catalogue without a registry: what a machine without Docker has."""

from collections.abc import Sequence

from shiva_jupyter_broker.domain.containers import Image, ImageName, ImageRef

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

    def tags(self, image: Image) -> Sequence[str] | None:
        """Return None: nobody tells."""
        del image
        return None


class StaticCatalogue:
    """A fixed list of images."""

    def __init__(self, images: Sequence[Image] = (LOCAL,)) -> None:
        """The first image is the default."""
        self._images = tuple(images)

    def images(self) -> Sequence[Image]:
        """Return the list."""
        return self._images
