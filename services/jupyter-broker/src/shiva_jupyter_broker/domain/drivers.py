"""Which driver an image's CUDA needs. Pure.

Source: the release notes of NVIDIA's CUDA toolkits, for Linux. From 11 on a toolkit runs on every driver from its major version's
floor on (minor version compatibility); before that each minor version has a floor of its own.
"""

from functools import cache

FLOORS = {11: "450.80.02", 12: "525.60.13", 13: "580.65.06"}
OLD_FLOORS = {
    (7, 5): "352.31", (8, 0): "367.48", (9, 0): "384.81", (9, 1): "390.46", (9, 2): "396.26",
    (10, 0): "410.48", (10, 1): "418.39", (10, 2): "440.33",
}  # fmt: skip


@cache
def needed(cuda: str | None) -> str | None:
    """Return the oldest driver for a CUDA version such as "12.4"; None where nothing is known of it."""
    major, minor = (*_version(cuda or ""), 0, 0)[:2]
    return FLOORS.get(major) or OLD_FLOORS.get((major, minor))


def too_old(driver: str | None, cuda: str | None) -> bool:
    """Return whether `driver` is known to be older than what `cuda` needs; what is not known stops nobody."""
    floor = needed(cuda)
    return driver is not None and floor is not None and _version(driver) < _version(floor)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
