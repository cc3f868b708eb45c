"""From inside a person's container, with everything that lies there, no internal endpoint of the suite is read; with the firewall none answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from deploy.dev import suite
from deploy.dev.docker_engine import DockerEngine
from tests.conformance.subjects import eventually
from tests.docker.firewall_world import apply
from tests.fakes import trying
from tests.fakes.broker_command import FAKE
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.lan import inside
from tests.fakes.internal import ANYBODY, Internal, endpoints, internal

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

SCRIPT = Path(trying.__file__).read_text(encoding="utf-8")
FILE = "what-stands-in-a-file-of-hers"
READ = [each for each in endpoints() if each.method == "GET"]


class Person(NamedTuple):
    """A container that was started as people start it, and the suite around it."""

    running: Internal
    engine: Engine
    container: str  # the engine's id
    token: str  # of its Jupyter

    def tries(self, *more: str) -> Any:
        """Return what opens to what lies in the container, and to `more`."""
        wanted = json.dumps([(each.method, self.running.url(each)) for each in READ])
        told = self.engine.docker("exec", "-i", "-u", "0", self.container, "python3", "-", wanted, *more, given=SCRIPT)
        return json.loads(told)

    def urls(self, *keys: str) -> set[str]:
        """Return what is documented to open to one of these."""
        return {self.running.url(each) for each in READ if each.keys & set(keys)}


@pytest.fixture(scope="module")
def person(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    engine, here = engines.fresh(), engines.lan.address
    told = DockerEngine(url=engine.base_url, address=engine.address, uid_base=engine.base_uid)
    prepared = suite.prepare(tmp_path_factory.mktemp("inside") / "run", demo=False, port=0, engine=told)
    (prepared.folder / "images.json").write_text(json.dumps({"images": [FAKE]}), encoding="utf-8")
    with internal(prepared, here) as running:
        broker = f"http://{here}:{running.ports['jupyter-broker']}/v1/containers"
        login = {"Authorization": f"Bearer {running.secrets['manager_token']}"}
        assert requests.post(broker, json={"owner": "ada"}, headers=login, timeout=30).status_code == 201

        def seen() -> Any:
            return requests.get(f"{broker}/ada--default", headers=login, timeout=30).json()

        eventually(lambda: seen()["state"] == "ready", what="it is ready", seconds=60)
        (prepared.folder / "homes/ada/notes.txt").write_text(FILE, encoding="utf-8")
        told_door = {"Authorization": f"Bearer {running.secrets['proxy_token']}"}
        routes = requests.get(broker.replace("containers", "routes"), headers=told_door, timeout=30).json()["routes"]
        yield Person(running, engine, seen()["engine_id"], routes[0]["token"])
        requests.delete(f"{broker}/ada--default", headers=login, timeout=30)
        eventually(lambda: not engine.docker("ps", "-q"), what="it is gone", seconds=60)


def test_what_a_container_has_opens_nothing_but_health(person: Person) -> None:
    tried = person.tries()
    assert tried["answering"] == len(READ)
    assert {person.token, FILE} <= set(tried["found"])
    assert {url for _, url, _ in tried["opened"]} == person.urls(ANYBODY)


def test_a_secret_that_leaked_into_it_opens_its_own_slice(person: Person) -> None:
    """The proof that the tries see, and why the firewall is there as well."""
    tried = person.tries(person.running.secrets["metrics_token"], person.running.secrets["prometheus_password"])
    scraped = person.urls("metrics_token as bearer", "metrics_token as password of prometheus")
    assert {url for _, url, how in tried["opened"] if how != ANYBODY} - person.urls(ANYBODY) == (
        scraped | person.urls("prometheus_password as password of manager")
    )


def test_with_the_firewall_not_even_every_secret_is_of_use(person: Person, engines: Engines, tmp_path: Path) -> None:
    door, names = engines.lan.address, engines.lan.at(53)
    apply(person.engine, json.dumps({"door": [door], "resolvers": [names]}), tmp_path)
    try:
        tried = person.tries(*person.running.secrets.values())
        assert (tried["answering"], tried["opened"]) == (0, [])
    finally:
        inside(person.engine.namespace, "nft", "delete", "table", "inet", "shiva")
