"""One pass over all containers: read the three signals, judge, warn, and end what may end after one more look."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shiva_manager_api.domain.attendance import Jupyter
from shiva_manager_api.domain.gpu_history import GpuHistory
from shiva_manager_api.domain.idle_decisions import TOLD, decision, kind_of, reclaimed
from shiva_manager_api.domain.idle_policy import Policy, Rule
from shiva_manager_api.domain.idle_ports import Decision, Decisions, GpuHistories, IdleBook, RunningContainers
from shiva_manager_api.domain.idle_state import IdleState, Launch, at_start_of, lately, noted
from shiva_manager_api.domain.idle_words import KEPT
from shiva_manager_api.domain.idleness import Keep, Reason, Stop, Verdict, judge, limited
from shiva_manager_api.domain.ports import Container, PortError
from shiva_manager_api.domain.signals import attendance

log = logging.getLogger("shiva.manager_api.culling")

ASKING = 8  # Jupyters at once
SETTLED = {Reason.EXEMPT, Reason.EXTENDED, Reason.GRACE, Reason.GPU_BUSY, Reason.IN_USE}  # whatever Jupyter says


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a culler works with."""

    broker: RunningContainers
    gpus: GpuHistories
    book: IdleBook
    log: Decisions
    people: Decisions  # who are told, unless it is a dry run
    policy: Callable[[], Policy]
    clock: Callable[[], datetime]  # aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A container that runs, with its rule and what is kept of it."""

    container: Container
    read_at: datetime
    rule: Rule
    kept: Launch

    def judged(self, history: GpuHistory | None, jupyter: Jupyter | None, now: datetime) -> Verdict:
        """Return the verdict by what is known."""
        known = attendance(
            self.container,
            read_at=self.read_at,
            rule=self.rule,
            history=history,
            jupyter=jupyter,
            keep_until=self.kept.keep_until,
            record=self.kept.record,
        )
        return judge(known, now=now, rule=self.rule)


@dataclass(slots=True)
class Settled:
    """What a pass changed, for the log and for who acts on it."""

    decisions: list[Decision] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)  # launches


