"""What Marathon shows → what people see."""

from dataclasses import replace
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import marathon_failures
from shiva_jupyter_broker.adapters.marathon_app import suspension
from shiva_jupyter_broker.adapters.marathon_state import Surroundings, ended_by_itself, observed, over
from shiva_jupyter_broker.domain.containers import Container, ContainerState, Endpoint, MachineName

from tests.fakes.launcher import NOW, spec
from tests.fakes.marathon_apps import app, failure, task, waiting

AROUND = Surroundings(now=NOW, addresses={"gpu-01": "10.0.0.11"})
DEPLOYING = [{"id": "d-1"}]


def seen(shown: dict[str, Any], around: Surroundings = AROUND) -> Container:
    found = observed(shown, spec(), around)
    assert found is not None
    return found


def suspended(*tasks: dict[str, Any], kept: bool = False, ended: str = "", **changes: Any) -> dict[str, Any]:
    plain = app(None, *tasks)
    return {**plain, **suspension(plain, kept=kept, ended=ended), **changes}


def around_with(item: dict[str, Any]) -> Surroundings:
    return replace(AROUND, queue={app()["id"]: item})


def test_a_new_app_waits_without_a_reason() -> None:
    found = seen(app(deployments=DEPLOYING))
    assert (found.state, found.reason, found.endpoint) == (ContainerState.PENDING, None, None)


def test_a_queued_app_waits_with_the_queues_reason() -> None:
    found = seen(app(), around_with(waiting({"UnfulfilledConstraint": 2, "InsufficientPorts": 1})))
    assert found.state is ContainerState.PENDING
    assert found.reason is not None
    assert found.reason.startswith("gpu-01 has no port free")


def test_staging_for_a_moment_is_waiting_and_for_longer_is_pulling() -> None:
    assert seen(app(None, task("TASK_STAGING", age_seconds=1))).state is ContainerState.PENDING
    found = seen(app(None, task("TASK_STAGING", age_seconds=20)))
    assert found.state is ContainerState.PULLING
    assert found.pull is not None
    assert (found.pull.done_bytes, found.pull.error) == (None, None)


def test_a_running_task_boots_at_the_machines_address() -> None:
    found = seen(app(None, task()))
    assert found.state is ContainerState.BOOTING
    assert found.endpoint == Endpoint(host="10.0.0.11", port=31007)
    assert found.started_at is not None
    assert found.engine_id == task()["id"]


def test_a_host_that_is_no_machine_of_ours_is_taken_as_it_is() -> None:
    assert seen(app(None, task(host="gpu-09.lan"))).endpoint == Endpoint(host="gpu-09.lan", port=31007)


@pytest.mark.parametrize(
    "odd", [{"ports": []}, {"ports": None}, {"ports": ["x"]}, {"host": None}, {"state": "TASK_STARTING"}]
)
def test_without_a_published_port_there_is_no_endpoint(odd: dict[str, Any]) -> None:
    found = seen(app(None, {**task(), **odd}))
    assert (found.state, found.endpoint) == (ContainerState.BOOTING, None)


@pytest.mark.parametrize("state", ["TASK_UNREACHABLE", "TASK_UNKNOWN", "TASK_LOST"])
def test_an_unreachable_task_is_lost_and_holds_its_lease(state: str) -> None:
    found = seen(app(None, task(state)))
    assert found.state is ContainerState.LOST
    assert found.holds_resources
    assert (
        found.reason
        == "gpu-01 does not answer. The files in the home are safe; wait for the machine, or start on another one."
    )


def test_a_lost_one_that_was_stopped_says_what_becomes_of_it() -> None:
    found = seen(suspended(task("TASK_UNREACHABLE")))
    assert found.state is ContainerState.LOST
    assert (
        found.reason
        == "gpu-01 does not answer. What still runs there ends as soon as it is back; the files in the home are safe."
    )


def test_a_suspended_app_on_a_machine_that_mesos_misses_is_not_gone() -> None:
    away = replace(AROUND, away=frozenset({MachineName("gpu-01")}))
    assert seen(suspended(), away).state is ContainerState.LOST


@pytest.mark.parametrize(
    "shown", [suspended(task()), suspended(task("TASK_KILLING")), suspended(deployments=DEPLOYING)]
)
def test_a_suspended_app_stops_until_its_task_and_its_deployment_are_gone(shown: dict[str, Any]) -> None:
    found = seen(shown)
    assert (found.state, found.endpoint) == (ContainerState.STOPPING, None)
    assert found.holds_resources
    assert not over(shown)


def test_then_nothing_is_left_but_the_app() -> None:
    assert observed(suspended(), spec(), AROUND) is None
    assert over(suspended())


def test_a_kept_one_has_failed_once_its_task_is_gone_and_not_before() -> None:
    assert seen(suspended(task("TASK_KILLING"), kept=True, ended="asked")).state is ContainerState.STOPPING
    found = seen(suspended(kept=True, ended="asked"))
    assert (found.state, found.reason) == (
        ContainerState.FAILED,
        "It was ended. The files in the home are safe; start it again.",
    )
    assert found.ended_at == NOW


