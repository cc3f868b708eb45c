"""Tasks: their life, their ends, machines that are lost and return."""

from typing import Any

import pytest

from tests.marathon_simulator.engine import Order
from tests.marathon_simulator.memory_engine import MemoryEngine, Script
from tests.marathon_simulator.options import Options, Timers
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import agents, call, notebook, queue, running, settled, start, tasks, until

FAST = Options(timers=Timers(second=0.02))
CHECK = {
    "protocol": "MESOS_HTTP",
    "path": "/",
    "delaySeconds": 0,
    "intervalSeconds": 1,
    "gracePeriodSeconds": 1,
    "maxConsecutiveFailures": 2,
}


def conditions(marathon: MarathonSimulator) -> list[str]:
    """Return the conditions that were told, without repeats."""
    told = [each["condition"] for each in marathon.events("instance_changed_event")]
    return [each for each, before in zip(told, ["", *told], strict=False) if each != before]


def test_a_task_is_staged_started_and_running_with_a_port_of_its_machine() -> None:
    engine = MemoryEngine(lambda _: Script(pulls=60))
    with MarathonSimulator(agents(), engine) as marathon:
        call(marathon, "POST", "/v2/apps", notebook())
        staged = until(lambda: tasks(marathon))[0]
        assert (staged["state"], "startedAt" in staged, "stagedAt" in staged) == ("TASK_STAGING", False, True)
        assert 31000 <= staged["ports"][0] <= 32000
        counters = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]
        assert (counters["tasksStaged"], counters["tasksRunning"]) == (1, 0)


def test_the_events_of_a_start_tell_every_condition(marathon: MarathonSimulator) -> None:
    task = start(marathon)
    until(lambda: settled(marathon))
    assert conditions(marathon) == ["Scheduled", "Provisioned", "Starting", "Running"]
    first = marathon.events("instance_changed_event")[0]
    assert (first["agentId"], first["host"]) == (None, None)
    assert [each["taskStatus"] for each in marathon.events("status_update_event")] == ["TASK_STARTING", "TASK_RUNNING"]
    assert task["id"] == f"shiva_ada.{first['instanceId'].partition('.')[2]}._app.1"


@pytest.mark.parametrize(("code", "state"), [(0, "Finished"), (1, "Failed"), (137, "Failed")])
def test_a_task_that_ends_comes_back_as_the_next_incarnation(
    marathon: MarathonSimulator, code: int, state: str
) -> None:
    before = start(marathon, backoffSeconds=0)
    marathon.end_task("/shiva/ada", code)
    after = until(lambda: [each for each in running(marathon) if each["id"] != before["id"]])[0]
    assert after["id"] == before["id"].removesuffix("1") + "2"
    assert state in conditions(marathon)
    failure = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"].get("lastTaskFailure")
    if code == 0:
        assert failure is None
    else:
        assert (failure["state"], failure["message"]) == ("TASK_FAILED", f"Container exited with status {code}")
        assert (failure["taskId"], failure["host"]) == (before["id"], before["host"])


def test_failures_are_backed_off_from_until_the_delay_is_reset(marathon: MarathonSimulator) -> None:
    start(marathon, backoffSeconds=100, backoffFactor=2, maxLaunchDelaySeconds=150)
    marathon.end_task("/shiva/ada", 1)
    delay = until(lambda: queue(marathon))[0]["delay"]
    assert (delay["overdue"], 95 < delay["timeLeftSeconds"] <= 100) == (False, True)
    assert tasks(marathon) == []
    assert call(marathon, "DELETE", "/v2/queue/shiva/ada/delay").status_code == 204
    until(lambda: running(marathon))


def test_a_killed_task_comes_back_without_a_delay_and_in_the_same_instance(marathon: MarathonSimulator) -> None:
    before = start(marathon, backoffSeconds=100)
    answer = call(marathon, "DELETE", f"/v2/apps/shiva/ada/tasks/{before['id']}")
    assert answer.json()["task"]["id"] == before["id"]
    after = until(lambda: [each for each in running(marathon) if each["id"] != before["id"]])[0]
    assert after["id"] == before["id"].removesuffix("1") + "2"
    assert "Killing" in conditions(marathon)


def test_a_wiped_task_is_replaced_by_another_instance(marathon: MarathonSimulator) -> None:
    before = start(marathon)
    call(marathon, "POST", "/v2/tasks/delete?wipe=true", {"ids": [before["id"]]})
    after = until(lambda: [each for each in running(marathon) if each["id"] != before["id"]])[0]
    assert after["id"].endswith("._app.1")


def test_a_task_killed_with_scale_does_not_come_back(marathon: MarathonSimulator) -> None:
    task = start(marathon)
    answer = call(marathon, "POST", "/v2/tasks/delete?scale=true", {"ids": [task["id"]]})
    assert "deploymentId" in answer.json()
    until(lambda: settled(marathon) and not tasks(marathon))
    assert call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]["instances"] == 0
    assert call(marathon, "POST", "/v2/tasks/delete", {"ids": ["nonsense"]}).status_code == 400


def test_service_ports_are_told_by_the_list_of_all_tasks_only(marathon: MarathonSimulator) -> None:
    task = start(marathon)
    every = call(marathon, "GET", "/v2/tasks?status=running").json()["tasks"]
    assert (task["servicePorts"], [each["servicePorts"] for each in every]) == ([], [[10000]])
    assert call(marathon, "GET", "/v2/tasks?status=staging").json()["tasks"] == []


