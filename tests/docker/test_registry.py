"""A real registry and real machines: fetched ahead with bytes, started by digest, and what people read when it fails."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from shiva_jupyter_broker.domain.containers import ImageRef, MachineName

from tests.conformance.subjects import eventually
from tests.docker.registry_world import MACHINES, NOISE_BYTES, RegistryWorld, registry_world
from tests.fakes.engines.fixtures import Engines
from tests.fakes.marathon_cluster import marathon_cluster
from tests.marathon_simulator.memory_engine import Script

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def whole(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryWorld]:
    with registry_world(tmp_path_factory.mktemp("registry"), engines) as made:
        made.digest = made.push("lab:1")
        made.push("other:1")
        made.broker.start()
        yield made


@pytest.fixture
def world(whole: RegistryWorld) -> Iterator[RegistryWorld]:
    """Afterwards the registry answers, and nobody has a container."""
    yield whole
    whole.registry.start()
    for container in whole.broker.containers().values():
        whole.broker.stopped(container["owner"])


@pytest.fixture
def wrong_password(world: RegistryWorld) -> Iterator[None]:
    """A broker that has one; afterwards it has the right one again."""
    wrong = world.registry.folder / "wrong.json"
    wrong.write_text(json.dumps({"auths": {world.registry.host: {"username": "shiva", "password": "wrong"}}}), "utf-8")
    for file in (wrong, world.registry.login):
        world.broker.kill()
        world.broker.settings["REGISTRY_FILE"] = str(file)
        world.broker.start()
        if file is wrong:
            yield


def explained(world: RegistryWorld) -> dict[str, str]:
    """Return what an explanation tells of the image on each machine."""
    answer = world.broker.call("POST", "/v1/explain", {"owner": "ada", "image": "lab"}).json()
    return {each["name"]: each["image"] for each in answer["machines"]}


def test_an_image_is_fetched_ahead_on_one_machine_or_on_all_and_tells_its_bytes(world: RegistryWorld) -> None:
    first = world.broker.image("lab")
    assert (first["digest"], first["tags"], first["trouble"]) == (world.digest, ["1"], None)
    assert {name: each["state"] for name, each in first["machines"].items()} == dict.fromkeys(MACHINES, "absent")
    assert first["size_bytes"] >= NOISE_BYTES
    assert explained(world) == dict.fromkeys(MACHINES, "absent")
    world.registry.slow_down(2 * NOISE_BYTES)
    heard: dict[str, list[tuple[int, int]]] = {name: [] for name in MACHINES}

    def is_on(machines: Sequence[str]) -> bool:
        there = world.broker.image("lab")["machines"]
        for name, each in there.items():
            if each["pull"] and each["pull"]["total_bytes"]:
                assert each["state"] == "pulling"
                heard[name].append((each["pull"]["done_bytes"], each["pull"]["total_bytes"]))
        return all(there[each] == {"state": "present", "pull": None} for each in machines)

    for _ in range(2):  # the second time it is on its way
        assert world.broker.call("POST", "/v1/images/lab/pull", {"machines": ["gpu-02"]}).status_code == 202
        assert explained(world) == {"gpu-01": "absent", "gpu-02": "pulling"}
    eventually(lambda: is_on(["gpu-02"]), what="it is where it was asked for", seconds=60)
    assert explained(world) == {"gpu-01": "absent", "gpu-02": "present"}
    assert world.broker.call("POST", "/v1/images/lab/pull", {"machines": None}).status_code == 202
    eventually(lambda: is_on(MACHINES), what="it is on every machine", seconds=60)
    world.registry.slow_down(None)
    assert explained(world) == dict.fromkeys(MACHINES, "present")
    for told in heard.values():
        assert told == sorted(told)
        assert len(set(told)) > 1
        assert all(done <= total for done, total in told)
        assert told[-1][1] >= NOISE_BYTES


def test_a_tag_that_moves_counts_from_the_next_start_on_and_touches_nothing_that_runs(world: RegistryWorld) -> None:
    adas = world.broker.started("ada", image="lab", machine="gpu-01")
    before = world.inspected(adas)
    assert adas["image_reference"] == world.reference(world.digest) == before["Config"]["Image"]
    assert before["Config"]["Labels"]["shiva.image.ref"] == world.reference(world.digest)
    assert "pulling" not in [step["state"] for step in adas["history"]], "it was fetched ahead"
    second = world.push("lab:1")
    eventually(lambda: world.broker.image("lab")["digest"] == second, what="the broker sees the tag move", seconds=20)
    kens, meis = (
        world.broker.started(who, image="lab", machine=where) for who, where in (("ken", "gpu-02"), ("mei", "gpu-01"))
    )
    assert "pulling" in [step["state"] for step in kens["history"]]
    for each in (kens, meis):
        there = world.inspected(each)
        assert there["Config"]["Labels"]["shiva.image.ref"] == there["Config"]["Image"] == world.reference(second)
        assert there["Image"] != before["Image"]
    assert world.inspected(kens)["Image"] == world.inspected(meis)["Image"]
    after = world.inspected(adas)
    assert [after[key] for key in ("Id", "Image", "State")] == [before[key] for key in ("Id", "Image", "State")]
    world.digest = second


def test_the_app_by_which_marathon_fetches_an_image_does_so_by_its_digest(world: RegistryWorld, tmp_path: Path) -> None:
    reference = ImageRef(world.reference(str(world.broker.image("other")["digest"]), "other"))
    with marathon_cluster(tmp_path, script=Script(exits=0)) as cluster:
        cluster.launcher().pull(reference, MachineName("gpu-02"))
        eventually(cluster.engine.runs, what="Mesos is told to run it")
        [arguments] = cluster.engine.runs()
    engine = world.engines["gpu-02"]
    engine.docker("--config", str(world.registry.folder), "run", "--rm", *arguments)
    assert reference in engine.docker("image", "inspect", "--format", "{{.RepoDigests}}", reference)
    engine.docker("rmi", reference)


def test_an_image_that_was_never_pushed_is_refused_and_one_without_a_registry_starts(world: RegistryWorld) -> None:
    answer = world.broker.call("POST", "/v1/containers", {"owner": "ada", "image": "gone"})
    assert (answer.status_code, answer.json()["code"]) == (404, "image-withdrawn")
    assert world.broker.started("ada", image="local")["image_reference"] == "shiva-fake:1"


@pytest.mark.usefixtures("wrong_password")
def test_without_the_right_password_what_is_there_starts_and_the_rest_says_why(world: RegistryWorld) -> None:
    assert world.broker.image("lab")["trouble"] == (
        f"The registry {world.registry.host} does not let the broker in: its name or password is missing or wrong. "
        "The version that was last known is started, and homes are not touched. Tell the operator."
    )
    assert world.broker.started("ada", image="lab")["image_reference"] == world.reference(world.digest)
    failed = world.broker.started("ken", "failed", image="other")
    assert failed["reason"] == (
        "Its image could not be fetched. The registry does not let its machine fetch the image. "
        "The files in the home are safe. Choose another image, or tell the operator."
    )


def test_while_the_registry_is_away_what_is_there_starts_and_the_rest_says_why(world: RegistryWorld) -> None:
    world.registry.stop()
    said = f"The registry {world.registry.host} does not answer. The version that was last known is started"
    eventually(lambda: str(world.broker.image("lab")["trouble"]).startswith(said), what="it is said", seconds=20)
    world.broker.kill()
    world.broker.start()
    started = world.broker.started("ada", image="lab")
    assert started["image_reference"] == world.reference(world.digest) == world.inspected(started)["Config"]["Image"]
    failed = world.broker.started("ken", "failed", image="other")
    assert failed["reason"] == (
        "Its image could not be fetched. Its machine does not reach the registry of the image. "
        "The files in the home are safe. Choose another machine, or tell the operator."
    )