class Culler:
    """Judges everybody, and remembers nothing but what the book keeps."""

    def __init__(self, world: World, *, dry_run: bool, lasting: timedelta) -> None:
        """`lasting` is how long a pass is believed."""
        self._world = world
        self._dry_run = dry_run
        self._lasting = lasting

    def run(self) -> None:
        """Make one pass.

        Raises:
            PortError: the broker does not tell, or the book cannot be kept: nothing ends.
        """
        policy, read_at = self._world.policy(), self._world.clock()
        listed = self._world.broker.containers()
        state = at_start_of(self._world.book.read(), dry_run=self._dry_run)
        cases = {case.container["launch_id"]: case for case in self._cases(listed, state, policy, read_at)}
        verdicts = self._judged(cases, self._history(policy, read_at))
        verdicts = self._limited(cases, verdicts, state, policy)
        settled = self._settle(listed, cases, self._looked_again(cases, verdicts, policy))
        for each in settled.decisions:
            self._tell(each)
        for launch_id in settled.ending if not self._dry_run else ():
            self._end(cases[launch_id].container["id"], launch_id)

    @staticmethod
    def _cases(listed: Sequence[Container], state: IdleState, policy: Policy, read_at: datetime) -> list[Case]:
        return [
            Case(
                container=each,
                read_at=read_at,
                rule=policy.of(user=each["owner"], image=each["image"]),
                kept=state.launches.get(each["launch_id"], new(each)),
            )
            for each in listed
            if each["state"] == "ready"
        ]

    def _history(self, policy: Policy, until: datetime) -> GpuHistory | None:
        """Return what GPUs did for twice as long as any rule asks; None, unknown, where Prometheus does not tell.

        With less, a container that is held back would soon seem idle since after its warnings.
        """
        rules = [policy.rule, *policy.images.values(), *policy.people.values()]
        try:
            return self._world.gpus.read(until=until, span=2 * max(rule.with_gpu.stop for rule in rules))
        except PortError as error:
            log.warning("the GPUs' activity is unknown", extra={"cause": str(error)})
            return None

    def _judged(self, cases: Mapping[str, Case], history: GpuHistory | None) -> dict[str, Verdict]:
        """Judge all; only those whose end would be Jupyter's to prevent have it asked, side by side."""

        def verdict(case: Case) -> Verdict:
            now = self._world.clock()
            quiet = Jupyter(read_at=now, busy=0)
            first = case.judged(history, quiet, now)
            if isinstance(first, Keep) and first.reason in SETTLED:
                return replace(first, numbers=replace(first.numbers, jupyter_busy=None))  # nobody asked
            return case.judged(history, self._jupyter(case), self._world.clock())

        with ThreadPoolExecutor(max_workers=ASKING, thread_name_prefix="jupyter") as pool:
            return dict(zip(cases, pool.map(verdict, cases.values()), strict=True))

    def _jupyter(self, case: Case) -> Jupyter | None:
        try:
            return self._world.broker.activity(case.container["id"])
        except PortError as error:
            log.info("a Jupyter is silent", extra={"container_id": case.container["id"], "cause": str(error)})
            return None

    def _limited(
        self, cases: Mapping[str, Case], verdicts: dict[str, Verdict], state: IdleState, policy: Policy
    ) -> dict[str, Verdict]:
        """Hold back what is too much for an hour; what a dry run ended before is not ended again."""
        ended = {launch_id for launch_id, case in cases.items() if self._dry_run and case.kept.ending_at}
        waiting = {launch_id: verdict for launch_id, verdict in verdicts.items() if launch_id not in ended}
        return verdicts | limited(waiting, state.stops, now=self._world.clock(), stops_an_hour=policy.stops_an_hour)

    def _looked_again(
        self, cases: Mapping[str, Case], verdicts: dict[str, Verdict], policy: Policy
    ) -> dict[str, Verdict]:
        """Ask everything anew for what is to end; whatever changed keeps it."""
        stops = [launch_id for launch_id, verdict in verdicts.items() if isinstance(verdict, Stop)]
        if not stops or self._dry_run:
            return verdicts
        history = self._history(policy, self._world.clock())
        return verdicts | {launch_id: self._again(cases[launch_id], history) for launch_id in stops}

    def _again(self, case: Case, history: GpuHistory | None) -> Verdict:
        read_at = self._world.clock()
        try:
            container = self._world.broker.container(case.container["id"])
        except PortError as error:
            log.info("a container is not told of any more", extra={"cause": str(error)})
            return case.judged(None, None, read_at)
        if container["state"] != "ready" or container["launch_id"] != case.container["launch_id"]:
            return case.judged(None, None, read_at)
        fresh = replace(case, container=container, read_at=read_at)
        return fresh.judged(history, self._jupyter(fresh), self._world.clock())

    def _settle(
        self, listed: Sequence[Container], cases: Mapping[str, Case], verdicts: Mapping[str, Verdict]
    ) -> Settled:
        """Write down everything at once; who asked for more time meanwhile is kept."""
        settled = Settled()
        now = self._world.clock()

        def change(state: IdleState) -> IdleState:
            settled.decisions, settled.ending = [], []
            state = at_start_of(state, dry_run=self._dry_run)
            launches = {}
            for each in listed:
                launch_id = each["launch_id"]
                before = state.launches.get(launch_id, new(each))
                launches[launch_id] = replace(before, told=None)
                if launch_id in cases:
                    verdict = _unless_extended(verdicts[launch_id], before, now)
                    rule = cases[launch_id].rule
                    launches[launch_id] = noted(before, verdict, now=now, rule=rule, dry_run=self._dry_run)
                    self._decide(settled, launch_id, before, launches[launch_id], verdict)
            gone = [before for launch_id, before in state.launches.items() if launch_id not in launches]
            settled.decisions += [reclaimed(before, now) for before in gone if self._dry_run and before.ending_at]
            stops = (*lately(state.stops, now), *[now] * len(settled.ending))
            return IdleState(
                passed_at=now, lasting=self._lasting, dry_run=self._dry_run, stops=stops, launches=launches
            )

        self._world.book.update(change)
        return settled

    def _decide(self, settled: Settled, launch_id: str, before: Launch, after: Launch, verdict: Verdict) -> None:
        now = self._world.clock()
        if self._dry_run and before.ending_at and after.ending_at is None:
            settled.decisions.append(reclaimed(before, now))
        told, known = after.told, before.told
        if told is None or (self._dry_run and before.ending_at and after.ending_at):
            return  # it has ended, as far as this dry run goes
        if isinstance(verdict, Stop):
            settled.ending.append(launch_id)
        if not isinstance(verdict, Keep) or known is None or known.reason != told.reason:
            settled.decisions.append(
                decision(launch_id, after, told, verdict.numbers, kind=kind_of(verdict), now=now, dry_run=self._dry_run)
            )

    def _tell(self, told: Decision) -> None:
        self._world.log.note(told)
        if not self._dry_run and told["kind"] in TOLD:
            self._world.people.note(told)

    def _end(self, container_id: str, launch_id: str) -> None:
        try:
            self._world.broker.stop(container_id, launch_id)
        except PortError as error:
            log.error("an idle container did not end", extra={"container_id": container_id, "cause": str(error)})


def new(container: Container) -> Launch:
    """Return what is kept of a container that nobody has judged."""
    return Launch(container_id=container["id"], owner=container["owner"], gpus=len(container["gpus"]))


def _unless_extended(verdict: Verdict, kept: Launch, now: datetime) -> Verdict:
    if isinstance(verdict, Keep) or kept.keep_until is None or now >= kept.keep_until:
        return verdict
    return Keep(reason=Reason.EXTENDED, numbers=verdict.numbers, sentence=KEPT[Reason.EXTENDED])
