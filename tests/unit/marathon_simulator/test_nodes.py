"""Two nodes: one leads, one stands by; leaders fall, also in the middle of a request. Authentication and TLS."""

from collections.abc import Iterator

import pytest
import requests

from tests.marathon_simulator import faults
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import agents, call, notebook, running, start, until


@pytest.fixture
def pair() -> Iterator[MarathonSimulator]:
    """Return a simulator with two nodes."""
    with MarathonSimulator(agents(), options=Options(nodes=2)) as simulator:
        yield simulator


def get(url: str, **more: object) -> requests.Response:
    """Return an answer, redirections unfollowed."""
    return requests.get(url, timeout=10, allow_redirects=False, **more)  # type: ignore[arg-type]


def test_a_standby_passes_requests_on_and_says_so(pair: MarathonSimulator) -> None:
    leader, standby = pair.urls
    created = requests.post(f"{standby}/v2/apps", json=notebook(), timeout=10)
    assert created.status_code == 201
    assert created.headers["X-Marathon-Leader"] == leader
    assert created.headers["X-Marathon-Via"] == f"1.1 {standby.removeprefix('http://')}"
    assert created.headers["Marathon-Deployment-Id"] == created.json()["deployments"][0]["id"]
    assert get(f"{standby}/ping").text == "pong"
    assert "X-Marathon-Via" not in get(f"{leader}/v2/apps").headers
    assert get(f"{standby}/v2/leader").json() == {"leader": leader.removeprefix("http://")}
    assert get(f"{standby}/v2/info").json()["elected"] is True
    assert [each.target for each in pair.recorder.sent("POST")] == ["/v2/apps"]


def test_a_standby_sends_readers_of_events_to_the_leader(pair: MarathonSimulator) -> None:
    answer = get(f"{pair.urls[1]}/v2/events?event_type=a", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{pair.urls[0]}/v2/events?event_type=a")


def test_without_a_leader_a_standby_answers_502_in_html_and_the_fallen_one_refuses(pair: MarathonSimulator) -> None:
    start(pair)
    pair.fall()
    answer = get(f"{pair.urls[1]}/v2/apps")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html;charset=iso-8859-1")
    assert "Could not determine the current leader" in answer.text
    with pytest.raises(requests.ConnectionError):
        get(f"{pair.urls[0]}/v2/apps")
    pair.elect()
    assert get(f"{pair.urls[0]}/v2/leader").json() == {"leader": pair.urls[1].removeprefix("http://")}
    assert [each["id"] for each in get(f"{pair.urls[0]}/v2/apps").json()["apps"]] == ["/shiva/ada"]


def test_tasks_run_on_while_the_leader_changes_and_event_streams_end(pair: MarathonSimulator) -> None:
    task = start(pair)
    with requests.get(
        f"{pair.url}/v2/events", headers={"Accept": "text/event-stream"}, stream=True, timeout=10
    ) as stream:
        first = stream.raw.read(28)
        pair.change_leader()
        assert (first, stream.raw.read()[-4:]) == (b"event: event_stream_attached", b"\r\n\r\n")
    assert [each["id"] for each in running(pair)] == [task["id"]]


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("node", [0, 1])
def test_a_leader_that_falls_in_the_middle_of_a_post_may_have_stored_it(
    pair: MarathonSimulator, stored: bool, node: int
) -> None:
    pair.faults.arm(pair.falling_leader(stored=stored), method="POST", prefix="/v2/apps")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{pair.urls[node]}/v2/apps", json=notebook(), timeout=10)
    until(lambda: get(f"{pair.urls[1]}/v2/apps").ok)
    assert [each["id"] for each in get(f"{pair.urls[1]}/v2/apps").json()["apps"]] == (["/shiva/ada"] if stored else [])
    again = requests.post(f"{pair.urls[1]}/v2/apps", json=notebook(), timeout=10)
    assert again.status_code == (409 if stored else 201)
    until(lambda: running(pair))


def test_a_single_node_comes_back_at_its_own_address(marathon: MarathonSimulator) -> None:
    task = start(marathon)
    marathon.fall()
    with pytest.raises(requests.ConnectionError):
        call(marathon, "GET", "/ping")
    marathon.elect()
    assert [each["id"] for each in running(marathon)] == [task["id"]]


def test_a_leader_can_be_asked_to_abdicate(pair: MarathonSimulator) -> None:
    before = get(f"{pair.url}/v2/leader").json()["leader"]
    assert call(pair, "DELETE", "/v2/leader").json() == {"message": "Leadership abdicated"}

    def another_leads() -> bool:
        answer = get(f"{pair.urls[1]}/v2/leader")  # 502 while nobody leads
        return answer.ok and answer.json()["leader"] != before

    until(another_leads)


def test_credentials_are_asked_for_in_html_also_through_a_standby() -> None:
    with MarathonSimulator(agents(), options=Options(nodes=2, credentials=("broker", "secret"))) as marathon:
        for url in marathon.urls:
            refused = get(f"{url}/v2/apps")
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'basic realm="Mesosphere"')
            assert refused.text.startswith("<html>")
            assert get(f"{url}/v2/apps", auth=("broker", "wrong")).status_code == 401
            assert get(f"{url}/v2/apps", auth=("broker", "secret")).status_code == 200


def test_what_hangs_is_let_go_by_the_test(marathon: MarathonSimulator) -> None:
    marathon.faults.arm(faults.unavailable, times=None)
    assert [call(marathon, "GET", "/ping").status_code for _ in range(3)] == [503] * 3
    marathon.faults.clear()
    assert call(marathon, "GET", "/ping").status_code == 200
