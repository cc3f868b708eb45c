"""The launch queue: why something does not start, and where it may."""

from typing import Any

import pytest

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.matching import FUNNEL, satisfied
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.rules.policy import Policy
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import agents, call, notebook, queue, running, start, until


def declined(item: dict[str, Any], which: str = "rejectSummaryLaunchAttempt") -> dict[str, int]:
    """Return the reasons that declined offers."""
    return {line["reason"]: line["declined"] for line in item["processedOffersSummary"][which] if line["declined"]}


def waiting(marathon: MarathonSimulator, **changes: Any) -> dict[str, Any]:
    """Create an app that cannot start, and return its item of the queue once it has seen offers."""
    call(marathon, "POST", "/v2/apps", notebook(**changes))
    return until(lambda: [each for each in queue(marathon, "?embed=lastUnusedOffers") if each["lastUnusedOffers"]])[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cpus": 64}, "InsufficientCpus"), ({"mem": 999_999}, "InsufficientMemory"), ({"disk": 9_999_999}, "InsufficientDisk"),
        ({"constraints": [["hostname", "CLUSTER", "gpu-09"]]}, "UnfulfilledConstraint"),
        ({"constraints": [["rack", "UNIQUE"]]}, "UnfulfilledConstraint"),
        ({"container": {"type": "DOCKER", "docker": {"image": "i"}, "portMappings": [{"hostPort": 80}]}}, "InsufficientPorts"),
    ],
)  # fmt: skip
def test_the_funnel_names_the_first_reason_of_every_offer(
    marathon: MarathonSimulator, change: dict[str, Any], reason: str
) -> None:
    item = waiting(marathon, **change)
    summary = item["processedOffersSummary"]
    assert item["delay"] == {"timeLeftSeconds": 0, "overdue": True}
    assert (item["count"], item["role"], item["app"]["id"]) == (1, "*", "/shiva/ada")
    assert declined(item) == declined(item, "rejectSummaryLastOffers") == {reason: 2}
    assert [line["reason"] for line in summary["rejectSummaryLastOffers"]] == list(FUNNEL)
    before = [line["processed"] for line in summary["rejectSummaryLastOffers"]]
    assert before == [2] * (FUNNEL.index(reason) + 1) + [0] * (9 - FUNNEL.index(reason))
    assert [each["reason"] for each in item["lastUnusedOffers"]] == [[reason]] * 2
    assert {each["offer"]["hostname"] for each in item["lastUnusedOffers"]} == {"gpu-01", "gpu-02"}


def test_without_offers_nothing_is_processed(marathon: MarathonSimulator) -> None:
    marathon.hold_offers()
    call(marathon, "POST", "/v2/apps", notebook())
    item = until(lambda: queue(marathon))[0]
    assert item["processedOffersSummary"]["processedOffersCount"] == 0
    assert "lastUnusedOffers" not in item


def test_a_missing_attribute_keeps_waiting_until_the_machine_has_it(marathon: MarathonSimulator) -> None:
    waiting(marathon, constraints=[["gpu_model", "IS", "GTX1080Ti"]])
    marathon.set_attribute("gpu-02", "gpu_model", "GTX1080Ti")
    assert until(lambda: running(marathon))[0]["host"] == "gpu-02"
    assert queue(marathon) == []


def test_what_is_taken_is_not_offered_again_and_comes_back() -> None:
    with MarathonSimulator([Agent(hostname="gpu-01", cpus=4)]) as marathon:
        start(marathon, cpus=3)
        item = waiting(marathon, app_id="/shiva/ken", cpus=2)
        offer = item["lastUnusedOffers"][0]["offer"]
        assert next(each["scalar"] for each in offer["resources"] if each["name"] == "cpus") == 1
        assert declined(item) == {"InsufficientCpus": 1}
        call(marathon, "DELETE", "/v2/apps/shiva/ada")
        until(lambda: running(marathon, "/shiva/ken"))


def test_a_port_is_not_given_twice_and_not_again_at_once() -> None:
    with MarathonSimulator([Agent(hostname="gpu-01", ports=(31000, 31003))]) as marathon:
        ports = [start(marathon, app_id=f"/shiva/n{number}")["ports"][0] for number in range(3)]
        call(marathon, "DELETE", "/v2/apps/shiva/n2")
        until(lambda: call(marathon, "GET", "/v2/deployments").json() == [])
        ports.append(start(marathon, app_id="/shiva/n3")["ports"][0])
        assert ports == [31000, 31001, 31002, 31003]
        start(marathon, app_id="/shiva/n4")
        assert declined(waiting(marathon, app_id="/shiva/n5")) == {"InsufficientPorts": 1}


def test_a_machine_with_gpus_offers_nothing_without_the_feature_and_is_spared_with_it() -> None:
    machine = Agent(hostname="gpu-01", gpus=2)
    with MarathonSimulator([machine]) as marathon:
        call(marathon, "POST", "/v2/apps", notebook())
        assert until(lambda: queue(marathon))[0]["processedOffersSummary"]["processedOffersCount"] == 0
    options = Options(policy=Policy(features=frozenset({"gpu_resources"})))
    with MarathonSimulator([machine], options=options) as marathon:
        assert declined(waiting(marathon)) == {"DeclinedScarceResources": 1}
        start(marathon, app_id="/shiva/ken", labels={"GPU_SCHEDULING_BEHAVIOR": "unrestricted"})


def test_a_machine_under_maintenance_is_told_apart() -> None:
    with MarathonSimulator(agents(1, maintenance=True)) as marathon:
        assert declined(waiting(marathon)) == {"AgentMaintenance": 1}


A, B, BARE = (
    Agent(hostname="gpu-01", attributes={"rack": "r1", "gpus": 2.0}),
    Agent(hostname="gpu-02", attributes={"rack": "r2", "gpus": 4.0}),
    Agent(hostname="gpu-03"),
)


@pytest.mark.parametrize(
    ("constraint", "placed", "fitting"),
    [
        (["hostname", "UNIQUE"], [], "A B BARE"), (["hostname", "UNIQUE"], [A], "B BARE"), (["rack", "UNIQUE"], [A], "B"),
        (["hostname", "CLUSTER", "gpu-02"], [], "B"), (["@hostname", "CLUSTER", "gpu-02"], [], "B"), (["rack", "CLUSTER"], [], "A B"),
        (["rack", "CLUSTER"], [A], "A"), (["rack", "GROUP_BY", "2"], [A], "B"), (["rack", "GROUP_BY"], [A, B], "A B"),
        (["rack", "GROUP_BY", "3"], [A, B], ""), (["rack", "MAX_PER", "1"], [A], "B"), (["rack", "MAX_PER", "2"], [A], "A B"),
        (["hostname", "LIKE", "gpu-0[12]"], [], "A B"), (["hostname", "LIKE", "gpu"], [], ""), (["rack", "LIKE", ".*"], [], "A B"),
        (["rack", "UNLIKE", "r1"], [], "B BARE"), (["rack", "IS", "r1"], [], "A"), (["gpus", "IS", "2"], [], "A"),
        (["gpus", "IS", "4.0001"], [], "B"), (["hostname", "IS", "gpu-03"], [], "BARE"), (["@zone", "IS", "z"], [], ""),
    ],
)  # fmt: skip
def test_the_seven_operators(constraint: list[str], placed: list[Agent], fitting: str) -> None:
    machines = {"A": A, "B": B, "BARE": BARE}
    assert [name for name, machine in machines.items() if satisfied(constraint, machine, placed)] == fitting.split()