def test_a_pull_that_takes_too_long_fails_and_is_tried_again() -> None:
    slow = iter([Script(pulls=60), Script()])
    options = Options(timers=Timers(second=0.02, registration=0.05, overdue=0.02))
    with MarathonSimulator(agents(), MemoryEngine(lambda _: next(slow)), options) as marathon:
        call(marathon, "POST", "/v2/apps", notebook())
        assert until(lambda: running(marathon))[0]["id"].endswith("._app.2")
        failure = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]["lastTaskFailure"]
    assert failure["message"] == "Executor did not register within 0.05secs"


def test_a_launch_beyond_marathons_own_limit_is_killed_and_tried_again() -> None:
    slow = iter([Script(pulls=60), Script()])
    options = Options(timers=Timers(launch=0.05, overdue=0.02))
    with MarathonSimulator(agents(), MemoryEngine(lambda _: next(slow)), options) as marathon:
        call(marathon, "POST", "/v2/apps", notebook())
        assert until(lambda: running(marathon))[0]["id"].endswith("._app.2")
        assert "Killed" in conditions(marathon)


def test_an_unknown_docker_flag_fails_as_docker_does_and_says_so_in_the_sandbox() -> None:
    engine = MemoryEngine()
    docker = {"image": "shiva-jupyter", "parameters": [{"key": "no-such-flag", "value": "1"}]}
    with MarathonSimulator(agents(), engine) as marathon:
        call(marathon, "POST", "/v2/apps", notebook(container={"type": "DOCKER", "docker": docker}))
        failure: dict[str, Any] = until(
            lambda: call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"].get("lastTaskFailure")
        )
    assert failure["message"] == "Container exited with status 125"
    assert engine.output(failure["taskId"], "stderr").startswith(b"unknown flag: --no-such-flag")


def test_a_lost_machine_shows_its_tasks_unreachable_and_has_them_back(marathon: MarathonSimulator) -> None:
    task = start(marathon, constraints=[["hostname", "CLUSTER", "gpu-01"]])
    marathon.lose_agent("gpu-01")
    lost = until(lambda: [each for each in tasks(marathon) if each["state"] == "TASK_UNREACHABLE"])[0]
    assert lost["id"] == task["id"]
    marathon.scale_check()
    assert len(tasks(marathon)) == 1
    marathon.return_agent("gpu-01")
    assert until(lambda: running(marathon))[0]["id"] == task["id"]


def test_a_task_that_ended_on_a_lost_machine_fails_when_it_returns(marathon: MarathonSimulator) -> None:
    task = start(marathon, backoffSeconds=0)
    marathon.lose_agent(task["host"])
    until(lambda: tasks(marathon)[0]["state"] == "TASK_UNREACHABLE")
    marathon.end_task("/shiva/ada", 1)
    assert tasks(marathon)[0]["state"] == "TASK_UNREACHABLE"
    marathon.return_agent(task["host"])
    assert until(lambda: running(marathon))[0]["id"] != task["id"]


def test_by_default_a_lost_task_is_replaced_and_killed_when_it_returns(marathon: MarathonSimulator) -> None:
    before = start(marathon, unreachableStrategy={"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0})
    marathon.lose_agent(before["host"])
    after = until(lambda: running(marathon))[0]
    until(lambda: running(marathon) and running(marathon)[0]["host"] != before["host"])
    marathon.return_agent(before["host"])
    until(lambda: marathon.events("unknown_instance_terminated_event"))
    assert [each["host"] for each in running(marathon)] != [before["host"]]
    assert after is not None


def test_a_deletion_waits_for_a_machine_that_is_not_yet_known_to_be_lost() -> None:
    options = Options(timers=Timers(unreachable=0.3))
    engine = MemoryEngine()
    with MarathonSimulator(agents(), engine, options) as marathon:
        task = start(marathon)
        marathon.lose_agent(task["host"])
        call(marathon, "DELETE", "/v2/apps/shiva/ada")
        assert not settled(marathon)
        until(lambda: settled(marathon))
        assert engine.lives(task["host"])[task["id"]].state == "TASK_RUNNING"
        marathon.return_agent(task["host"])
        until(lambda: engine.lives(task["host"])[task["id"]].state == "TASK_KILLED")


def test_a_machine_that_is_gone_for_good_ends_its_tasks(marathon: MarathonSimulator) -> None:
    before = start(marathon, backoffSeconds=0)
    marathon.remove_agent(before["host"])
    assert until(lambda: running(marathon))[0]["host"] != before["host"]
    assert "Gone" in conditions(marathon)


def test_health_checks_hold_a_deployment_until_the_task_is_well() -> None:
    engine = MemoryEngine(lambda _: Script(unhealthy="connection refused"))
    options = Options(timers=Timers(second=0.02))
    with MarathonSimulator(agents(), engine, options) as marathon:
        task = start(marathon, healthChecks=[CHECK | {"gracePeriodSeconds": 3600}])
        assert not settled(marathon)
        assert "healthCheckResults" not in task
        engine.ail(task["id"], None)
        until(lambda: settled(marathon))
        result = tasks(marathon)[0]["healthCheckResults"][0]
        counters = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]
    assert (result["alive"], result["consecutiveFailures"], counters["tasksHealthy"]) == (True, 0, 1)


def test_a_task_that_fails_its_checks_too_often_is_killed_and_comes_back() -> None:
    def script(order: Order) -> Script:
        return Script(unhealthy="connection refused" if order.task_id.endswith("_app.1") else None)

    with MarathonSimulator(agents(), MemoryEngine(script), FAST) as marathon:
        start(marathon, healthChecks=[CHECK])
        until(lambda: [each for each in running(marathon) if each["id"].endswith("_app.2")])
        failure = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]["lastTaskFailure"]
        assert len(marathon.events("unhealthy_instance_kill_event")) == 1
    assert failure["state"] == "TASK_KILLED"
    assert failure["message"] == "Task was killed since health check failed. Reason: connection refused"
