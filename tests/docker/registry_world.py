"""A real registry, two machines that know it, and a broker process between them."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.docker.docker_broker import DockerBroker
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag
from tests.fakes.engines.image_registry import ImageRegistry
from tests.fakes.engines.jupyter_image import TAG
from tests.fakes.engines.shell import missing
from tests.require import require

MACHINES = ("gpu-01", "gpu-02")
NOISE_BYTES = 2**23


class RegistryWorld:
    """The catalogue has `lab:1`, `other:1` and `gone:1` of the registry, of which the last one is never pushed, and images
    that machines have by themselves."""

    def __init__(self, folder: Path, engines: Engines) -> None:
        """Start the registry, empty, and write the broker's files."""
        self.digest = ""  # of `lab:1`
        self.engines = {name: engines.fresh(number) for number, name in enumerate(MACHINES, 1)}
        self.registry = ImageRegistry(folder, engines.lan.address)
        self.registry.start()
        images = [_offer(name, f"{self.registry.host}/{name}:1") for name in ("lab", "other", "gone")]
        self.broker = DockerBroker(
            folder, self.engines, [*images, _offer("local", tag("1")), _offer("broken", tag("exit1")), _offer("real", TAG)],
            REGISTRY_URL=f"https://{self.registry.host}", REGISTRY_CA=str(self.registry.ca), REGISTRY_FILE=str(self.registry.login),
        )  # fmt: skip

    def end(self) -> None:
        """Leave nothing that runs, and no image of the registry on a machine."""
        self.broker.kill()
        self.registry.end()
        for engine in self.engines.values():
            engine.clear()
            forget(engine, self.registry.host)

    def push(self, name: str) -> str:
        """Push a version that no machine has under a tag; return its digest."""
        engine = self.engines["gpu-01"]
        noise = self.registry.folder / "noise"
        noise.write_bytes(os.urandom(NOISE_BYTES))
        container = engine.docker("create", tag("1"))
        engine.docker("cp", str(noise), f"{container}:/noise")
        image = engine.docker("commit", container)
        engine.docker("rm", container)
        return self.registry.push(engine, image, name)

    def inspected(self, container: Mapping[str, Any]) -> dict[str, Any]:
        """Return what its engine says of a container."""
        found = self.engines[container["machine"]].docker("inspect", container["engine_id"])
        return dict(json.loads(found)[0])

    def reference(self, digest: str, name: str = "lab") -> str:
        """Return how an engine calls a digest."""
        return f"{self.registry.host}/{name}@{digest}"


def forget(engine: Engine, host: str) -> None:
    """Remove every image of a registry."""
    listed = engine.docker("images", "--digests", "--format", "{{.Repository}}@{{.Digest}}").split()
    if found := [each for each in listed if each.startswith(f"{host}/")]:
        engine.docker("rmi", *found)


@contextmanager
def registry_world(folder: Path, engines: Engines) -> Iterator[RegistryWorld]:
    """Serve a world; a machine without docker-registry skips, and fails where SHIVA_TEST_REQUIRE names `docker`."""
    why = missing(**{"docker-registry": "docker-registry"})
    require("docker", present=not why, reason=why)
    world = RegistryWorld(folder, engines)
    try:
        yield world
    finally:
        world.end()


def _offer(name: str, reference: str) -> dict[str, str]:
    return {"name": name, "title": name.title(), "description": "", "reference": reference}
