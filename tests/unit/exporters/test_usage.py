"""Who uses a GPU, summed up: what is told adds up, and one unknown share makes a sum unknown."""

from hypothesis import given
from hypothesis import strategies as st
from shiva_exporters.gpu.source import GpuProcess, GpuSample, Kind, Owner
from shiva_exporters.gpu.usage import Group, Usage, usage

OWNERS = {
    1: Owner(kind=Kind.CONTAINER, launch_id="a"),
    2: Owner(kind=Kind.CONTAINER, launch_id="a"),
    3: Owner(kind=Kind.CONTAINER, launch_id="b"),
    4: Owner(kind=Kind.HOST, user="ken"),
    5: Owner(kind=Kind.HOST, user="mei"),
    6: Owner(kind=Kind.MPS),
    7: Owner(kind=Kind.FOREIGN, engine_id="f0", user="0"),
}


def used(*processes: GpuProcess, used_bytes: int | None = 1000, ratio: float | None = 0.9) -> Usage:
    card = GpuSample(
        index=0, uuid="GPU-1", model="", up=True, memory_used_bytes=used_bytes, utilization_ratio=ratio,
        processes=processes,
    )  # fmt: skip
    found = usage(card, OWNERS)
    assert found is not None
    return found


def one(pid: int, memory: int | None = 100, active: float | None = 0.25) -> GpuProcess:
    return GpuProcess(pid=pid, memory_used_bytes=memory, active_ratio=active)


PROCESSES = st.lists(
    st.builds(one, st.integers(1, 9), st.none() | st.integers(0, 2**40), st.none() | st.floats(0, 1)),
    unique_by=lambda each: each.pid,
)


@given(PROCESSES, st.integers(0, 2**45))
def test_everything_adds_up_or_is_unknown(processes: list[GpuProcess], in_use: int) -> None:
    found = used(*processes, used_bytes=in_use)
    told = [each.memory_used_bytes for each in processes if each.memory_used_bytes is not None]
    assert sum(group.processes for group in found.kinds.values()) == len(processes)
    assert (found.unattributed_bytes is None) == (len(told) < len(processes))
    if found.unattributed_bytes is not None:
        groups = [group.memory_used_bytes or 0 for group in found.kinds.values()]
        assert sum(groups) + found.unattributed_bytes == max(in_use, sum(told))
    for group in [*found.kinds.values(), *found.containers.values()]:
        assert group.active_ratio is None or 0 <= group.active_ratio <= 1


def test_processes_are_sorted_by_owner() -> None:
    found = used(one(1), one(2, 50), one(3, 7), one(4, 1), one(6, 2), one(7, 4), one(9, 3))
    assert {kind: (group.processes, group.memory_used_bytes) for kind, group in found.kinds.items()} == {
        Kind.CONTAINER: (3, 157),
        Kind.FOREIGN: (1, 4),
        Kind.HOST: (1, 1),
        Kind.MPS: (1, 2),
        Kind.ORPHAN: (1, 3),
    }
    assert found.containers == {
        "a": Group(processes=2, memory_used_bytes=150, active_ratio=0.5),
        "b": Group(processes=1, memory_used_bytes=7, active_ratio=0.25),
    }
    assert found.unattributed_bytes == 1000 - 167


def test_unmanaged_processes_come_with_their_users_the_largest_first() -> None:
    found = used(one(4, None), one(5, 9), one(1), one(7, 10))
    assert [(owner.user, owner.engine_id, each.pid) for owner, each in found.unmanaged] == [
        ("0", "f0", 7), ("mei", None, 5), ("ken", None, 4),
    ]  # fmt: skip


def test_one_unknown_share_makes_its_sums_unknown_and_no_others() -> None:
    found = used(one(1), one(2, None, None), one(3))
    assert found.containers["a"] == Group(processes=2, memory_used_bytes=None, active_ratio=None)
    assert found.containers["b"] == Group(processes=1, memory_used_bytes=100, active_ratio=0.25)
    assert found.unattributed_bytes is None


def test_a_container_that_is_alone_does_what_the_gpu_does() -> None:
    assert used(one(1, 1, None), one(2, 1, None)).containers["a"].active_ratio == 0.9
    assert used(one(1, 1, None), one(4, 1, None)).containers["a"].active_ratio is None
    assert used(one(1, 1, None), ratio=None).containers["a"].active_ratio is None


def test_what_is_in_use_unknown_leaves_nothing_to_tell() -> None:
    assert used(one(1), used_bytes=None).unattributed_bytes is None


def test_what_the_driver_does_not_list_is_not_nobody() -> None:
    assert usage(GpuSample(index=0, uuid="GPU-1", model="", up=True), OWNERS) is None
