"""Deployments: locks, force, rollback, and when they are done."""

import pytest

from tests.marathon_simulator.memory_engine import MemoryEngine, Script
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.marathon_simulator.web.messages import LOCKED
from tests.unit.marathon_simulator.cluster import (
    agents,
    call,
    deployments,
    notebook,
    running,
    settled,
    start,
    tasks,
    until,
)


def kinds(marathon: MarathonSimulator, *wanted: str) -> list[str]:
    """Return the kinds of events so far, in order; of the wanted ones only."""
    return [each["eventType"] for each in marathon.events() if not wanted or each["eventType"] in wanted]


def test_an_app_is_locked_while_it_is_deployed(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    created = call(marathon, "POST", "/v2/apps", notebook())
    refused = call(marathon, "PUT", "/v2/apps/shiva/ada", {"mem": 1})
    assert refused.status_code == 409
    assert refused.json() == {"message": LOCKED, "deployments": [{"id": created.headers["Marathon-Deployment-Id"]}]}


def test_force_cancels_the_older_deployment_and_goes_on(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    older = call(marathon, "POST", "/v2/apps", notebook()).headers["Marathon-Deployment-Id"]
    newer = call(marathon, "PUT", "/v2/apps/shiva/ada?force=true", {"instances": 0}).json()["deploymentId"]
    until(lambda: settled(marathon))
    ends = [
        (each["eventType"], each["id"])
        for each in marathon.events()
        if each["eventType"] in ("deployment_failed", "deployment_success")
    ]
    assert ends == [("deployment_failed", older), ("deployment_success", newer)]


def test_a_deletion_is_forced_unless_it_says_otherwise(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    call(marathon, "POST", "/v2/apps", notebook())
    assert call(marathon, "DELETE", "/v2/apps/shiva/ada?force=false").status_code == 409
    assert call(marathon, "DELETE", "/v2/apps/shiva/ada").status_code == 200
    assert call(marathon, "GET", "/v2/apps/shiva/ada").status_code == 404
    until(lambda: settled(marathon))


def test_a_deleted_app_is_gone_at_once_and_its_task_after_its_grace() -> None:
    engine = MemoryEngine(lambda _: Script(dies=60))
    with MarathonSimulator(agents(), engine) as marathon:
        task = start(marathon, taskKillGracePeriodSeconds=1)["id"]
        call(marathon, "DELETE", "/v2/apps/shiva/ada")
        assert call(marathon, "GET", "/v2/apps/shiva/ada").status_code == 404
        assert engine.lives("gpu-01")[task].state == "TASK_RUNNING"
        assert call(marathon, "POST", "/v2/apps", notebook()).status_code == 409
        until(lambda: settled(marathon))
        assert engine.lives("gpu-01")[task].state == "TASK_KILLED"
        last = kinds(marathon, "status_update_event", "app_terminated_event", "deployment_success")[-3:]
    assert last == ["status_update_event", "app_terminated_event", "deployment_success"]


def test_a_deployment_that_finds_no_offer_waits_and_is_shown(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    started = call(marathon, "POST", "/v2/apps", notebook())
    shown = deployments(marathon)
    action = {"action": "ScaleApplication", "app": "/shiva/ada"}
    steps = [{"actions": [{"action": "StartApplication", "app": "/shiva/ada"}]}, {"actions": [action]}]
    assert shown == [
        {
            "id": started.headers["Marathon-Deployment-Id"], "version": shown[0]["version"], "affectedApps": ["/shiva/ada"],
            "affectedPods": [], "steps": steps, "currentActions": [action | {"readinessCheckResults": []}],
            "currentStep": 2, "totalSteps": 2,
        }
    ]  # fmt: skip
    marathon.release_offers()
    until(lambda: running(marathon) and settled(marathon))


def test_a_rolled_back_creation_removes_the_app(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    deployment = call(marathon, "POST", "/v2/apps", notebook()).headers["Marathon-Deployment-Id"]
    answer = call(marathon, "DELETE", f"/v2/deployments/{deployment}")
    assert answer.status_code == 200
    assert answer.json()["deploymentId"] != deployment
    assert call(marathon, "GET", "/v2/apps/shiva/ada").status_code == 404
    until(lambda: settled(marathon))


def test_an_abandoned_deployment_leaves_things_as_they_are(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    deployment = call(marathon, "POST", "/v2/apps", notebook()).headers["Marathon-Deployment-Id"]
    answer = call(marathon, "DELETE", f"/v2/deployments/{deployment}?force=true")
    assert (answer.status_code, answer.text) == (202, "")
    assert settled(marathon)
    assert call(marathon, "GET", "/v2/apps/shiva/ada").status_code == 200
    marathon.release_offers()
    until(lambda: running(marathon))


@pytest.mark.parametrize(("strategy", "most"), [((0, 0), 1), ((1, 1), 2)])
def test_a_restart_keeps_to_the_upgrade_strategy(
    marathon: MarathonSimulator, strategy: tuple[int, int], most: int
) -> None:
    old = start(marathon, upgradeStrategy={"minimumHealthCapacity": strategy[0], "maximumOverCapacity": strategy[1]})
    call(marathon, "POST", "/v2/apps/shiva/ada/restart")
    until(lambda: settled(marathon))
    assert [each["id"] for each in running(marathon)] != [old["id"]]
    alive: set[str] = set()
    seen = 0
    for event in marathon.events("instance_changed_event"):
        change = alive.discard if event["condition"] in ("Killed", "Failed") else alive.add
        change(event["instanceId"])
        seen = max(seen, len(alive))
    assert seen == most


def test_an_identical_change_is_an_empty_deployment(marathon: MarathonSimulator) -> None:
    task = start(marathon)
    answer = call(marathon, "PUT", "/v2/apps/shiva/ada", {"mem": 512}).json()
    assert settled(marathon)
    assert [each["id"] for each in running(marathon)] == [task["id"]]
    success = marathon.events("deployment_success")[-1]
    assert (success["id"], success["plan"]["steps"]) == (answer["deploymentId"], [])


def test_more_deployments_than_allowed_are_forbidden() -> None:
    with MarathonSimulator(agents(), options=Options(max_running_deployments=2)) as marathon:
        marathon.hold_offers()
        answers = [call(marathon, "POST", "/v2/apps", notebook(f"/shiva/n{number}")).status_code for number in range(3)]
    assert answers == [201, 201, 403]


def test_a_suspended_app_keeps_its_definition_and_starts_again(marathon: MarathonSimulator) -> None:
    start(marathon)
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"instances": 0})
    until(lambda: settled(marathon))
    assert tasks(marathon) == []
    app = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]
    assert (app["instances"], app["labels"]) == (0, {"shiva.id": "ada"})
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"instances": 1})
    until(lambda: running(marathon))


def test_the_same_id_again_starts_nothing_while_the_old_instance_is_unreachable(marathon: MarathonSimulator) -> None:
    old = start(marathon, constraints=[["hostname", "CLUSTER", "gpu-01"]])
    marathon.lose_agent("gpu-01")
    until(lambda: tasks(marathon)[0]["state"] == "TASK_UNREACHABLE")
    call(marathon, "DELETE", "/v2/apps/shiva/ada")
    until(lambda: settled(marathon))
    call(marathon, "POST", "/v2/apps", notebook())
    until(lambda: settled(marathon))
    assert running(marathon) == []
    marathon.return_agent("gpu-01")
    new = until(lambda: [each for each in running(marathon) if each["id"] != old["id"]])
    assert len(new) == 1
