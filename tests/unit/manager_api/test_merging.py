"""A merge with a memory tells what one without it tells, and keeps what did not change."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain.machines import DeclaredMachine, GpuReading, MachineReading, MachineState, Tenant
from shiva_manager_api.domain.merging import Merge, words_last
from shiva_manager_api.domain.usage import GpuUsage, Share

from tests.fakes.manager_ports import declared

NAMES = ("a", "b", "c")
OWNERS = ("ada", "ken")


def reading(name: str, *, launch: str | None = None, age: float | None = 1.0) -> MachineReading:
    kinds = {"container": Share(processes=1, memory_used_bytes=None)}
    launches = {} if launch is None else {launch: Share(processes=1, memory_used_bytes=5)}
    gpu = GpuReading(uuid="GPU-1", index=0, model="m", up=True, usage=GpuUsage(kinds=kinds, launches=launches))
    return MachineReading(name=name, up=True, sample_age_seconds=age, gpus=(gpu,))


def tenant(owner: str, machine: str, state: str = "ready") -> Tenant:
    return Tenant(
        id=f"{owner}--default", owner=owner, name="default", machine=machine, state=state, since=None, gpus=1,
        launch_id=f"launch of {owner}",
    )  # fmt: skip


names = st.sampled_from(NAMES)
readings = st.dictionaries(
    names, st.tuples(st.sampled_from((None, "launch of ada", "launch of ken")), st.sampled_from((None, 1.0, 14.0)))
).map(lambda told: [reading(name, launch=launch, age=age) for name, (launch, age) in told.items()])
machines = st.none() | st.dictionaries(names, st.sampled_from((None, "ada--default", "gone--default"))).map(
    lambda told: [declared(name, held={"GPU-1": held} if held else None) for name, held in told.items()]
)
tenants = st.none() | st.dictionaries(
    st.sampled_from(OWNERS), st.tuples(names, st.sampled_from(("ready", "lost")))
).map(lambda told: [tenant(owner, machine, state) for owner, (machine, state) in told.items()])
flags = st.booleans()


@given(steps=st.lists(st.tuples(readings, machines, tenants, flags, flags, st.sampled_from((0.0, 3.0))), max_size=6))
def test_a_memory_changes_nothing_that_is_told(
    steps: list[
        tuple[Sequence[MachineReading], Sequence[DeclaredMachine] | None, Sequence[Tenant] | None, bool, bool, float]
    ],
) -> None:
    merge = Merge()
    last: Sequence[MachineReading] = ()
    for told, known, people, metrics_fresh, leases_fresh, elapsed in steps:
        last = told or last  # the same readings again, as when only the broker was asked
        given_now = {"metrics_fresh": metrics_fresh, "leases_fresh": leases_fresh}
        assert merge.views(last, known, people, elapsed=elapsed, **given_now) == Merge().views(
            last, known, people, elapsed=elapsed, **given_now
        )


def test_a_machine_of_which_nothing_changed_keeps_its_parts() -> None:
    merge, told = Merge(), [reading("a"), reading("b")]
    leased = [declared("a"), declared("b")]
    first = merge.views(told, leased, [tenant("ada", "a")], metrics_fresh=True, leases_fresh=True)
    again = [replace(each) for each in leased]  # equal, and read anew
    second = merge.views(told, again, [tenant("ada", "a", "lost")], metrics_fresh=True, leases_fresh=True, elapsed=2.0)
    assert second[1].gpus is first[1].gpus
    assert second[0].gpus is not first[0].gpus
    assert [view.sample_age_seconds for view in second] == [3.0, 3.0]


def test_a_person_who_is_known_since_is_told_also_where_the_container_is_elsewhere() -> None:
    merge, told, leased = Merge(), [reading("a", launch="launch of ada")], [declared("a")]
    (view,) = merge.views(told, leased, [], metrics_fresh=True, leases_fresh=True)
    assert view.gpus[0].shares is not None
    assert view.gpus[0].shares.users == ()
    (view,) = merge.views(told, leased, [tenant("ada", "c")], metrics_fresh=True, leases_fresh=True)
    assert view.gpus[0].shares is not None
    assert [user.owner for user in view.gpus[0].shares.users] == ["ada"]


def test_words_hold_until_the_first_reading_grows_old() -> None:
    told = [reading("a", age=3.0), reading("b", age=11.0), reading("c", age=60.0)]
    leased = [declared(name) for name in NAMES]
    views = Merge().views(told, leased, [], metrics_fresh=True, leases_fresh=True, elapsed=1.0)
    assert words_last(views) == 3.0
    later = Merge().views(told, leased, [], metrics_fresh=True, leases_fresh=True, elapsed=4.1)
    assert [view.state for view in later] == [MachineState.FREE, MachineState.STALE, MachineState.STALE]
    assert words_last([]) == float("inf")
