"""Apps: what comes back, what is refused and how, and which change restarts."""

from typing import Any

import pytest

from tests.marathon_simulator.memory_engine import MemoryEngine, Script
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import agents, call, notebook, running, settled, start, tasks, until


def test_a_stored_app_has_every_default_and_no_nulls(marathon: MarathonSimulator) -> None:
    answer = call(marathon, "POST", "/v2/apps", notebook(typo=1, user=None))
    app = answer.json()
    assert answer.status_code == 201
    assert app["deployments"] == [{"id": answer.headers["Marathon-Deployment-Id"]}]
    assert answer.headers["X-Marathon-Leader"] == marathon.url
    assert app["version"] == app["versionInfo"]["lastScalingAt"] == app["versionInfo"]["lastConfigChangeAt"]
    del app["version"], app["versionInfo"], app["deployments"]
    mapping = {"containerPort": 8888, "hostPort": 0, "labels": {}, "protocol": "tcp", "servicePort": 10000}
    docker = {"image": "shiva-jupyter", "forcePullImage": False, "privileged": False, "parameters": []}
    assert app == {
        "id": "/shiva/ada", "backoffFactor": 1.15, "backoffSeconds": 1, "cpus": 1, "disk": 0, "executor": "", "gpus": 0,
        "instances": 1, "labels": {"shiva.id": "ada"}, "maxLaunchDelaySeconds": 300, "mem": 512, "requirePorts": False,
        "killSelection": "YOUNGEST_FIRST", "role": "*", "networks": [{"mode": "container/bridge"}],
        "container": {"type": "DOCKER", "volumes": [], "docker": docker, "portMappings": [mapping]},
        "unreachableStrategy": "disabled", "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 0},
        "tasksStaged": 0, "tasksRunning": 0, "tasksHealthy": 0, "tasksUnhealthy": 0,
    }  # fmt: skip


def test_host_networking_drops_port_mappings_and_has_a_default_port(marathon: MarathonSimulator) -> None:
    app = call(marathon, "POST", "/v2/apps", notebook(networks=None)).json()
    assert "portMappings" not in app["container"]
    assert app["portDefinitions"] == [{"port": 10000, "name": "default", "labels": {}, "protocol": "tcp"}]
    assert app["networks"] == [{"mode": "host"}]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "Please specify data in JSON format"), (b"{", 400, "Invalid JSON"), (b"[]", 422, "Invalid JSON"),
        (b'{"id": 1}', 422, "Invalid JSON"), (b'{"id": "/t"}', 422, "Object is not valid"),
        (b'{"id": "/t", "cmd": "sleep 60", "constraints": [["hostname", "unique"]]}', 500, "illegal constraint"),
    ],
)  # fmt: skip
def test_a_bad_body_is_refused_in_marathons_words(
    marathon: MarathonSimulator, body: bytes, status: int, message: str
) -> None:
    answer = call(marathon, "POST", "/v2/apps", data=body)
    assert answer.status_code == status
    assert answer.json()["message"].startswith(message)
    assert isinstance(answer.json().get("details", ""), list if status == 422 else str)


