"""What a person may have, from the operator's file to the sentence of a refusal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import catalogue, policy_file
from shiva_jupyter_broker.adapters.catalogue import StaticCatalogue
from shiva_jupyter_broker.domain import drivers
from shiva_jupyter_broker.domain.containers import ContainerState, GpuUuid, Image, ImageName, LaunchId, UserName, Wish
from shiva_jupyter_broker.domain.policy import Policy
from shiva_jupyter_broker.domain.ports import NoCapacityError

from tests.fakes.broker_world import World, broker_over, ports
from tests.fakes.launcher import LIMITS, FakeLauncher, container, machine

GIB = 2**30
ADA = UserName("ada")


def policy(tmp_path: Path, raw: Any) -> Policy:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return policy_file.read(path, LIMITS)


def test_without_a_file_nothing_but_the_defaults_is_ruled(tmp_path: Path) -> None:
    found = policy_file.read(None, LIMITS)
    assert found.limits(Wish(owner=ADA)) == LIMITS
    assert found == policy(tmp_path, {})


def test_the_file_changes_what_it_names(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        {
            "defaults": {"cpus": 1}, "maxima": {"gpus": 2, "containers": 3, "memory_bytes": 8 * GIB},
            "people": {"ada": {"gpus": 4}}, "gpu_sharing": 2,
        },
    )  # fmt: skip
    assert (found.defaults.cpus, found.defaults.memory_bytes) == (1, LIMITS.memory_bytes)
    assert (found.of(UserName("ken")).gpus, found.of(ADA).gpus, found.of(ADA).containers) == (2, 4, 3)
    assert found.gpu_sharing == 2


@pytest.mark.parametrize(
    "raw",
    [
        [], 7, {"maximum": {}}, {"maxima": {"gpu": 1}}, {"maxima": {"cpus": 0}}, {"defaults": {"memory_bytes": 0}},
        {"gpu_sharing": 0}, {"maxima": {"memory_bytes": GIB}}, {"people": {"A b": {}}}, {"people": {"ada": {"cpus": 1}}},
        {"defaults": {"cpus": "two"}}, {"cpu_overcommit": 0}, {"people": []}, {"cpu_overcommit": float("nan")},
        {"maxima": {"cpus": float("inf")}}, {"defaults": {"memory_bytes": 4e9}}, {"gpu_sharing": 1.5}, {"maxima": {"gpus": True}},
    ],
)  # fmt: skip
def test_a_file_that_is_no_policy_is_refused_by_name(tmp_path: Path, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"policy\.json is no policy"):
        policy(tmp_path, raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ([], "it must be an object"),
        ({"nope": 1}, "it cannot have “nope”"),
        ({"maxima": {"gpuz": 2}}, "maxima cannot have “gpuz”"),
        ({"people": {"ada": 5}}, "ada must be an object"),
        ({"people": {"ada": {"gpus": 1.5}}}, "“gpus” in ada must be a whole number"),
        ({"gpu_sharing": "2"}, "“gpu_sharing” in it must be a whole number"),
        ({"maxima": {"cpus": float("nan")}}, "“cpus” in maxima must be a number"),
        ({"maxima": {"cpus": 0.5}}, "the defaults are above the maxima of everybody"),
    ],
)
def test_what_is_wrong_in_a_policy_is_said_in_words_for_operators(tmp_path: Path, raw: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        policy(tmp_path, raw)


def test_cpus_may_be_fractions_of_what_was_written_whole(tmp_path: Path) -> None:
    found = policy(tmp_path, {"maxima": {"cpus": 8}, "people": {"ada": {"cpus": 2.5}}, "cpu_overcommit": 2})
    assert (found.of(ADA).cpus, found.cpu_overcommit) == (2.5, 2)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.json cannot be read"):
        policy_file.read(tmp_path / "nothing.json", LIMITS)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish(owner=ADA, name="third", cpus=5), "5 CPUs are wanted; you may have 4."),
        (Wish(owner=ADA, name="third", memory_bytes=9 * GIB), "9.0 GiB of memory are wanted; you may have 8.0."),
        (Wish(owner=ADA, name="third", gpus=2), "2 GPUs wanted, and your other containers hold 1; you may have 2."),
        (Wish(owner=ADA, name="third"), "You have 2 other containers; you may have 2."),
    ],
)
def test_a_maximum_is_refused_on_every_machine_in_one_sentence(tmp_path: Path, wish: Wish, sentence: str) -> None:
    rules = policy(tmp_path, {"maxima": {"cpus": 4, "memory_bytes": 8 * GIB, "gpus": 2, "containers": 2}})
    launcher = FakeLauncher()
    for name, gpus in (("default", ()), ("second", (GpuUuid("GPU-gpu-01-0"),))):
        own = container("ada", name, gpus=gpus)
        launcher.held[own.id] = own
    broker = broker_over(ports(tmp_path, launcher), rules)
    with pytest.raises(NoCapacityError) as refused:
        broker.launch(wish)
    assert refused.value.explanation.everywhere is not None
    assert refused.value.explanation.everywhere.text == sentence
    assert set(refused.value.explanation.reasons.values()) == {sentence}


def test_a_twin_of_what_was_lost_is_no_container_more(tmp_path: Path) -> None:
    rules = policy(tmp_path, {"maxima": {"containers": 2}})
    launcher = FakeLauncher()
    own = container("ada", "second")
    launcher.held[own.id] = own
    launcher.away.append(replace(own, launch_id=LaunchId("older"), state=ContainerState.LOST))
    broker = broker_over(ports(tmp_path, launcher), rules)
    assert broker.explain(Wish(owner=ADA)).everywhere is None


@pytest.mark.parametrize(("most", "left"), [(4096, 8), (6, 6)])
def test_where_cpus_are_too_few_fewer_are_offered(tmp_path: Path, most: int, left: int) -> None:
    rules = policy(tmp_path, {"maxima": {"cpus": most}})
    broker = broker_over(ports(tmp_path, FakeLauncher()), rules)
    told = broker.explain(Wish(owner=ADA, cpus=12))
    assert [(offer.text, offer.wish.cpus) for offer in told.offers] == [(f"With {left} CPUs it fits on gpu-02.", left)]


def test_a_wish_within_the_maxima_gets_its_limits(tmp_path: Path) -> None:
    world = World(tmp_path, policy=policy(tmp_path, {"maxima": {"cpus": 4}}))
    seen, _ = world.broker().launch(Wish(owner=ADA, cpus=3, memory_bytes=6 * GIB))
    assert (seen.container.limits.cpus, seen.container.limits.memory_bytes) == (3, 6 * GIB)
    assert seen.container.limits.pids == LIMITS.pids


@pytest.mark.parametrize(
    ("driver", "cuda", "old"),
    [
        ("525.60.13", "12.4", False), ("525.60.12", "12.4", True), ("470.199.02", "12.0", True), ("470.199.02", "11.8", False),
        ("580.65.06", "13.0", False), ("550.54.14", "13.0", True), (None, "13.0", False), ("550.54.14", None, False),
        ("550.54.14", "99", False), ("550.54.14", "", False),
    ],
)  # fmt: skip
def test_a_driver_is_too_old_only_where_that_is_known(driver: str | None, cuda: str | None, old: bool) -> None:
    assert drivers.too_old(driver, cuda) is old


def test_an_old_driver_is_said_with_what_the_image_needs(tmp_path: Path) -> None:
    image = Image(name=ImageName("torch"), title="PyTorch", description="", needs_gpu=True, cuda="12.4")
    around = ports(tmp_path, FakeLauncher(), machines=[replace(machine("a"), driver="470.199.02")])
    broker = broker_over(replace(around, catalogue=StaticCatalogue([image])))
    told = broker.explain(Wish(owner=ADA, gpus=1))
    assert told.reasons == {"a": "Its driver 470.199.02 is too old for PyTorch (CUDA 12.4 needs 525.60.13)."}
    without = broker.explain(Wish(owner=ADA))
    assert without.everywhere is not None
    assert without.everywhere.text == "PyTorch needs a GPU, and none is wanted."


@pytest.mark.parametrize(
    "reference",
    [
        "shiva-jupyter",
        "shiva-jupyter:dev",
        "registry.lan:5000/team/shiva__a:2026.1",
        "a/b@sha256:" + "0" * 64,
        "sha256:" + "a" * 64,
    ],
)
def test_a_catalogue_is_read_as_written(tmp_path: Path, reference: str) -> None:
    path = tmp_path / "images.json"
    one = {"name": "lab", "title": "Lab", "description": "", "reference": reference, "needs_gpu": True, "cuda": "12.4"}
    path.write_text(json.dumps({"images": [one]}), encoding="utf-8")
    [image] = catalogue.read(path).images()
    assert (image.name, image.reference, image.needs_gpu, image.cuda) == ("lab", reference, True, "12.4")


@pytest.mark.parametrize(
    "reference",
    [
        "", "Shiva", "shiva jupyter", "shiva:", "shiva:a b", "shiva@sha256:00", "shiva:t@md5:" + "0" * 32, "../x", "shiva//x", "/x",
        "x/", "shiva:../x", "-x", "host:99999999/x", "sh\u0456va", "shiva\n", "shiva:t:u", "shiva@@sha256:" + "0" * 64, "a..b", "x;y",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused_by_the_files_name(tmp_path: Path, reference: str) -> None:
    path = tmp_path / "images.json"
    one = {"name": "lab", "title": "Lab", "description": "", "reference": reference}
    path.write_text(json.dumps({"images": [one]}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"images\.json is no catalogue"):
        catalogue.read(path)


ONE = {"name": "lab", "title": "Lab", "description": "", "reference": "lab"}


@pytest.mark.parametrize(
    "raw",
    [
        {}, {"images": []}, {"images": [{"name": "a"}]}, {"images": [7]}, [], {"images": [ONE | {"cuda": 12.4}]},
        {"images": [ONE | {"needs_gpu": "false"}]}, {"images": [ONE | {"title": None}]},
    ],
)  # fmt: skip
def test_what_is_no_catalogue_is_refused_by_the_files_name(tmp_path: Path, raw: object) -> None:
    path = tmp_path / "images.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError, match=r"images\.json is no catalogue"):
        catalogue.read(path)
