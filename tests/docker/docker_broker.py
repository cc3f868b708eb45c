"""The broker's real command over real engines, one for each machine."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.subjects import eventually
from tests.fakes.broker_command import FAKE, BrokerCommand
from tests.fakes.engines.engine import Engine

MEMORY = 2**28  # of each container


class DockerBroker(BrokerCommand):
    """One broker after the other over the same engines."""

    def __init__(
        self,
        folder: Path,
        engines: Mapping[str, Engine],
        images: Sequence[Mapping[str, Any]] = (FAKE,),
        *,
        urls: Mapping[str, str] | None = None,
        gpus: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        **settings: str,
    ) -> None:
        """`engines` and `gpus` by machine; `urls` where the broker reaches one in another way than at its socket."""
        self.engines = engines
        self.domain = settings.get("DOMAIN", "shiva")
        machines = [
            {
                "name": name, "address": engine.address, "cpus": 16, "memory_bytes": 2**36,
                "gpus": (gpus or {}).get(name, []), "engine": {"url": (urls or {}).get(name, engine.base_url)},
            }
            for name, engine in engines.items()
        ]  # fmt: skip
        base = {engine.base_uid for engine in engines.values()}.pop()
        known = {"LAUNCHER": "docker", "UID_BASE": str(base), "MEMORY_BYTES": str(MEMORY)}
        super().__init__(folder, machines, images, **(known | settings))

    def machine(self) -> Any:
        """Return its one machine."""
        [found] = self.machines()
        return found

    def image(self, name: str) -> dict[str, Any]:
        """Return what it tells of an image."""
        [found] = [each for each in self.call("GET", "/v1/images").json()["images"] if each["name"] == name]
        return dict(found)

    def there(self) -> list[Any]:
        """Return each container of ours on every engine as inspected, whatever its state; the engines are asked themselves."""
        found: list[Any] = []
        for engine in self.engines.values():
            ids = engine.docker("ps", "-aq", "--no-trunc", "--filter", f"label=shiva.domain={self.domain}").split()
            found += json.loads(engine.docker("inspect", *ids)) if ids else []
        return found

    def records(self) -> str:
        """Return the volumes of ours on every engine: what stands for a container while its image is fetched."""
        wanted = ("volume", "ls", "-q", "--filter", f"label=shiva.domain={self.domain}")
        return "".join(engine.docker(*wanted) for engine in self.engines.values())

    def started(self, owner: str, state: str = "ready", **wish: Any) -> dict[str, Any]:
        """Start a container and return it once it is in that state."""
        answer = self.call("POST", "/v1/containers", {"owner": owner} | wish)
        assert answer.status_code == 201, answer.text
        name = answer.json()["id"]
        eventually(lambda: self.containers()[name]["state"] in {state, "failed"}, what=f"{name} is {state}", seconds=60)
        found = self.containers()[name]
        assert found["state"] == state, found
        return dict(found)

    def stopped(self, owner: str) -> None:
        """Stop a container and return once it is gone."""
        self.call("DELETE", f"/v1/containers/{owner}--default")
        eventually(lambda: f"{owner}--default" not in self.containers(), what=f"{owner}'s is gone", seconds=30)
