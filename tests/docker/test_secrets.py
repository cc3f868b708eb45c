"""Planted secrets, after starts, stops, failures and logins, stand nowhere but in the files that they are for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conformance.subjects import eventually
from tests.docker.docker_broker import DockerBroker
from tests.docker.planted import Places, committed, files, hits, processes, told_by
from tests.docker.registry_world import RegistryWorld, registry_world
from tests.fakes.broker_command import TOKENS
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image_registry import AUTH, PASSWORD

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
ANSWERS = ("containers", "images", "machines")


@pytest.fixture
def world(engines: Engines, jupyter_image: Path, tmp_path: Path) -> Iterator[RegistryWorld]:
    with registry_world(tmp_path, engines) as made:
        made.engines["gpu-01"].load(jupyter_image)
        made.push("lab:1")
        made.broker.start()
        yield made


def worked(route: dict[str, str], name: str) -> None:
    """Use a notebook, rightly and wrongly, as the door and a stranger do."""
    for path, token, status in (
        ("api/status", route["token"], 200), ("api/nothing", route["token"], 404), ("api/status", TOKENS["proxy"], 403),
    ):  # fmt: skip
        url = f"{route['target']}{route['prefix']}{path}"
        answer = requests.get(url, headers={"Authorization": f"token {token}"}, timeout=10)
        assert answer.status_code == status, (name, path)


def misused(broker: DockerBroker) -> None:
    """Send what is refused: a token for another's call, an image that is gone, a body that is none."""
    assert broker.call("POST", "/v1/containers", {"owner": "ada"}, by="exporter").status_code == 403
    assert broker.call("POST", "/v1/containers", {"owner": "ada", "image": "gone"}).status_code == 404
    assert broker.call("POST", "/v1/containers", ["ada"]).status_code == 400


def everywhere(world: RegistryWorld) -> Places:
    """Yield all that services, engines, machine and registry show now."""
    yield from processes()
    for engine in world.engines.values():
        yield from told_by(engine)
    yield "the broker's log", world.broker.log().encode()
    yield "the registry's log", world.registry.log().encode()
    for path in ANSWERS:
        yield path, world.broker.call("GET", f"/v1/{path}").content
    for path in ("health", "metrics"):
        yield path, world.broker.call("GET", f"/{path}", by="metrics").content
    yield from files(world.broker.folder / "state", but=frozenset({"token.key"}))
    yield from files(world.broker.folder / "homes", but=frozenset({"token"}))


def test_planted_secrets_stand_nowhere(world: RegistryWorld) -> None:
    broker = world.broker
    secrets = {name: token.encode() for name, token in TOKENS.items()} | {
        "registry": PASSWORD.encode(), "login": AUTH.encode(), "key": (broker.folder / "state/token.key").read_bytes(),
    }  # fmt: skip
    running = [
        broker.started("ada", image="lab", machine="gpu-02"),
        broker.started("ken", image="real", machine="gpu-01"),
    ]
    for container in running:
        route = broker.routes()[container["id"]]
        secrets[container["owner"]] = route["token"].encode()
        worked(route, container["id"])
    broker.started("mei", "failed", image="broken", machine="gpu-01")
    misused(broker)

    places = list(everywhere(world))
    for container in running:
        places += committed(world.engines[container["machine"]], container["engine_id"])
    assert hits(secrets, places) == []

    told = b"".join(text for _, text in places)  # what is searched holds what it should
    seen = (
        b"ImportError: libcuda.so.1",
        b"container start accepted",
        b"shiva.launch",
        b"/v2/lab/manifests/",
        b"/usr/bin/tini",
    )
    assert [each for each in seen if each not in told] == []
    kept = list(files(broker.folder))
    assert {name for name, _ in hits(secrets, kept)} == secrets.keys(), "each is found where it belongs"
    handed = {path for name, path in hits(secrets, kept) if name in {"ada", "ken"}}
    assert {Path(path).name for path in handed} == {"token"}
    base = world.engines["gpu-01"].base_uid
    assert {(Path(path).stat().st_mode & 0o777, Path(path).stat().st_uid) for path in handed} == {(0o400, base)}

    for who in ("ada", "ken", "mei"):
        broker.stopped(who)
    eventually(lambda: not any(Path(path).exists() for path in handed), what="what was handed over is gone")
    assert hits(secrets, everywhere(world)) == []
