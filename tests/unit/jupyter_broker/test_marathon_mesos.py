"""What Mesos tells of machines and of what containers wrote."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import marathon_machines, marathon_watch
from shiva_jupyter_broker.adapters.marathon_http import Addresses, TimedSession
from shiva_jupyter_broker.adapters.marathon_mesos import Mesos
from shiva_jupyter_broker.domain.containers import ContainerState, MachineName
from shiva_jupyter_broker.domain.logs import Log

from tests.fakes.launcher import FakeClock
from tests.fakes.marathon_apps import app, task
from tests.fakes.marathon_cluster import becomes, eventually, marathon_cluster, settled
from tests.fakes.scripted_http import CUT, Asked, Reply, Script, Scripted, answer, page, scripted

GPU_01, GPU_02 = MachineName("gpu-01"), MachineName("gpu-02")


def agent(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"agent-of-{name}",
        "hostname": name,
        "port": 5051,
        "pid": "slave(1)@10.0.0.11:5051",
        "active": True,
        "deactivated": False,
        "attributes": {},
        "resources": {"cpus": 8.0, "mem": 31000.0, "ports": "[31000-32000]"},
        **changes,
    }


def slaves(*agents: dict[str, Any], recovered: tuple[dict[str, Any], ...] = ()) -> Reply:
    return answer({"slaves": list(agents), "recovered_slaves": list(recovered)})


BOTH = slaves(agent("gpu-01"), agent("gpu-02"))
Serve = Callable[[Script], Scripted]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(scripted(script))


def mesos(*servers: Scripted) -> Mesos:
    return Mesos(Addresses([each.url for each in servers], TimedSession()), FakeClock())


def looks(serve: Serve, *replies: Reply) -> Mesos:
    """Look at each reply once."""
    left = list(replies)
    made = mesos(serve(lambda _: left.pop(0)))
    for _ in replies:
        made.look()
    return made


def reachable(made: Mesos) -> dict[str, bool]:
    states = marathon_machines.states([GPU_01, GPU_02], [], agents=made.agents, silent_since=None, away_since={})
    return {name: state.reachable for name, state in states.items()}


def test_machines_that_mesos_lists_are_reachable(serve: Serve) -> None:
    assert reachable(looks(serve, BOTH)) == {"gpu-01": True, "gpu-02": True}


def test_a_machine_that_mesos_never_saw_is_not(serve: Serve) -> None:
    assert reachable(looks(serve, slaves(agent("gpu-02")))) == {"gpu-01": False, "gpu-02": True}


def test_before_the_first_list_nothing_is_said_to_be_away(serve: Serve) -> None:
    assert reachable(looks(serve, page(503))) == {"gpu-01": True, "gpu-02": True}


@pytest.mark.parametrize("missing", [slaves(agent("gpu-02")), slaves(agent("gpu-02"), agent("gpu-01", active=False))])
def test_one_that_is_missing_is_away_on_the_second_look_and_since_the_first(serve: Serve, missing: Reply) -> None:
    once, twice = looks(serve, BOTH, missing), looks(serve, BOTH, missing, missing)
    assert (reachable(once)["gpu-01"], once.away()) == (True, frozenset())
    assert (reachable(twice)["gpu-01"], twice.away()) == (False, frozenset({GPU_01}))
    states = marathon_machines.states([GPU_01], [], agents=twice.agents, silent_since=None, away_since={})
    assert states[GPU_01].since == FakeClock().now
    assert reachable(looks(serve, BOTH, missing, missing, BOTH))["gpu-01"]


@pytest.mark.parametrize(
    "bad", [page(503), page(200), CUT, answer([]), answer({}), Reply(status=307, headers={"Location": "/"})]
)
def test_a_list_that_failed_changes_nothing(serve: Serve, bad: Reply) -> None:
    assert reachable(looks(serve, BOTH, bad, bad, bad)) == {"gpu-01": True, "gpu-02": True}


def test_a_standby_sends_on_to_the_leading_master(serve: Serve) -> None:
    made = mesos(
        serve(lambda _: Reply(status=307, headers={"Location": "//10.0.0.1:5050/slaves"})), serve(lambda _: BOTH)
    )
    made.look()
    assert reachable(made) == {"gpu-01": True, "gpu-02": True}


def test_after_a_failover_machines_that_are_waited_for_are_not_away(serve: Serve) -> None:
    waiting = slaves(agent("gpu-02"), recovered=({"id": "x", "hostname": "gpu-01"},))
    assert reachable(looks(serve, BOTH, waiting, waiting)) == {"gpu-01": True, "gpu-02": True}


@pytest.mark.parametrize(
    "drained", [agent("gpu-01", deactivated=True), agent("gpu-01", drain_info={"state": "DRAINING"})]
)
def test_an_operator_reads_that_a_machine_is_drained(serve: Serve, drained: dict[str, Any]) -> None:
    made = looks(serve, slaves(drained, agent("gpu-02")))
    states = marathon_machines.states([GPU_01, GPU_02], [], agents=made.agents, silent_since=None, away_since={})
    assert states[GPU_01].warnings == ("Mesos drains gpu-01: nothing new starts there, and what runs there is ended.",)
    assert states[GPU_02].warnings == ()


def test_without_mesos_unreachable_tasks_tell_of_machines() -> None:
    lost, runs = app(None, task("TASK_UNREACHABLE")), app(None, task())
    assert marathon_machines.away([lost]) == {"gpu-01"}
    assert marathon_machines.away([lost, runs]) == marathon_machines.away([runs]) == frozenset()


# ---- what containers wrote ----


def files(text: str) -> Script:
    """Serve a list with one agent, which is this server itself, and its files."""

    def script(asked: Asked) -> Reply:
        if asked.path != "/files/read":
            host = asked.headers["Host"]
            return slaves(agent("gpu-01", pid=f"slave(1)@{host}"))
        offset = int(asked.query["offset"][0])
        if offset < 0:
            return answer({"data": "", "offset": len(text)})
        return answer({"data": text[offset : offset + int(asked.query["length"][0])], "offset": offset})

    return script


FAILED = {"taskId": "shiva_ada.instance-1._app.1", "slaveId": "agent-of-gpu-01"}


def test_the_last_lines_are_read_from_the_agent(serve: Serve) -> None:
    server = serve(files("".join(f"line {number} {'x' * 1000}\n" for number in range(100))))
    made = mesos(server)
    made.look()
    tail = made.log_tail("framework-1", FAILED)
    assert [line.split()[1] for line in tail[-3:]] == ["97", "98", "99"]
    assert len(tail) <= 20
    path = "/frameworks/framework-1/executors/shiva_ada.instance-1._app.1/runs/latest/stderr"
    assert {each.query["path"][0] for each in server.asked if each.path == "/files/read"} == {path}


def test_as_many_lines_as_are_wanted_are_read_now_and_older_ones_are_told_of(serve: Serve) -> None:
    made = mesos(serve(files("".join(f"line {number}\n" for number in range(100)))))
    made.look()
    whole, some = made.log("framework-1", FAILED, 1000), made.log("framework-1", FAILED, 2)
    assert whole is not None
    assert (len(whole.lines), whole.truncated) == (100, False)
    assert some is not None
    assert (some.lines, some.truncated) == (("line 98", "line 99"), True)


def test_of_a_long_log_the_end_is_read(serve: Serve) -> None:
    made = mesos(serve(files("".join(f"line {number} {'x' * 90}\n" for number in range(10_000)))))
    made.look()
    told = made.log("framework-1", FAILED, 1000)
    assert told is not None
    assert (told.lines[-1].split()[1], told.truncated) == ("9999", True)
    assert {line[:5] for line in told.lines} == {"line "}


@pytest.mark.parametrize("given", [{}, {"slaveId": "agent-of-gpu-09", "taskId": "x"}])
def test_what_nobody_knows_has_no_last_lines(serve: Serve, given: dict[str, str]) -> None:
    made = mesos(serve(files("text")))
    made.look()
    assert made.log_tail("framework-1", given) == ()
    assert made.log_tail("", FAILED) == ()
    assert made.log("", FAILED, 10) is made.log("framework-1", given, 10) is None


def test_files_that_cannot_be_read_are_no_failure(serve: Serve) -> None:
    made = mesos(serve(lambda asked: page(404) if asked.path == "/files/read" else files("")(asked)))
    made.look()
    assert made.log_tail("framework-1", FAILED) == ()


def test_a_failure_shows_its_last_lines(tmp_path: Path, serve: Serve) -> None:
    with marathon_cluster(tmp_path) as cluster:
        there = {each: cluster.simulator.agent(each).id for each in ("gpu-01", "gpu-02")}

        removed: list[str] = []

        def script(asked: Asked) -> Reply:
            if asked.path == "/files/read":
                return page(404) if removed else files("one\ntwo\n")(asked)
            return slaves(
                *(agent(name, id=known, pid=f"slave(1)@{asked.headers['Host']}") for name, known in there.items())
            )

        launcher, wanted = cluster.launcher(mesos_urls=(serve(script).url,)), cluster.wanted()
        launcher.launch(wanted)
        becomes(launcher, wanted.id, ContainerState.BOOTING)
        assert launcher.log(wanted.launch_id, lines=1) == Log(lines=("two",), truncated=True)
        cluster.simulator.end_task(cluster.only_app(), 1)
        assert becomes(launcher, wanted.id, ContainerState.FAILED).log_tail == ("one", "two")
        assert launcher.log(wanted.launch_id, lines=200) == Log(lines=("one", "two"))
        removed.append("its sandbox")  # as agents do after a while
        assert launcher.log(wanted.launch_id, lines=1) == Log(lines=("two",), truncated=True)


def test_a_suspended_app_on_a_machine_that_mesos_misses_keeps_its_lease(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marathon_watch, "ATTACHED_SECONDS", 0.1)
    with marathon_cluster(tmp_path) as cluster:
        listed = [agent("gpu-01"), agent("gpu-02")]
        launcher = cluster.launcher(mesos_urls=(serve(lambda _: slaves(*listed)).url,))
        wanted = cluster.wanted()
        launcher.launch(wanted)
        becomes(launcher, wanted.id, ContainerState.BOOTING)
        del listed[0]
        eventually(lambda: not launcher.machines()[GPU_01].reachable, "it is away")
        launcher.stop(wanted.launch_id, grace=timedelta(0))
        assert becomes(launcher, wanted.id, ContainerState.LOST).holds_resources
        listed.insert(0, agent("gpu-01"))
        eventually(lambda: launcher.machines()[GPU_01].reachable, "it is back")
        settled(launcher, lambda: cluster.apps() == {}, "the app is deleted")
