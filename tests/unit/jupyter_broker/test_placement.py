"""Placement: nothing is promised twice, the same question gets the same answer, and a no has its reasons."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters.catalogue import LOCAL
from shiva_jupyter_broker.adapters.policy_file import UNBOUNDED
from shiva_jupyter_broker.domain.cluster import Demand, Room, cluster
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerState,
    GpuUuid,
    LaunchId,
    Limits,
    Machine,
    MachineName,
    UserName,
    Wish,
)
from shiva_jupyter_broker.domain.explain import explain
from shiva_jupyter_broker.domain.placement import Misfit, Placement, Refusal, Rule
from shiva_jupyter_broker.domain.placement import place as place_demand
from shiva_jupyter_broker.domain.policy import Policy

from tests.fakes.launcher import LIMITS, container, machine

GIB = 2**30
MACHINES = st.lists(
    st.builds(
        machine,
        st.sampled_from(["a", "b", "c", "d"]),
        gpus=st.integers(0, 3),
        cpus=st.integers(1, 8),
        memory_bytes=st.integers(1, 12).map(lambda gib: gib * GIB),
    ),
    max_size=4,
    unique_by=lambda each: each.name,
)
WISHES = st.builds(
    Wish,
    owner=st.just(UserName("ada")),
    gpus=st.integers(0, 4),
    machine=st.sampled_from([None, None, MachineName("a"), MachineName("b"), MachineName("nowhere")]),
)
LIMIT = st.builds(
    lambda cpus, gib: replace(LIMITS, cpus=cpus, memory_bytes=gib * GIB),
    st.sampled_from([0.5, 1, 2, 4]),
    st.integers(1, 4),
)
LIVING = [state for state in ContainerState if state is not ContainerState.FAILED]


PLAIN = Policy(defaults=LIMITS, maxima=UNBOUNDED, cpu_overcommit=100)


def place(
    wish: Wish, machines: Sequence[Machine], containers: Sequence[Container], limits: Limits
) -> Placement | Refusal:
    """Place under a policy that forbids nothing."""
    return place_demand(Demand(wish=wish, limits=limits, image=LOCAL), cluster(machines, containers, PLAIN))


def room(there: Machine, containers: Sequence[Container]) -> Room:
    return cluster([there], containers, PLAIN).rooms[0]


def texts(refusal: Refusal) -> dict[MachineName, str]:
    return {name: why.text for name, why in refusal.machines.items()}


def accept(number: int, placement: Placement, limits: Limits, state: ContainerState) -> Container:
    """Return the container that this placement leads to."""
    return container(
        f"u{number}", machine=placement.machine.name, gpus=placement.gpus, limits=limits, state=state,
        launch_id=LaunchId(str(number)),
    )  # fmt: skip


@given(MACHINES, st.lists(st.tuples(WISHES, LIMIT, st.sampled_from(LIVING)), max_size=12))
def test_no_order_of_wishes_promises_anything_twice(
    machines: list[Machine], wishes: list[tuple[Wish, Limits, ContainerState]]
) -> None:
    running: list[Container] = []
    for number, (wish, limits, state) in enumerate(wishes):
        got = place(wish, machines, running, limits)
        if isinstance(got, Placement):
            assert len(got.gpus) == wish.gpus
            assert wish.machine in {None, got.machine.name}
            running.append(accept(number, got, limits, state))
    leased = [uuid for each in running for uuid in each.gpus]
    assert len(leased) == len(set(leased))
    for each in machines:
        there = [c for c in running if c.machine == each.name]
        assert sum(c.limits.memory_bytes for c in there) <= each.memory_bytes
        assert {uuid for c in there for uuid in c.gpus} <= {gpu.uuid for gpu in each.gpus}
        assert all(c.limits.cpus <= each.cpus for c in there)  # CPUs are shared: each may use no more than there are


@given(MACHINES, WISHES, LIMIT, st.randoms())
def test_the_answer_depends_on_nothing_but_the_question(
    machines: list[Machine], wish: Wish, limits: Limits, random: object
) -> None:
    shuffled = machines[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = place(wish, machines, [], limits), place(wish, shuffled, [], limits)
    assert first == second
    assert place(wish, machines, [], limits) == first


@given(MACHINES, WISHES, LIMIT)
def test_a_refusal_names_every_machine_that_was_looked_at(machines: list[Machine], wish: Wish, limits: Limits) -> None:
    got = place(wish, machines, [], limits)
    if isinstance(got, Refusal):
        assert got.machines.keys() == {each.name for each in machines if wish.machine in {None, each.name}}
        assert all(reason.endswith(".") for reason in texts(got).values())


@given(MACHINES, LIMIT)
def test_what_fits_somewhere_is_not_refused(machines: list[Machine], limits: Limits) -> None:
    fits = [m for m in machines if m.cpus >= limits.cpus and m.memory_bytes >= limits.memory_bytes and m.gpus]
    got = place(Wish(owner=UserName("ada"), gpus=1), machines, [], limits)
    assert isinstance(got, Placement) is bool(fits)


def placed(wish: Wish, machines: list[Machine], running: list[Container] | None = None) -> Placement:
    got = place(wish, machines, running or [], LIMITS)
    assert isinstance(got, Placement)
    return got


def test_who_needs_no_gpu_goes_where_none_is_free() -> None:
    machines = [machine("a", gpus=2), machine("b", gpus=0)]
    assert placed(Wish(owner=UserName("ada")), machines).machine.name == "b"


def test_the_tightest_fit_keeps_large_machines_for_large_wishes() -> None:
    machines = [machine("a", gpus=4), machine("b", gpus=1)]
    assert placed(Wish(owner=UserName("ada"), gpus=1), machines).machine.name == "b"


def test_of_equal_machines_the_emptier_and_then_the_first_by_name_wins() -> None:
    machines = [machine("b", gpus=0), machine("a", gpus=0)]
    wish = Wish(owner=UserName("ada"))
    assert placed(wish, machines).machine.name == "a"
    assert placed(wish, machines, [container(machine=MachineName("a"))]).machine.name == "b"


def test_a_chosen_machine_is_refused_rather_than_exchanged() -> None:
    machines = [machine("a", gpus=1), machine("b", gpus=1)]
    wish = Wish(owner=UserName("ada"), machine=MachineName("a"), gpus=1)
    holder = container("ken", machine=MachineName("a"), gpus=(GpuUuid("GPU-a-0"),))
    got = place(wish, machines, [holder], LIMITS)
    assert isinstance(got, Refusal)
    assert texts(got) == {MachineName("a"): "0 of its 1 GPU free; 1 wanted."}


FAULTY = Wish(owner=UserName("ada"), gpus=1, exclude=frozenset({GpuUuid("GPU-a-0")}))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("machine_name", [None, MachineName("a")])
def test_a_faulty_gpu_is_given_to_nobody_who_chose_its_machine_either(
    machine_name: MachineName | None, shared: bool
) -> None:
    wish = replace(FAULTY, machine=machine_name, gpus_shared=shared)
    holder = replace(container("ken", machine=MachineName("a"), gpus=(GpuUuid("GPU-a-0"),)), gpus_shared=True)
    for running in ([], [holder]):
        room = cluster([machine("a", gpus=2)], running, replace(PLAIN, gpu_sharing=2))
        got = place_demand(Demand(wish=wish, limits=LIMITS, image=LOCAL), room)
        assert isinstance(got, Placement)
        assert got.gpus == (GpuUuid("GPU-a-1"),)


@pytest.mark.parametrize(
    ("gpus", "held", "rule", "text"),
    [
        (2, (), Rule.GPUS_QUARANTINED, "1 of its 2 GPUs free (1 kept back because of errors); 2 wanted."),
        (1, ("GPU-a-1",), Rule.GPUS_QUARANTINED, "0 of its 2 GPUs free (1 kept back because of errors); 1 wanted."),
        (2, ("GPU-a-1",), Rule.GPUS_FREE, "0 of its 2 GPUs free (1 kept back because of errors); 2 wanted."),
        (3, (), Rule.GPUS_THERE, "It has 2 GPUs; 3 wanted."),
    ],
)
def test_what_is_faulty_is_told_apart_from_what_is_taken(gpus: int, held: Sequence[str], rule: Rule, text: str) -> None:
    holders = [container("ken", machine=MachineName("a"), gpus=tuple(map(GpuUuid, held)))]
    got = place(replace(FAULTY, gpus=gpus), [machine("a", gpus=2)], holders, LIMITS)
    assert isinstance(got, Refusal)
    assert got.machines == {MachineName("a"): Misfit(rule=rule, text=text)}


def test_what_is_offered_instead_has_no_faulty_gpu_either() -> None:
    there = cluster([machine("a", gpus=2), machine("b", gpus=2)], [], PLAIN)
    wish = replace(FAULTY, machine=MachineName("a"), gpus=2)
    wish = replace(wish, exclude=wish.exclude | {GpuUuid("GPU-b-1")})
    told = explain(Demand(wish=wish, limits=LIMITS, image=LOCAL), there)
    assert [(offer.text, offer.wish.exclude) for offer in told.offers] == [
        ("With 1 GPU it fits on a.", wish.exclude),
    ]


def test_a_machine_that_nobody_declared_is_never_chosen() -> None:
    wish = Wish(owner=UserName("ada"), machine=MachineName("nowhere"))
    assert place(wish, [machine("a")], [], LIMITS) == Refusal(everywhere=None, machines={})


@pytest.mark.parametrize(
    ("there", "gpus", "reason"),
    [
        (machine(gpus=1), 2, "It has 1 GPU; 2 wanted."),
        (machine(cpus=1), 0, "It has 1 CPUs; 2 are wanted."),
        (machine(memory_bytes=3 * GIB), 0, "It has 3.0 GiB of memory for notebooks; 4.0 GiB are wanted."),
    ],
)
def test_the_reason_says_what_is_missing(there: Machine, gpus: int, reason: str) -> None:
    got = place(Wish(owner=UserName("ada"), gpus=gpus), [there], [], LIMITS)
    assert isinstance(got, Refusal)
    assert texts(got) == {there.name: reason}


def test_a_failed_container_holds_nothing_and_a_lost_one_all_of_its_own() -> None:
    held = GpuUuid("GPU-gpu-01-0")
    failed = container(state=ContainerState.FAILED, gpus=(held,))
    lost = replace(failed, id=ContainerId("ken--default"), state=ContainerState.LOST)
    assert len(room(machine(), [failed]).free_gpus) == 2
    assert room(machine(), [lost]).free_gpus == (GpuUuid("GPU-gpu-01-1"),)


def test_a_gpu_that_came_to_another_machine_or_name_is_held_where_it_is_now() -> None:
    holder = container("ken", machine=MachineName("before"), gpus=(GpuUuid("GPU-now-0"),))
    now = machine("now", gpus=1, memory_bytes=7 * GIB)
    assert room(now, [holder]).free_gpus == ()
    assert room(now, [holder]).free_memory_bytes == 3 * GIB


def test_what_somebody_overcommitted_by_hand_is_said_as_none_left() -> None:
    crowd = [container(f"u{n}") for n in range(3)]
    small = machine(memory_bytes=8 * GIB)
    assert room(small, crowd).free_memory_bytes == -4 * GIB
    got = place(Wish(owner=UserName("ada")), [small], crowd, LIMITS)
    assert isinstance(got, Refusal)
    assert texts(got)[small.name].startswith("0.0 GiB")
