"""Which driver an image's CUDA needs. Pure.

Source: NVIDIA's table of minor version compatibility for Linux: a toolkit runs on every driver from its major version's floor on.
"""

FLOORS = {10: "410.48", 11: "450.80.02", 12: "525.60.13", 13: "580.65.06"}


def needed(cuda: str | None) -> str | None:
    """Return the oldest driver for a CUDA version such as "12.4"; None where nothing is known of it."""
    major = (cuda or "").split(".")[0]
    return FLOORS.get(int(major)) if major.isdecimal() else None


def too_old(driver: str | None, cuda: str | None) -> bool:
    """Return whether `driver` is known to be older than what `cuda` needs; what is not known stops nobody."""
    floor = needed(cuda)
    return driver is not None and floor is not None and _version(driver) < _version(floor)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
