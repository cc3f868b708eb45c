"""The page of the GPUs is made when a round ends; a scrape only sends it."""

from shiva_exporters.gpu.ahead import Ahead
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.gpu.source import GpuSample, Reading


class World:
    """A snapshot that a test replaces."""

    def __init__(self) -> None:
        self.gpus = [GpuSample(index=0, uuid="GPU-1", model="GTX 1080", up=True)]
        reading = Reading(driver_version="550", gpus=self.gpus)
        self.now = Snapshot(driver_present=True, success=True, reading=reading, collected_at=1.0)
        self.ahead = Ahead(lambda: self.now)

    def page(self) -> str:
        return self.ahead.page().decode()


def test_what_was_made_is_served_as_it_was() -> None:
    world = World()
    world.ahead.make()
    world.gpus.clear()  # were it made now, there would be no card
    assert "shiva_gpu_devices 1.0" in world.page()
    assert 'shiva_collector_success{collector="gpu"} 1.0' in world.page()


def test_before_the_first_is_made_it_is_made_when_asked_for() -> None:
    assert "shiva_gpu_devices 1.0" in World().page()


def test_what_became_old_is_not_served_any_more() -> None:
    world = World()
    world.ahead.make()
    world.now = Snapshot(driver_present=True, success=False, collected_at=1.0)
    assert "shiva_gpu_devices" not in world.page()
    assert 'shiva_collector_success{collector="gpu"} 0.0' in world.page()
    assert "shiva_gpu_last_collect_timestamp_seconds 1.0" in world.page()


def test_each_family_is_there_once_and_the_process_tells_of_itself() -> None:
    world = World()
    world.ahead.make()
    types = [line for line in world.page().splitlines() if line.startswith("# TYPE ")]
    assert len(types) == len(set(types))
    assert "# TYPE process_resident_memory_bytes gauge" in types