def test_an_id_is_taken_once_and_groups_and_apps_share_the_names(marathon: MarathonSimulator) -> None:
    start(marathon)
    again = call(marathon, "POST", "/v2/apps?force=true", notebook())
    assert (again.status_code, again.json()) == (409, {"message": "An app with id [/shiva/ada] already exists."})
    for app_id in ("/shiva", "/shiva/ada/x"):
        clash = call(marathon, "POST", "/v2/apps", notebook(app_id))
        assert clash.status_code == 422
        assert clash.json()["details"][0]["errors"] == ["Groups and Applications may not have the same identifier."]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v2/apps/none", 404, "App '/none' does not exist"), ("GET", "/v2/apps/none/tasks", 404, "App '/none' does not exist"),
        ("DELETE", "/v2/apps/none", 404, "App '/none' does not exist"), ("PATCH", "/v2/apps/none", 404, "App '/none' does not exist"),
        ("GET", "/v2/groups/none", 404, "Group '/none' does not exist"), ("GET", "/v2/nowhere", 500, "URI not found"),
        ("DELETE", "/v2/deployments/x", 404, "DeploymentPlan x does not exist"),
        ("DELETE", "/v2/queue/none/delay", 404, "Application /none not found in tasks queue."),
        ("GET", "/v2/apps?label=a==b==c", 422, "Can not parse label selector a==b==c"), ("GET", "/v2/events", 405, "Method Not Allowed"),
        ("DELETE", "/v2/apps/shiva/ada/tasks?scale=true&wipe=true", 400, "You cannot use scale and wipe at the same time."),
        ("DELETE", "/v2/apps/shiva/ada/tasks/none", 404, "Task 'none' does not exist"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_in_marathons_words(
    marathon: MarathonSimulator, method: str, path: str, status: int, message: str
) -> None:
    start(marathon)
    answer = call(marathon, method, path, {} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("shiva.id", {"ada", "ken"}), ("shiva.id==ada", {"ada"}), ("shiva.id!=ada", {"ken"}), ("shiva.id in (ada, mei)", {"ada"}),
        ("shiva.id notin (ada)", {"ken"}), ("mail==ada\\@example.org", {"ada"}), ("shiva.id,mail", {"ada"}), ("none!=x", set()),
    ],
)  # fmt: skip
def test_label_selectors_find_apps(marathon: MarathonSimulator, selector: str, found: set[str]) -> None:
    start(marathon, app_id="/shiva/ada", labels={"shiva.id": "ada", "mail": "ada@example.org"})
    start(marathon, app_id="/shiva/ken", labels={"shiva.id": "ken"})
    answer = call(marathon, "GET", "/v2/apps", params={"label": selector})
    assert {each["labels"]["shiva.id"] for each in answer.json()["apps"]} == found


def test_ids_are_found_by_a_part_and_tasks_only_where_asked_for(marathon: MarathonSimulator) -> None:
    start(marathon)
    assert call(marathon, "GET", "/v2/apps?id=shiva/k").json()["apps"] == []
    plain = call(marathon, "GET", "/v2/apps?id=HIVA/A").json()["apps"][0]
    embedded = call(marathon, "GET", "/v2/apps?embed=apps.tasks").json()["apps"][0]
    assert "tasks" not in plain
    assert plain["tasksRunning"] == 1
    assert [each["state"] for each in embedded["tasks"]] == ["TASK_RUNNING"]
    assert [each["id"] for each in call(marathon, "GET", "/v2/apps/shiva/*").json()["*"]] == ["/shiva/ada"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"labels": {"shiva.id": "mei"}}, False), ({"env": {"A": "1"}}, False), ({"cpus": 2}, False), ({"instances": 2}, True),
        ({"instances": 1}, True), ({"cpus": 1.0}, True),
    ],
)  # fmt: skip
def test_every_change_but_the_number_of_instances_restarts(
    marathon: MarathonSimulator, change: dict[str, Any], kept: bool
) -> None:
    before = start(marathon)
    answer = call(marathon, "PUT", "/v2/apps/shiva/ada", change)
    assert answer.status_code == 200
    until(lambda: settled(marathon) and running(marathon))
    assert (before["id"] in [each["id"] for each in running(marathon)]) == kept


def test_labels_of_a_suspended_app_change_without_a_restart(marathon: MarathonSimulator) -> None:
    start(marathon)
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"instances": 0, "labels": {"shiva.kept": "true"}})
    until(lambda: settled(marathon) and not tasks(marathon))
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"labels": {"shiva.kept": "no"}})
    until(lambda: settled(marathon))
    actions = [
        action["action"] for event in marathon.events("deployment_info") for action in event["currentStep"]["actions"]
    ]
    assert actions == ["StartApplication", "ScaleApplication", "ScaleApplication"]


