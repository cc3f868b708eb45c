"""A GPU's memory split by person: every byte is somebody's, nobody's, or unknown, and never somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain.usage import (
    FOREIGN_BYTES,
    UNEXPLAINED_BYTES,
    GpuUsage,
    Person,
    Share,
    Shares,
    Unmanaged,
    split,
    used_by_others,
)

GIB = 2**30
ADA, KEN = Person(container_id="ada--default", owner="ada"), Person(container_id="ken--default", owner="ken")
NOBODY = Share(processes=0, memory_used_bytes=0)
KINDS = ("container", "host", "foreign", "mps", "orphan")


def share(memory: int | None, *, processes: int = 1, active: float | None = None) -> Share:
    return Share(processes=processes, memory_used_bytes=memory, active_ratio=active)


def kinds(**some: Share) -> dict[str, Share]:
    return {kind: some.get(kind, NOBODY) for kind in KINDS}


def process(pid: int, memory: int | None) -> Unmanaged:
    return Unmanaged(pid=pid, user="mei", engine_id=None, memory_used_bytes=memory)


def test_each_launch_is_its_persons_with_memory_work_and_processes() -> None:
    usage = GpuUsage(kinds=kinds(), launches={"a": share(3 * GIB, processes=2, active=0.5), "k": share(GIB)})
    ada, ken = split(usage, {"a": ADA, "k": KEN}).users
    assert (ada.owner, ada.container_id, ada.memory_used_bytes, ada.active_ratio, ada.processes) == (
        "ada", "ada--default", 3 * GIB, 0.5, 2
    )  # fmt: skip
    assert (ken.owner, ken.memory_used_bytes, ken.active_ratio) == ("ken", GIB, None)


def test_a_launch_that_nobody_knows_is_an_unknown_container_and_nobodys() -> None:
    usage = GpuUsage(kinds=kinds(), launches={"x": share(GIB)}, unmanaged=(process(7, 5),))
    shares = split(usage, {"a": ADA})
    assert shares.users == ()
    assert shares.unmanaged == (
        process(7, 5), Unmanaged(pid=None, user=None, engine_id="x", memory_used_bytes=GIB),
    )  # fmt: skip


def test_the_broker_is_believed_first_and_prometheus_last_word_where_it_knows_nothing() -> None:
    usage = GpuUsage(kinds=kinds(), launches={"a": share(GIB)}, last_known={"a": KEN})
    assert [user.owner for user in split(usage, {"a": ADA}).users] == ["ada"]
    assert [user.owner for user in split(usage, {}).users] == ["ken"]


def test_two_launches_of_one_container_are_one_user() -> None:
    launches = {"new": share(GIB, active=0.7), "old": share(2 * GIB, active=0.6)}
    usage = GpuUsage(kinds=kinds(), launches=launches, last_known={"old": ADA})
    (user,) = split(usage, {"new": ADA}).users
    assert (user.memory_used_bytes, user.active_ratio, user.processes) == (3 * GIB, 1.0, 2)


def test_one_unknown_share_makes_a_persons_sum_unknown() -> None:
    usage = GpuUsage(kinds=kinds(), launches={"new": share(GIB, active=0.7), "old": share(None)})
    (user,) = split(usage, {"new": ADA, "old": ADA}).users
    assert (user.memory_used_bytes, user.active_ratio, user.processes) == (None, None, 2)


def test_dead_processes_the_drivers_server_and_those_beyond_the_list_are_other() -> None:
    told = kinds(mps=share(30), orphan=share(20), host=share(100, processes=40), foreign=share(7))
    usage = GpuUsage(kinds=told, unmanaged=(process(1, 90), process(2, 7)), unattributed_bytes=3)
    shares = split(usage, {})
    assert (shares.other_bytes, shares.unattributed_bytes) == (60, 3)


@pytest.mark.parametrize("kind", ["mps", "orphan", "host", "foreign"])
def test_an_unknown_share_of_the_others_makes_the_rest_unknown(kind: str) -> None:
    usage = GpuUsage(kinds=kinds(**{kind: share(None)}))
    assert split(usage, {}).other_bytes is None


BYTES = st.integers(0, 2**40)
SHARE = st.builds(share, st.none() | BYTES)


def total(shares: Shares) -> int | None:
    parts = [user.memory_used_bytes for user in shares.users]
    parts += [each.memory_used_bytes for each in shares.unmanaged]
    parts += [shares.other_bytes, shares.unattributed_bytes]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


@given(
    launches=st.dictionaries(st.sampled_from("aknx"), SHARE),
    unmanaged=st.lists(st.none() | BYTES, max_size=3),
    hidden=BYTES, mps=SHARE, orphan=SHARE, left=st.none() | BYTES,
)  # fmt: skip
def test_the_shares_add_up_to_what_is_in_use_or_one_of_them_is_unknown(
    launches: dict[str, Share], unmanaged: list[int | None], hidden: int, mps: Share, orphan: Share, left: int | None
) -> None:
    listed = [process(pid, memory) for pid, memory in enumerate(unmanaged)]
    host = None if None in unmanaged else sum(memory or 0 for memory in unmanaged) + hidden
    groups = [*(one.memory_used_bytes for one in launches.values()), host, mps.memory_used_bytes]
    groups += [orphan.memory_used_bytes, left]
    used = None if None in groups else sum(group or 0 for group in groups)
    told = kinds(host=share(host), mps=mps, orphan=orphan)
    usage = GpuUsage(kinds=told, launches=launches, unmanaged=listed, unattributed_bytes=left)
    assert total(split(usage, {"a": ADA, "k": KEN, "n": ADA})) == used


FULL, HELD = True, None
TABLE = [
    # what is there, full without a lease → used by others
    (GpuUsage(kinds=kinds()), False, False),
    (GpuUsage(kinds=kinds(host=share(FOREIGN_BYTES))), False, False),  # a screen
    (GpuUsage(kinds=kinds(host=share(FOREIGN_BYTES + 1))), False, True),
    (GpuUsage(kinds=kinds(foreign=share(GIB))), HELD, True),
    (GpuUsage(kinds=kinds(mps=share(GIB))), HELD, True),
    (GpuUsage(kinds=kinds(host=share(FOREIGN_BYTES), foreign=share(1))), False, True),  # together
    (GpuUsage(kinds=kinds(host=share(None))), False, True),  # nobody knows how much
    (GpuUsage(kinds=kinds(container=share(GIB)), launches={"a": share(GIB)}), HELD, False),
    (GpuUsage(kinds=kinds(container=share(GIB)), launches={"x": share(GIB)}, unattributed_bytes=0), FULL, True),
    (GpuUsage(kinds=kinds(), unattributed_bytes=UNEXPLAINED_BYTES), FULL, False),
    (GpuUsage(kinds=kinds(), unattributed_bytes=UNEXPLAINED_BYTES + 1), FULL, True),
    (GpuUsage(kinds=kinds(orphan=share(UNEXPLAINED_BYTES)), unattributed_bytes=1), FULL, True),
    (GpuUsage(kinds=kinds(), unattributed_bytes=None), FULL, True),
    (GpuUsage(kinds=kinds(orphan=share(9 * GIB)), unattributed_bytes=0), HELD, False),  # of one that just ended
]


@pytest.mark.parametrize(("usage", "full", "expected"), TABLE)
def test_who_keeps_others_away_is_by_the_table(usage: GpuUsage, full: bool | None, expected: bool) -> None:
    assert used_by_others(usage, full_without_lease=full) is expected
