"""The demo's images: what is there, what is on its way, and what cannot be fetched, all simulated by the clock."""

from collections.abc import Mapping

import pytest
from shiva_jupyter_broker.adapters.demo import DemoLauncher
from shiva_jupyter_broker.adapters.demo_images import CATALOGUE, NO_ROOM, DemoImages
from shiva_jupyter_broker.domain.containers import ImagePresence, ImageRef, MachineName, Pull

from tests.fakes.launcher import LIMITS, FakeClock, FakeLauncher, machine, spec

NAMES = [MachineName(f"gpu-0{number}") for number in (1, 2, 3)]
FIRST, SECOND, THIRD = NAMES
PRESENT, ABSENT, PULLING = ImagePresence.PRESENT, ImagePresence.ABSENT, ImagePresence.PULLING


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def images(clock: FakeClock) -> DemoImages:
    return DemoImages(NAMES, clock)


def reference(images: DemoImages, which: int) -> ImageRef:
    return images.listing(CATALOGUE[which]).pinned


def matrix(images: DemoImages) -> Mapping[MachineName, list[ImagePresence]]:
    return {
        name: [state.presence(reference(images, which)) for which in range(3)]
        for name, state in images.states().items()
    }


def pull(images: DemoImages, name: MachineName, which: int) -> Pull | None:
    return images.states()[name].pulls.get(reference(images, which))


def test_one_machine_has_all_one_lacks_some_and_to_one_something_is_on_its_way(images: DemoImages) -> None:
    assert matrix(images) == {
        FIRST: [PRESENT, PRESENT, PRESENT],
        SECOND: [PRESENT, PULLING, ABSENT],
        THIRD: [PRESENT, PRESENT, ABSENT],
    }
    assert pull(images, THIRD, 2) == Pull(done_bytes=None, total_bytes=None, error=NO_ROOM)


def test_what_is_on_its_way_arrives(images: DemoImages, clock: FakeClock) -> None:
    before = pull(images, SECOND, 1)
    clock.advance(60)
    after = pull(images, SECOND, 1)
    assert before is not None
    assert after is not None
    assert (before.done_bytes or 0) < (after.done_bytes or 0) < 9_200_000_000
    assert before.total_bytes == after.total_bytes == 9_200_000_000
    clock.advance(3600)
    assert matrix(images)[SECOND] == [PRESENT, PRESENT, ABSENT]
    assert images.states()[SECOND].pulls == {}


def test_what_is_asked_for_is_fetched_once_and_what_failed_is_tried_again(images: DemoImages, clock: FakeClock) -> None:
    images.fetch(reference(images, 2), THIRD)
    clock.advance(10)
    images.fetch(reference(images, 2), THIRD)
    assert pull(images, THIRD, 2) == Pull(done_bytes=800_000_000, total_bytes=3_400_000_000)
    images.fetch(reference(images, 0), FIRST)
    assert images.states()[FIRST].pulls == {}


def test_through_the_launcher_what_starts_on_a_machine_is_there(images: DemoImages, clock: FakeClock) -> None:
    inner = FakeLauncher()
    launcher = DemoLauncher(inner, [machine(name) for name in NAMES], LIMITS, clock, images)
    launcher.pull(reference(images, 2), SECOND)
    assert launcher.machines()[SECOND].presence(reference(images, 2)) is PULLING
    launcher.launch(spec(machine=SECOND, image_ref=reference(images, 2)))
    assert launcher.machines()[SECOND].presence(reference(images, 2)) is PRESENT
    assert inner.pulled == []


def test_each_is_listed_with_a_digest_its_tag_and_its_size(images: DemoImages) -> None:
    for each in CATALOGUE:
        told = images.listing(each)
        assert images.pinned(each).reference == told.pinned
        assert "@sha256:" in told.pinned
        assert told.tags == (each.reference.rpartition(":")[2],)
        assert (told.size_bytes or 0) > 10**9