ENDINGS: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    (app(None, task()), {}, None),
    (app(), {}, None),
    (app(), waiting(), None),
    (app(None, task("TASK_FAILED"), lastTaskFailure=failure("Container exited with status 1")), {}, ""),
    (app(lastTaskFailure=failure("Container exited with status 1")), {}, ""),
    (app(None, task(), lastTaskFailure=failure("agent lost", "TASK_LOST")), {}, None),
    (app(None, task("TASK_FINISHED")), {}, marathon_failures.FINISHED),
    (app(), waiting(overdue=False, timeLeftSeconds=3599), ""),
    (app(None, task(incarnation=2)), {}, marathon_failures.REPLACED),
    (suspended(), {}, None),
]


@pytest.mark.parametrize(("shown", "item", "expected"), ENDINGS)
def test_an_end_by_itself_is_told_from_everything_else(
    shown: dict[str, Any], item: dict[str, Any], expected: str | None
) -> None:
    assert ended_by_itself(shown, around_with(item)) == expected


def test_an_event_tells_of_exit_status_0_that_marathon_does_not_note() -> None:
    around = replace(AROUND, endings={app()["id"]: "TASK_FINISHED"})
    assert ended_by_itself(app(), around) == marathon_failures.FINISHED


def test_an_event_tells_of_a_machine_that_was_removed_which_marathon_does_not_note_either() -> None:
    around = replace(AROUND, endings={app()["id"]: "TASK_GONE_BY_OPERATOR"})
    assert ended_by_itself(app(), around) == "TASK_GONE_BY_OPERATOR"
    noted = app(lastTaskFailure=failure("Container exited with status 1"))
    assert ended_by_itself(noted, around) == ""


def test_until_it_is_suspended_what_ended_by_itself_holds_its_lease() -> None:
    found = seen(app(lastTaskFailure=failure("Container exited with status 1")))
    assert found.state is ContainerState.STOPPING
    assert found.holds_resources
    assert found.reason == "Jupyter ended with exit status 1. The files in the home are safe; start it again."


PULL_FAILED = "Failed to launch container: Failed to run 'docker -H unix:///var/run/docker.sock pull x': exited with status 1; stderr='manifest unknown'"
TOO_SLOW = "gpu-01 did not start it in the time that Mesos allows, most often because its image is large. The files in the home are safe; start it again in a few minutes, when the image is there."
SAFE = "The files in the home are safe"
safe = "the files in the home are safe"
FAILURES = [
    (failure("Container exited with status 1"), "", f"Jupyter ended with exit status 1. {SAFE}; start it again."),
    (failure("Container exited with status 137"), "", f"It was killed, most often because its memory (4.0 GiB) was full. {SAFE}; start it again and load less at once."),
    (failure("Memory limit exceeded: Requested: 4096MB"), "", f"It used all of its memory (4.0 GiB) and was killed. {SAFE}; start it again and load less at once."),
    (failure("Container exited with status 143"), "", f"It was stopped from outside Shiva. {SAFE}; start it again."),
    (failure("Container exited with status 125"), "", f"Docker on gpu-01 did not start it, or was restarted while it ran. {SAFE}; start it again, and tell an operator if that fails too."),
    (failure(PULL_FAILED), "", f"gpu-01 cannot fetch the image shiva-jupyter. {SAFE}; choose another image, or tell an operator."),
    (failure("Executor did not register within 1mins"), "", TOO_SLOW),
    (failure("Task uses more resources than available", "TASK_ERROR"), "", f"Mesos refused it: Task uses more resources than available. Nothing was started, and {safe}; tell an operator."),
    (failure("Slave removed", "TASK_LOST"), "", f"gpu-01 was lost while it ran there. {SAFE}; start it again."),
    ({}, "TASK_GONE_BY_OPERATOR", f"An operator removed gpu-01 while it ran there. {SAFE}; start it again."),
    (failure(""), "", f"Jupyter ended by itself. {SAFE}; start it again."),
    ({}, "", f"Jupyter ended by itself. {SAFE}; start it again."),
    ({}, "finished", f"Jupyter was shut down (exit status 0), from within or with its machine's Docker. {SAFE}; start it again."),
    ({}, "replaced", f"It was ended from outside Shiva, or took longer to start than Marathon waits. {SAFE}; start it again."),
    (failure("Container exited with status 1"), "replaced", f"Jupyter ended with exit status 1. {SAFE}; start it again."),
]  # fmt: skip


@pytest.mark.parametrize(("last", "ended", "sentence"), FAILURES)
def test_every_end_is_a_sentence_that_its_owner_can_act_on(last: dict[str, Any], ended: str, sentence: str) -> None:
    shown = suspended(kept=True, ended=ended, **({"lastTaskFailure": last} if last else {}))
    assert seen(shown).reason == sentence


def test_the_last_lines_belong_to_what_failed() -> None:
    around = replace(AROUND, log_tails={spec().launch_id: ("Killed",)})
    assert seen(suspended(kept=True), around).log_tail == ("Killed",)
    assert seen(app(None, task()), around).log_tail == ()
