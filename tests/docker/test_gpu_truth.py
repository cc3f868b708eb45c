"""Who holds which GPU with how much memory, from the driver to the API, while cards, drivers, processes and containers fail."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker.truth_world import GIB, MIB, OVERHEAD, World, world
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag
from tests.fakes.nvml_stub.state import GONE, LOST, Event, Process
from tests.fakes.nvml_stub.stub import nvml_library

__all__ = ["nvml_library"]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

Api = dict[str, Any]


@pytest.fixture(scope="module")
def truth(engines: Engines, nvml_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    machines = [engines.fresh(number, gpus=True) for number in (1, 2, 3)]
    with world(tmp_path_factory.mktemp("truth"), machines, nvml_library) as made:
        yield made


@pytest.fixture(scope="module")
def people(truth: World) -> dict[str, str]:
    """Ada's and ken's containers, by owner, as their engines call them."""
    return {"ada": truth.container("ada", "gpu-01"), "ken": truth.container("ken", "gpu-02")}


def index_of(truth: World, owner: str, machine: str) -> int:
    """Return the index of the card that a person holds."""

    def held(told: dict[str, Api]) -> list[int]:
        return [each["index"] for each in told[machine]["gpus"] if each["holder"] and each["holder"]["owner"] == owner]

    return held(truth.until(held))[0]


def users(gpu: Api) -> dict[str, int | None]:
    return {user["owner"]: user["memory_used_bytes"] for user in gpu["users"]}


def total(gpu: Api) -> int:
    shares = [each["memory_used_bytes"] for each in (*gpu["users"], *gpu["unmanaged"])]
    return sum([*shares, gpu["memory_other_bytes"], gpu["memory_unattributed_bytes"]])


def test_memory_is_told_by_person_and_the_sums_are_the_devices(truth: World, people: dict[str, str]) -> None:
    one, two = truth.hosts["gpu-01"], truth.hosts["gpu-02"]
    ada, ken = truth.inside("gpu-01", people["ada"]), truth.inside("gpu-02", people["ken"])
    by_hand = one.engine.docker("run", "--detach", "--entrypoint", "sleep", tag(), "3600")
    foreign = int(one.engine.docker("inspect", "--format", "{{.State.Pid}}", by_hand))
    host = truth.outside()
    held, free = index_of(truth, "ada", "gpu-01"), 1 - index_of(truth, "ada", "gpu-01")
    at = index_of(truth, "ken", "gpu-02")
    one.runs(held, Process(pid=ada, memory=3 * GIB, sm=40), Process(pid=host.pid, memory=GIB))
    one.runs(free, Process(pid=foreign, memory=2 * GIB))
    two.runs(at, Process(pid=ken, memory=5 * GIB, sm=80), Process(pid=ada, memory=512 * MIB))

    seen = truth.until(lambda told: (
        told["gpu-01"]["gpus"][held]["users"][0]["active_ratio"] > 0.2
        and told["gpu-02"]["gpus"][at]["users"][1]["active_ratio"] > 0.4
        and told["gpu-01"]["gpus"][free]["foreign_use"] and told["gpu-01"]["gpus_free"] == 0
    ))  # fmt: skip
    adas, foreigns, kens = seen["gpu-01"]["gpus"][held], seen["gpu-01"]["gpus"][free], seen["gpu-02"]["gpus"][at]
    assert users(adas) == {"ada": 3 * GIB}
    assert [(each["pid"], each["user"], each["engine_id"]) for each in adas["unmanaged"]] == [(host.pid, "root", None)]
    assert (users(foreigns), foreigns["holder"]) == ({}, None)
    assert [(each["pid"], each["engine_id"]) for each in foreigns["unmanaged"]] == [(foreign, by_hand)]
    assert users(kens) == {"ada": 512 * MIB, "ken": 5 * GIB}, "who uses it is not only who holds it"
    for gpu in (adas, foreigns, kens):
        assert gpu["memory_unattributed_bytes"] == OVERHEAD
        assert total(gpu) == gpu["memory_used_bytes"]
    idle = seen["gpu-03"]["gpus"][0]
    assert (idle["users_known"], idle["users"], idle["memory_used_bytes"]) == (True, [], 0)
    refused = truth.api("POST", "containers", by="yuki", json={"machine": "gpu-01", "gpus": 2})
    assert refused.status_code == 409
    one.runs(free)
    one.engine.docker("rm", "--force", by_hand)


def test_a_lost_card_is_said_and_given_to_nobody_and_the_others_go_on(truth: World, people: dict[str, str]) -> None:
    host = truth.hosts["gpu-01"]
    held, other = index_of(truth, "ada", "gpu-01"), 1 - index_of(truth, "ada", "gpu-01")
    host.runs(held, Process(pid=truth.inside("gpu-01", people["ada"]), memory=GIB))
    host.shows({other: {"errors": LOST}})
    seen = truth.until(lambda told: told["gpu-01"]["gpus"][other]["quarantine"])["gpu-01"]
    lost = seen["gpus"][other]
    assert "The driver lost this GPU" in lost["quarantine"]
    assert (lost["up"], lost["users_known"], lost["memory_used_bytes"]) == (False, False, None)
    assert (seen["gpus_free"], seen["gpus"][held]["quarantine"]) == (0, None)
    assert users(seen["gpus"][held]) == {"ada": GIB}
    refused = truth.api("POST", "containers", by="yuki", json={"machine": "gpu-01", "gpus": 1})
    assert refused.status_code == 409
    assert "gpus-quarantined" in refused.text

    host.shows({held: {"errors": LOST}})  # now ada's, and the other is back
    seen = truth.until(
        lambda told: told["gpu-01"]["gpus"][held]["quarantine"] and not told["gpu-01"]["gpus"][other]["quarantine"]
    )["gpu-01"]
    assert seen["gpus"][held]["holder"]["owner"] == "ada", "its holder keeps it"
    assert seen["gpus_free"] == 1
    host.shows()
    truth.until(lambda told: users(told["gpu-01"]["gpus"][held]) == {"ada": GIB})


def test_a_driver_that_vanishes_takes_no_name_and_brings_all_back(truth: World, people: dict[str, str]) -> None:
    host, at = truth.hosts["gpu-02"], index_of(truth, "ken", "gpu-02")
    host.runs(at, Process(pid=truth.inside("gpu-02", people["ken"]), memory=4 * GIB))
    truth.until(lambda told: users(told["gpu-02"]["gpus"][at]) == {"ken": 4 * GIB})
    host.shows(errors=GONE)
    gone = truth.until(lambda told: not told["gpu-02"]["gpus"][at]["users_known"])["gpu-02"]["gpus"][at]
    assert (gone["users"], gone["unmanaged"], gone["memory_used_bytes"], gone["up"]) == ([], [], None, None)
    assert gone["memory_unattributed_bytes"] is None
    assert gone["holder"]["owner"] == "ken"
    host.shows()
    back = truth.until(lambda told: users(told["gpu-02"]["gpus"][at]) == {"ken": 4 * GIB})["gpu-02"]["gpus"][at]
    assert total(back) == back["memory_used_bytes"]


def test_a_pid_that_comes_again_is_not_its_predecessors(truth: World, people: dict[str, str]) -> None:
    host, at = truth.hosts["gpu-01"], index_of(truth, "ada", "gpu-01")
    pid = truth.inside("gpu-01", people["ada"])
    host.runs(at, Process(pid=pid, memory=2 * GIB))
    truth.until(lambda told: users(told["gpu-01"]["gpus"][at]) == {"ada": 2 * GIB})
    host.engine.docker("exec", people["ada"], "/usr/bin/python3", "-c", "import os\nfor p in os.listdir('/proc'):\n"
                       " p.isdigit() and open(f'/proc/{p}/comm').read() == 'sleep\\n' and os.kill(int(p), 9)")  # fmt: skip
    dead = truth.until(lambda told: told["gpu-01"]["gpus"][at]["memory_other_bytes"] == 2 * GIB)["gpu-01"]["gpus"][at]
    assert users(dead) == {}, "a dead process is nobody's, though the driver lists it"
    again = again_with(pid)
    try:
        seen = truth.until(lambda told: told["gpu-01"]["gpus"][at]["unmanaged"])["gpu-01"]["gpus"][at]
        assert [(each["pid"], each["user"]) for each in seen["unmanaged"]] == [(pid, "root")]
        assert users(seen) == {}
        assert total(seen) == seen["memory_used_bytes"]
    finally:
        again.kill()
        again.wait()
        host.runs(at)


def again_with(pid: int) -> subprocess.Popen[bytes]:
    """Begin a process of the machine with exactly that pid, which is free."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1), encoding="ascii")
        process = subprocess.Popen(["sleep", "3600"])
        if process.pid == pid:
            return process
        process.kill()  # somebody else was faster
        process.wait()
    raise AssertionError(f"nobody got {pid}, which lives: {os.path.exists(f'/proc/{pid}')}")


