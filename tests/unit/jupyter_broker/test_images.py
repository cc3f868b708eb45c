"""Images through the broker: pinned at a start, listed with what a registry tells, refused where a driver is too old."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.adapters.catalogue import LOCAL, StaticCatalogue
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    Image,
    ImageName,
    ImageRef,
    MachineName,
    MachineState,
    Pull,
)
from shiva_jupyter_broker.domain.drivers import needed, too_old
from shiva_jupyter_broker.domain.ports import ImageWithdrawnError
from werkzeug.test import TestResponse

from tests.fakes.broker_world import broker_over, ports
from tests.fakes.launcher import FakeLauncher, ToldRegistry, machine

TOKENS = Tokens(manager="m" * 32, proxy="p" * 32, exporter="e" * 32, metrics="x" * 32)
TENSORS = Image(
    name=ImageName("tensors"),
    title="Tensors",
    description="",
    reference=ImageRef("registry.lan/tensors:1"),
    cuda="12.4",
)
OLD, NEW = replace(machine("gpu-old"), driver="470.82.01"), replace(machine("gpu-new"), driver="550.54.14")
PINNED = ImageRef(f"registry.lan/tensors@sha256:{'d' * 64}")


class Desk:
    """A broker of two machines behind its API."""

    def __init__(self, folder: Path) -> None:
        self.launcher, self.registry = FakeLauncher(), ToldRegistry()
        around = replace(
            ports(folder, self.launcher, machines=[OLD, NEW]),
            catalogue=StaticCatalogue([TENSORS, LOCAL]),
            registry=self.registry,
        )
        self._client = create_app(broker_over(around), TOKENS, CollectorRegistry()).test_client()

    def call(self, method: str, path: str, **body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {TOKENS.manager}"}
        return self._client.open(path, method=method, headers=headers, json=body or None)

    def start(self, **wish: object) -> TestResponse:
        return self.call("POST", "/v1/containers", owner="ada", **wish)

    def withdraw(self) -> None:
        self.registry.withdrawn = ImageWithdrawnError("tensors")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# ---- pinned ----


def test_a_start_runs_what_the_tag_stands_for_then(desk: Desk) -> None:
    assert desk.start().get_json()["image_reference"] == PINNED
    assert desk.launcher.specs[ContainerId("ada--default")].image_ref == PINNED
    desk.registry.digest = f"sha256:{'e' * 64}"
    assert desk.start(name="second").get_json()["image_reference"] == PINNED.replace("d" * 64, "e" * 64)
    assert desk.launcher.specs[ContainerId("ada--default")].image_ref == PINNED


def test_a_machine_that_has_the_pinned_image_is_preferred(desk: Desk) -> None:
    for name in ("gpu-old", "gpu-new"):
        desk.launcher.known = {
            MachineName(each.name): MachineState(images=frozenset({PINNED} if each.name == name else ()))
            for each in (OLD, NEW)
        }
        assert desk.start(name=name).get_json()["machine"] == name


def test_what_is_fetched_ahead_is_what_a_start_would_run(desk: Desk) -> None:
    assert desk.call("POST", "/v1/images/tensors/pull", machines=None).status_code == 202
    assert sorted(desk.launcher.pulled, reverse=True) == [(PINNED, "gpu-old"), (PINNED, "gpu-new")]


def test_an_image_is_listed_with_digest_tags_and_how_far_it_is_on_each_machine(desk: Desk) -> None:
    desk.launcher.known = {
        MachineName("gpu-old"): MachineState(images=frozenset({PINNED})),
        MachineName("gpu-new"): MachineState(
            images=frozenset({TENSORS.reference}), pulls={PINNED: Pull(done_bytes=3, total_bytes=9)}
        ),
    }
    listed = desk.call("GET", "/v1/images").get_json()["images"][0]
    assert (listed["reference"], listed["digest"]) == (TENSORS.reference, PINNED.partition("@")[2])
    assert (listed["tags"], listed["size_bytes"], listed["trouble"]) == (["1"], 9_200_000_000, None)
    assert listed["machines"] == {
        "gpu-old": {"state": "present", "pull": None},
        "gpu-new": {"state": "pulling", "pull": {"done_bytes": 3, "total_bytes": 9, "error": None}},
    }


def test_it_is_fetched_where_it_is_asked_for_and_nowhere_else(desk: Desk) -> None:
    assert desk.call("POST", "/v1/images/tensors/pull", machines=["gpu-new"]).status_code == 202
    assert desk.launcher.pulled == [(PINNED, "gpu-new")]


def test_all_means_those_that_answer(desk: Desk) -> None:
    desk.launcher.known = {MachineName("gpu-old"): MachineState(reachable=False)}
    assert desk.call("POST", "/v1/images/tensors/pull", machines=None).status_code == 202
    assert desk.launcher.pulled == [(PINNED, "gpu-new")]


@pytest.mark.parametrize(
    ("names", "status", "code"),
    [(["gpu-new", "gpu-99"], 404, "machine-not-found"), (["gpu-new", "gpu-old"], 503, "launcher-unavailable")],
    ids=["unknown", "away"],
)
def test_with_one_machine_that_cannot_nothing_is_fetched(desk: Desk, names: list[str], status: int, code: str) -> None:
    desk.launcher.known = {MachineName("gpu-old"): MachineState(reachable=False)}
    answer = desk.call("POST", "/v1/images/tensors/pull", machines=names)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert desk.launcher.pulled == []


@pytest.mark.parametrize("machines", [[], "gpu-new", [1], [""], ["x" * 256], ["gpu-new"] * 4097], ids=str)
def test_what_is_no_list_of_machines_is_a_bad_request(desk: Desk, machines: object) -> None:
    assert desk.call("POST", "/v1/images/tensors/pull", machines=machines).status_code == 400
    assert desk.call("POST", "/v1/images/tensors/pull", machine="gpu-new").status_code == 400
    assert desk.launcher.pulled == []


PULLING, FAILED = Pull(done_bytes=3, total_bytes=9), Pull(done_bytes=None, total_bytes=None, error="No room.")


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (MachineState(images=frozenset({PINNED})), "present"),
        (MachineState(images=frozenset()), "absent"),
        (MachineState(images=frozenset(), pulls={PINNED: PULLING}), "pulling"),
        (MachineState(images=frozenset(), pulls={PINNED: FAILED}), "absent"),
        (MachineState(images=None), "unknown"),
        (MachineState(images=None, pulls={PINNED: FAILED}), "unknown"),
        (MachineState(images=None, running=frozenset({PINNED})), "present"),
        (MachineState(images=frozenset({PINNED}), reachable=False), "unknown"),
        (MachineState(images=frozenset(), pulls={PINNED: PULLING}, reachable=False), "unknown"),
        (MachineState(imageless=True), "present"),
    ],
    ids=["there", "missing", "on its way", "failed", "not told", "failed, not told", "runs there", "away", "away meanwhile", "none needed"],
)  # fmt: skip
def test_whether_a_machine_has_an_image(desk: Desk, state: MachineState, found: str) -> None:
    desk.launcher.known = {MachineName("gpu-old"): state}
    listed = desk.call("GET", "/v1/images").get_json()["images"][0]
    told = desk.call("POST", "/v1/explain", owner="ada", machine="gpu-old").get_json()
    assert [listed["machines"]["gpu-old"]["state"], told["machines"][0]["image"]] == [found, found]
    assert told["image"] == "tensors"


def test_a_machine_to_which_the_image_is_on_its_way_is_preferred_to_one_that_lacks_it(desk: Desk) -> None:
    desk.launcher.known = {
        MachineName("gpu-old"): MachineState(images=frozenset(), pulls={PINNED: PULLING}),
        MachineName("gpu-new"): MachineState(images=frozenset()),
    }
    assert desk.start().get_json()["machine"] == "gpu-old"


# ---- withdrawn ----


@pytest.mark.parametrize(
    "act",
    [Desk.start, lambda desk: desk.call("POST", "/v1/images/tensors/pull", machines=None)],
    ids=["start", "pull"],
)
def test_an_image_that_the_registry_has_no_more_is_a_problem(desk: Desk, act: Callable[[Desk], TestResponse]) -> None:
    desk.withdraw()
    answer = act(desk)
    assert answer.status_code == 404
    problem = answer.get_json()
    assert (problem["code"], problem["title"]) == ("image-withdrawn", "The registry has no such image")
    assert problem["detail"] == (
        "Nothing was started and homes are not touched. Choose another image, and tell the operator."
    )
    assert (desk.launcher.launches, desk.launcher.pulled) == (0, [])
    assert desk.call("GET", "/v1/images").get_json()["images"][0]["trouble"] == "It is gone."


def test_an_image_that_was_never_pushed_goes_on_where_it_is(desk: Desk) -> None:
    desk.withdraw()
    desk.launcher.known = {
        MachineName("gpu-old"): MachineState(images=frozenset()),
        MachineName("gpu-new"): MachineState(images=frozenset({TENSORS.reference})),
    }
    started = desk.start()
    assert started.status_code == 201
    assert (started.get_json()["machine"], started.get_json()["image_reference"]) == ("gpu-new", TENSORS.reference)


# ---- drivers ----


def test_a_driver_that_is_too_old_is_a_409_with_the_reason_and_a_machine_that_fits(desk: Desk) -> None:
    answer = desk.start(gpus=1, machine="gpu-old")
    assert answer.status_code == 409
    told = answer.get_json()["parameters"]
    why = "Its driver 470.82.01 is too old for Tensors (CUDA 12.4 needs 525.60.13)."
    assert told["reasons"] == {"gpu-old": why}
    assert told["machines"][0]["misfit"] == {"rule": "driver-too-old", "text": why}
    assert [(each["machine"], each["text"]) for each in told["offers"]] == [
        ("gpu-new", "The same fits on gpu-new."),
        ("gpu-old", "Without a GPU it fits on gpu-old."),
    ]
    assert desk.launcher.launches == 0


def test_placement_goes_round_a_driver_that_is_too_old(desk: Desk) -> None:
    desk.launcher.known = {MachineName("gpu-old"): MachineState(images=frozenset({PINNED}))}
    assert desk.start(gpus=1).get_json()["machine"] == "gpu-new"


@pytest.mark.parametrize("image", ["shiva-jupyter", "tensors"])
def test_what_asks_nothing_of_a_driver_starts_beside_any(desk: Desk, image: str) -> None:
    gpus = 1 if image == "shiva-jupyter" else 0
    assert desk.start(image=image, gpus=gpus, machine="gpu-old").status_code == 201


@pytest.mark.parametrize(
    ("driver", "cuda", "old"),
    [
        ("525.60.13", "12.4", False),
        ("525.60.11", "12.0", True),
        ("525.125.06", "12.1", False),
        ("450.80.02", "11.8", False),
        ("450.36.06", "11", True),
        ("580.65.06", "13.0", False),
        ("579.99", "13.0", True),
        ("410.48", "10.0", False),
        ("410.48", "10.2", True),
        ("440.33.01", "10.2", False),
        ("375.26", "9.0", True),
        ("375.26", "8.0", False),
        ("367.57", "10", True),
        (None, "12.4", False),
        ("367.57", None, False),
        ("367.57", "99.0", False),
        ("367.57", "unknown", False),
    ],
)
def test_a_driver_is_too_old_below_the_floor_of_its_cuda(driver: str | None, cuda: str | None, old: bool) -> None:
    assert too_old(driver, cuda) is old
    assert not old or needed(cuda) is not None
