"""Whatever people, machines and operators do: nothing is promised twice, and explanations are true."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from shiva_jupyter_broker.adapters.policy_file import UNBOUNDED
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    ContainerState,
    GpuUuid,
    Machine,
    MachineName,
    MachineState,
    UserName,
    Wish,
)
from shiva_jupyter_broker.domain.policy import Maxima, Policy
from shiva_jupyter_broker.domain.ports import ContainerStoppingError, NoCapacityError

from tests.fakes.broker_world import broker_over, ports, settled
from tests.fakes.launcher import LIMITS, FakeClock, FakeLauncher, machine

GIB = 2**30
MACHINES = (machine("a", gpus=2, memory_bytes=12 * GIB), machine("b", gpus=1, cpus=2), machine("c", gpus=0))
NAMES = [each.name for each in MACHINES]
CARDS = [gpu.uuid for each in MACHINES for gpu in each.gpus]
WISHES = st.builds(
    Wish,
    owner=st.sampled_from([UserName(name) for name in ("ada", "ken", "mei", "yuki")]),
    name=st.sampled_from(["default", "second"]),
    machine=st.sampled_from([None, None, *NAMES]),
    gpus=st.integers(0, 3),
    gpus_shared=st.booleans(),
    cpus=st.sampled_from([None, 1.0, 4.0, 9.0]),
    memory_bytes=st.sampled_from([None, GIB, 6 * GIB, 16 * GIB]),
    avoid=st.frozensets(st.sampled_from(CARDS), max_size=2),
    exclude=st.frozensets(st.sampled_from(CARDS), max_size=2),
)


class Cluster(RuleBasedStateMachine):
    """A broker, now and then a new one, over an engine that outlives it."""

    @initialize(sharing=st.integers(1, 3), gpus=st.sampled_from([2, 4096]))
    def begin(self, sharing: int, gpus: int) -> None:
        self.launcher = FakeLauncher(known={name: MachineState() for name in NAMES})
        self.clock = FakeClock()
        maxima = Maxima(cpus=8, memory_bytes=12 * GIB, gpus=gpus, containers=2) if gpus == 2 else UNBOUNDED
        self.policy = Policy(defaults=LIMITS, maxima=maxima, gpu_sharing=sharing, memory_reserve_bytes=GIB)
        self.folder = tempfile.TemporaryDirectory()
        self.restart()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule()
    def restart(self) -> None:
        around = ports(Path(self.folder.name), self.launcher, machines=MACHINES, clock=self.clock)
        self.broker = broker_over(around, self.policy)

    @rule(
        number=st.integers(0, 3),
        name=st.sampled_from(["default", "second"]),
        shared=st.booleans(),
        gpus=st.integers(0, 1),
    )
    def modest(self, number: int, name: str, shared: bool, gpus: int) -> None:
        """What most people want, so that machines fill up."""
        owner = UserName(["ada", "ken", "mei", "yuki"][number])
        self.launch(Wish(owner=owner, name=name, gpus=gpus, gpus_shared=shared))

    @rule(number=st.integers(0, 3), shared=st.booleans())
    def eager(self, number: int, shared: bool) -> None:
        """Two people who want the same machine's GPU."""
        owner = UserName(["ada", "ken", "mei", "yuki"][number])
        self.launch(Wish(owner=owner, machine=MachineName("b"), gpus=1, gpus_shared=shared, cpus=1))

    @rule(wish=WISHES)
    def picky(self, wish: Wish) -> None:
        """What the others want."""
        self.launch(wish)

    def launch(self, wish: Wish) -> None:
        """Ask before, start, and compare."""
        self.clock.advance(1)
        told = self.broker.explain(wish)
        known = {seen.container.id: seen.container.state for seen in self.broker.containers()}
        state = known.get(naming.container_id(wish.owner, wish.name))
        refused: NoCapacityError | None = None
        try:
            seen, started = self.broker.launch(wish)
        except NoCapacityError as error:
            refused = error
        except ContainerStoppingError:
            assert state is ContainerState.STOPPING
            return
        if refused is not None:
            assert told.placement is None
            assert refused.explanation == told
            assert told.everywhere or told.verdicts
            assert all(each.misfit for each in told.verdicts)
            return
        assert started is (state in {None, ContainerState.FAILED, ContainerState.LOST})
        if started:
            assert told.placement is not None
            assert (seen.container.machine, seen.container.gpus) == (told.placement.machine.name, told.placement.gpus)
            assert wish.machine in {None, seen.container.machine}
            assert not wish.exclude.intersection(seen.container.gpus)
            assert len(seen.container.gpus) == wish.gpus

    @rule(wish=WISHES)
    def every_offer_really_fits(self, wish: Wish) -> None:
        told = self.broker.explain(wish)
        assert not (told.offers and told.placement)
        for offer in told.offers:
            assert offer.wish != wish
            again = self.broker.explain(offer.wish)
            assert again.placement is not None
            assert again.placement.machine.name == offer.machine
            assert offer.machine in offer.text

    @rule(data=st.data())
    @precondition(lambda self: self.launcher.held)
    def something_happens_to_one(self, data: st.DataObject) -> None:
        which = data.draw(st.sampled_from(sorted(self.launcher.held)))
        state = self.launcher.held[which].state
        what = data.draw(st.sampled_from(["stop", "end", "fail", "listen", "report again"]))
        if what == "stop":
            self.broker.stop(which)
        elif what == "end" and state is ContainerState.STOPPING:
            self.launcher.end(which)
        elif what == "fail" and state is ContainerState.BOOTING:
            self.launcher.fail(which)
        elif what == "listen" and state is ContainerState.BOOTING:
            self.launcher.listen(which)

    @rule(name=st.sampled_from(NAMES), back=st.sampled_from([True, True, True, False]))
    def a_machine_goes_or_returns(self, name: MachineName, back: bool) -> None:
        self.launcher.known[name] = MachineState(reachable=back)
        for each in [found for found in self.launcher.held.values() if found.machine == name]:
            if back and each.state is ContainerState.LOST:
                self.launcher.report_again(each.id)
            elif not back and each.state is not ContainerState.FAILED:
                self.launcher.lose(each.id)
        if all(state.reachable for state in self.launcher.known.values()):
            self.launcher.return_away()

    @rule(name=st.sampled_from(NAMES), why=st.sampled_from([None, None, "A new disk."]))
    def drain(self, name: MachineName, why: str | None) -> None:
        self.broker.drain(name, why)

    @rule(card=st.sampled_from(CARDS), why=st.sampled_from([None, None, "Too hot."]))
    def disable(self, card: GpuUuid, why: str | None) -> None:
        self.broker.disable(card, why)

    @rule()
    def look(self) -> None:
        settled(self.broker)

    @invariant()
    def nothing_is_promised_twice(self) -> None:
        if not hasattr(self, "launcher"):
            return
        living = [each for each in self.launcher.containers() if each.holds_resources]
        for card in CARDS:
            holders = [each for each in living if card in each.gpus]
            assert len(holders) <= (self.policy.gpu_sharing if all(each.gpus_shared for each in holders) else 1)
        for each in MACHINES:
            self._within(each)

    def _within(self, each: Machine) -> None:
        there = [c for c in self.launcher.containers() if c.machine == each.name and c.holds_resources]
        assert sum(c.limits.memory_bytes for c in there) <= each.memory_bytes - self.policy.memory_reserve_bytes
        assert sum(c.limits.cpus for c in there) <= each.cpus * self.policy.cpu_overcommit
        assert {uuid for c in there for uuid in c.gpus} <= {gpu.uuid for gpu in each.gpus}


Cluster.TestCase.settings = settings(max_examples=50, stateful_step_count=50, deadline=None)
TestLeases = Cluster.TestCase


@pytest.mark.full
def test_leases_hold_for_as_long_as_nights_are() -> None:
    run_state_machine_as_test(Cluster, settings=settings(max_examples=200, stateful_step_count=60, deadline=None))