def test_a_container_that_dies_leaves_nothing_in_its_persons_name(truth: World) -> None:
    host = truth.hosts["gpu-03"]
    container = truth.container("yuki", "gpu-03")
    at = index_of(truth, "yuki", "gpu-03")
    host.runs(at, Process(pid=truth.inside("gpu-03", container), memory=6 * GIB))
    truth.until(lambda told: users(told["gpu-03"]["gpus"][at]) == {"yuki": 6 * GIB})
    host.engine.docker("kill", container)
    dead = truth.until(lambda told: told["gpu-03"]["gpus"][at]["memory_other_bytes"] == 6 * GIB)["gpu-03"]["gpus"][at]
    assert (users(dead), dead["unmanaged"]) == ({}, [])
    assert total(dead) == dead["memory_used_bytes"]
    host.runs(at)
    truth.api("DELETE", "containers/yuki--default", by="yuki")
    seen = truth.until(
        lambda told: told["gpu-03"]["gpus_free"] == 2 and told["gpu-03"]["gpus"][at]["memory_used_bytes"] == 0
    )
    freed = seen["gpu-03"]["gpus"][at]
    assert (freed["holder"], freed["users"], freed["memory_other_bytes"]) == (None, [], 0)


def test_a_critical_xid_keeps_a_card_from_everybody_though_its_exporter_begins_anew(truth: World) -> None:
    host = truth.hosts["gpu-03"]
    host.shows({0: {"events": [Event(data=79)]}})
    told = truth.until(lambda told: told["gpu-03"]["gpus"][0]["quarantine"])["gpu-03"]
    assert "XID 79, a card that fell off the bus" in told["gpus"][0]["quarantine"]
    assert told["gpus_free"] == 1
    host.shows()
    truth.export("gpu-03")
    truth.until(lambda told: told["gpu-03"]["gpus"][0]["users_known"])
    seen = truth.machines()["gpu-03"]
    assert seen["gpus"][0]["quarantine"] == told["gpus"][0]["quarantine"]
    assert truth.api("POST", "containers", by="yuki", json={"machine": "gpu-03", "gpus": 2}).status_code == 409


def test_with_the_broker_away_the_last_known_names_stay_also_in_a_new_manager(
    truth: World, people: dict[str, str]
) -> None:
    host, at = truth.hosts["gpu-02"], index_of(truth, "ken", "gpu-02")
    host.runs(at, Process(pid=truth.inside("gpu-02", people["ken"]), memory=GIB))
    truth.until(lambda told: users(told["gpu-02"]["gpus"][at]) == {"ken": GIB})
    truth.broker.kill()
    host.runs(at, Process(pid=truth.inside("gpu-02", people["ken"]), memory=3 * GIB))
    truth.until(lambda told: users(told["gpu-02"]["gpus"][at]) == {"ken": 3 * GIB})
    truth.manage()
    seen = truth.until(lambda told: told["gpu-02"]["gpus"][at]["users"])["gpu-02"]
    assert (seen["holders_known"], seen["gpus_free"]) == (False, None)
    assert users(seen["gpus"][at]) == {"ken": 3 * GIB}
