"""Images by their digests: what the registry tells, told last, or never told, and the sentence for each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.registry import FRESH_SECONDS, LanRegistry
from shiva_jupyter_broker.domain.containers import Image, ImageName, ImageRef, Listing
from shiva_jupyter_broker.domain.ports import ImageWithdrawnError

from tests.fakes.registry_api import BASIC, LOGIN, FakeRegistry, digest
from tests.fakes.scripted_http import CUT, Reply, Scripted, answer, page, scripted


@dataclass
class World:
    """A registry, and brokers' views of it; time stands still until a test moves it."""

    served: Scripted
    memory: Path
    script: FakeRegistry
    login: dict[str, str] = field(default_factory=dict)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.host = self.served.url.removeprefix("http://")
        self.registry = self.reopened()

    def reopened(self) -> LanRegistry:
        """Return it as the next broker has it."""
        credentials = {self.host: self.login} if self.login else {}
        return LanRegistry(self.served.url, self.memory, credentials=credentials, now=lambda: self.at)

    def image(self, rest: str = "lab:1") -> Image:
        return Image(name=ImageName("lab"), title="Lab", description="", reference=ImageRef(f"{self.host}/{rest}"))

    def pinned(self, rest: str = "lab:1") -> str:
        return self.registry.pinned(self.image(rest)).reference.removeprefix(f"{self.host}/")

    def listing(self, rest: str = "lab:1") -> Listing:
        return self.registry.listing(self.image(rest))

    def later(self) -> None:
        self.at += FRESH_SECONDS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    script = FakeRegistry()
    with scripted(script) as served:
        yield World(served, tmp_path / "digests.json", script)


def test_a_tag_becomes_the_digest_that_it_stands_for(world: World) -> None:
    assert world.pinned() == f"lab@{digest('first')}"
    assert world.listing() == Listing(pinned=ImageRef(f"{world.host}/lab@{digest('first')}"), tags=("1",))


def test_what_an_image_weighs_is_asked_until_it_was_told_once(world: World) -> None:
    known = f"lab@{digest('first')}"
    world.script.trouble = CUT
    assert world.listing(known).size_bytes is None
    world.later()
    world.script.trouble = answer({"config": {"size": 7}, "layers": [{"size": 5}]})
    assert world.listing(known).size_bytes == 12
    world.later()
    world.script.trouble = CUT
    assert world.listing(known).size_bytes == 12


def test_without_a_tag_it_is_the_latest(world: World) -> None:
    world.script.tags = {"latest": "newest"}
    assert world.pinned("lab") == f"lab@{digest('newest')}"


def test_a_tag_that_moved_is_seen_after_a_moment_and_not_asked_for_before(world: World) -> None:
    world.pinned()
    world.script.tags["1"] = "second"
    assert world.pinned() == f"lab@{digest('first')}"
    assert len(world.served.asked) == 1
    world.later()
    assert world.pinned() == f"lab@{digest('second')}"


@pytest.mark.parametrize(
    "reference", ["shiva-jupyter:dev", "shiva/lab:1", "other.lan:5000/lab:1", f"sha256:{'0' * 64}"]
)
def test_what_another_registry_has_or_none_stays_as_it_is(world: World, reference: str) -> None:
    image = Image(name=ImageName("lab"), title="Lab", description="", reference=ImageRef(reference))
    assert world.registry.pinned(image) == image
    assert world.registry.listing(image) == Listing(pinned=ImageRef(reference))
    assert world.served.asked == []


def test_a_digest_of_the_operators_stays_and_its_repository_is_listed(world: World) -> None:
    given = f"lab@{digest('of the operator')}"
    assert world.pinned(given) == given
    assert world.listing(given).tags == ("1",)


def test_an_image_that_the_registry_does_not_have_is_withdrawn(world: World) -> None:
    world.pinned()
    world.later()
    world.script.tags = {}
    with pytest.raises(ImageWithdrawnError, match="lab"):
        world.pinned()
    told = world.listing()
    assert told.pinned == world.image().reference
    assert told.trouble is not None
    assert told.trouble.startswith(
        f"The registry {world.host} has no such image. It starts only where a machine has it"
    )


TROUBLES = [
    (CUT, "The registry {} does not answer."),
    (page(200), "What answers as the registry {} is no registry."),
    (page(404), "What answers as the registry {} is no registry."),
    (answer({}, 401), "The registry {} does not let the broker in: its name or password is missing or wrong."),
]


@pytest.mark.parametrize(("reply", "sentence"), TROUBLES, ids=["away", "garbage", "another's 404", "401"])
@pytest.mark.parametrize("next_broker", [False, True], ids=["same broker", "next broker"])
def test_while_it_tells_nothing_the_last_known_digest_is_used(
    world: World, reply: Reply, sentence: str, next_broker: bool
) -> None:
    known = world.pinned()
    world.later()
    world.script.trouble = reply
    if next_broker:
        world.registry = world.reopened()
    assert world.pinned() == known
    said = f"{sentence.format(world.host)} The version that was last known is started, and homes are not touched. Tell the operator."
    assert world.listing() == Listing(pinned=ImageRef(f"{world.host}/{known}"), trouble=said)


@pytest.mark.parametrize(("reply", "sentence"), TROUBLES, ids=["away", "garbage", "another's 404", "401"])
def test_what_was_never_known_goes_on_by_its_tag_and_the_log_says_so(
    world: World, reply: Reply, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.script.trouble = reply
    assert world.pinned() == "lab:1"
    told = [record for record in caplog.records if record.message == "an image goes on without its registry"]
    assert [vars(record)["known"] for record in told] == ["by its tag"]
    trouble = world.listing().trouble
    assert trouble is not None
    assert trouble.startswith(
        f"{sentence.format(world.host)} It starts only where a machine has it already, by its tag"
    )


def test_nobody_waits_again_for_what_was_away_a_moment_ago(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.script.trouble = CUT
    for rest in ("lab:1", "lab:2", "other:1"):
        assert world.pinned(rest) == rest
        world.listing(rest)
    assert len(world.served.asked) == 1
    world.script.trouble = None
    world.later()
    assert world.pinned() == f"lab@{digest('first')}"
    assert LOGIN["password"] not in caplog.text


def test_a_registry_that_is_away_for_long_is_said_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.script.trouble = CUT
    for _ in range(3):
        world.listing()
        world.later()
    told = [vars(record)["image"] for record in caplog.records if record.message == "the registry told nothing"]
    assert sorted(told) == [world.image().reference, "lab"]


def test_credentials_are_those_of_its_host(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.script.opens, world.login = BASIC, LOGIN
    world.registry = world.reopened()
    assert world.pinned() == f"lab@{digest('first')}"
    assert LOGIN["password"] not in caplog.text + world.memory.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["", "{", "[]", "1"])
def test_digests_that_cannot_be_read_are_told_anew(world: World, text: str) -> None:
    world.memory.write_text(text, encoding="utf-8")
    world.registry = world.reopened()
    assert world.pinned() == f"lab@{digest('first')}"
    assert json.loads(world.memory.read_text(encoding="utf-8")) == {world.image().reference: digest("first")}
