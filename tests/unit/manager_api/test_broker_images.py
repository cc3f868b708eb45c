"""The broker's images, read tolerantly: what is not understood is unknown, and never there or missing."""

from typing import Any

import pytest
from shiva_manager_api.adapters import broker_images
from shiva_manager_api.domain.images import Whereabouts

PULL = {"done_bytes": 3, "total_bytes": 9, "error": None}
FAILED = {"done_bytes": None, "total_bytes": None, "error": "No room."}


def read(state: object, pull: object) -> Whereabouts:
    raw: dict[str, Any] = {
        "name": "lab", "title": "Lab", "description": "", "reference": "lab:1", "digest": None, "size_bytes": None,
        "needs_gpu": False, "cuda": None, "trouble": None, "machines": {"gpu-01": {"state": state, "pull": pull}},
    }  # fmt: skip
    [found] = broker_images.image(raw).machines
    return found


@pytest.mark.parametrize(
    ("state", "pull", "found"),
    [
        ("present", None, ("present", None, None, None)),
        ("present", FAILED, ("present", None, None, None)),  # somebody brought it meanwhile
        ("absent", FAILED, ("absent", None, None, "No room.")),
        ("unknown", PULL, ("unknown", None, None, None)),  # the machine went away meanwhile
        ("pulling", PULL, ("pulling", 3, 9, None)),
        ("pulling", {**PULL, "done_bytes": None}, ("pulling", None, 9, None)),
        ("pulling", {**PULL, "done_bytes": -1, "total_bytes": "9"}, ("pulling", None, None, None)),
        ("squeezed", None, ("unknown", None, None, None)),
        (None, None, ("unknown", None, None, None)),
    ],
    ids=str,
)
def test_how_far_a_machine_is(state: object, pull: object, found: tuple[object, ...]) -> None:
    told = read(state, pull)
    assert (told.state, told.pulled_bytes, told.total_bytes, told.error) == found


@pytest.mark.parametrize(
    ("state", "pull"), [([], None), ("pulling", [1]), ("pulling", "x"), ("pulling", {"error": None})], ids=str
)
def test_what_is_no_answer_is_said_to_be_none(state: object, pull: object) -> None:
    with pytest.raises((KeyError, TypeError)):
        read(state, pull)