def test_a_partial_update_replaces_members_whole_and_resets_limits(marathon: MarathonSimulator) -> None:
    call(marathon, "POST", "/v2/apps", notebook(instances=0, env={"A": "1", "B": "2"}, resourceLimits={"mem": 1024}))
    until(lambda: settled(marathon))
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"env": {"C": "3"}})
    app = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]
    assert app["env"] == {"C": "3"}
    assert "resourceLimits" not in app
    assert (app["mem"], app["labels"]) == (512, {"shiva.id": "ada"})


def test_a_full_update_gives_defaults_to_what_it_omits(marathon: MarathonSimulator) -> None:
    call(marathon, "POST", "/v2/apps", notebook(instances=0))
    until(lambda: settled(marathon))
    wanted = {"instances": 0, "cmd": "sleep 60"}
    assert call(marathon, "PUT", "/v2/apps/shiva/ada?partialUpdate=false", wanted).status_code == 200
    app = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]
    assert (app["mem"], app["labels"], "container" in app) == (128, {}, False)


def test_put_creates_and_overrides_the_id_of_the_body(marathon: MarathonSimulator) -> None:
    answer = call(marathon, "PUT", "/v2/apps/shiva/ken", notebook("/other"))
    assert answer.status_code == 201
    assert set(answer.json()) == {"version", "deploymentId"}
    assert call(marathon, "GET", "/v2/apps/shiva/ken").json()["app"]["id"] == "/shiva/ken"


def test_versions_are_kept_and_can_be_gone_back_to(marathon: MarathonSimulator) -> None:
    call(marathon, "POST", "/v2/apps", notebook(instances=0))
    until(lambda: settled(marathon))
    first = call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]["version"]
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"mem": 1024})
    until(lambda: settled(marathon))
    assert len(call(marathon, "GET", "/v2/apps/shiva/ada/versions").json()["versions"]) == 2
    assert call(marathon, "GET", f"/v2/apps/shiva/ada/versions/{first}").json()["mem"] == 512
    mixed = call(marathon, "PUT", "/v2/apps/shiva/ada", {"version": first, "mem": 1})
    assert mixed.json()["details"][0]["errors"] == ["The 'version' field may only be combined with the 'id' field."]
    call(marathon, "PUT", "/v2/apps/shiva/ada", {"version": first})
    assert call(marathon, "GET", "/v2/apps/shiva/ada").json()["app"]["mem"] == 512


def test_many_apps_are_changed_in_one_deployment(marathon: MarathonSimulator) -> None:
    answer = call(marathon, "PUT", "/v2/apps", [notebook("/shiva/ada"), notebook("/shiva/ken")])
    assert answer.status_code == 200
    until(lambda: running(marathon, "/shiva/ada") and running(marathon, "/shiva/ken"))
    assert {each["id"] for each in marathon.events("deployment_success")} == {answer.json()["deploymentId"]}


def test_empty_groups_stay_and_are_deleted_on_their_own(marathon: MarathonSimulator) -> None:
    start(marathon)
    call(marathon, "DELETE", "/v2/apps/shiva/ada")
    assert [each["id"] for each in call(marathon, "GET", "/v2/groups").json()["groups"]] == ["/shiva"]
    assert call(marathon, "DELETE", "/v2/groups/shiva?force=true").status_code == 200
    assert call(marathon, "GET", "/v2/groups").json()["groups"] == []


def test_gpus_with_docker_are_refused_and_fractions_are_no_integers() -> None:
    with MarathonSimulator(agents(), MemoryEngine(lambda _: Script()), Options()) as marathon:
        refused = call(marathon, "POST", "/v2/apps", notebook(gpus=1)).json()
        fraction = call(marathon, "POST", "/v2/apps", notebook(gpus=0.5)).json()
    assert "GPU resources only work with the Mesos containerizer" in refused["details"][0]["errors"]
    assert fraction == {"message": "Invalid JSON", "details": [{"path": "/gpus", "errors": ["error.expected.int"]}]}
