"""`stop`, `extend`, `open`, `token …`, `admin …`: each asks exactly what the contract has for it."""

import pytest

from tests.fakes.scripted_http import Reply, answer
from tests.fakes.shiva_api import LOST, FakeShiva, Terminal, example, problem

PERSON = "/api/v1/admin/people/ada.lovelace"
GPU = "GPU-8f3c2f9e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("name", ["default", "ada.lovelace--default"])
def test_a_container_is_stopped_by_its_name_or_id(ada: Terminal, shiva: FakeShiva, name: str) -> None:
    assert ada("stop", name) == 0
    assert ada.out == f"{name} is stopping. Your home and its files stay.\n"
    assert [asked.path for asked in shiva.asked("stop")] == ["/api/v1/containers/ada.lovelace--default"]


def test_a_stop_whose_answer_was_lost_is_asked_for_again(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("stop", LOST, problem("broker-unavailable"), Reply(status=204))
    assert ada("stop", "default") == 0


def test_extending_is_asked_for_once_because_each_one_counts(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("extend", "default") == 0
    assert ada.out == "default is kept until 2026-11-23 14:42 (in 3 h 42 m).\n"
    shiva.on("extend", LOST)
    assert ada("extend", "default") == 7
    assert len(shiva.asked("extend")) == 2


def test_open_opens_a_notebook_and_prints_where_it_is(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("open", "default") == 0
    assert ada.out == f"{shiva.url}/user/ada.lovelace/\n"
    assert ada.opened == [ada.out.strip()]
    assert ada.json("open", "default", "--no-browser") == {"id": "ada.lovelace--default", "url": ada.opened[0]}
    assert len(ada.opened) == 1


@pytest.mark.parametrize("url", ["//evil.example.com/", "https://evil.example.com/", "@evil.example.com/", "\\\\evil/"])
def test_open_leads_to_no_other_server(ada: Terminal, shiva: FakeShiva, url: str) -> None:
    shiva.on("containers", answer({"containers": [example("container") | {"url": url}]}))
    assert ada("open", "default") == 0
    assert ada.opened[0].startswith(f"{shiva.url}/")


def test_tokens_are_listed_without_their_secrets(ada: Terminal) -> None:
    assert ada("token", "list") == 0
    assert ada.out.splitlines()[1].startswith(
        "5d41402abc4b2a76  nightly training  own containers, read  2026-11-23 10:41"
    )


def test_a_token_is_made_with_a_persons_consent_and_printed_once(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("token", "create", "nightly training", "--scope", "read") == 0
    assert ada.out == example("device_token")["token"] + "\n"
    assert "it is shown this once" in ada.err
    assert shiva.asked("device_code")[0].body == {"client": "nightly training", "scopes": ["read"]}
    assert not (ada.home / ".config").exists()


def test_a_token_ends(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("token", "revoke", "5d41402abc4b2a76") == 0
    shiva.on("revoke_token", problem("session-needed"))
    assert ada("token", "revoke", "another") == 4
    assert "Log in on the dashboard and do it there." in ada.err


@pytest.mark.parametrize(
    ("arguments", "operation", "path", "body"),
    [
        (("bar", "ada.lovelace", "--reason", "Left."), "bar", f"{PERSON}/barred", {"barred": True, "reason": "Left."}),
        (("bar", "ada.lovelace", "--undo"), "bar", f"{PERSON}/barred", {"barred": False}),
        (("logout", "ada.lovelace"), "end_sessions", f"{PERSON}/logout", None),
        (("quota", "ada.lovelace", "--gpus", "2"), "set_quota", f"{PERSON}/quota", {"containers": 3, "gpus": 2}),
        (("quota", "ada.lovelace", "--containers", "none"), "set_quota", f"{PERSON}/quota", {"containers": None, "gpus": None}),
        (("quota", "ada.lovelace", "--clear"), "reset_quota", f"{PERSON}/quota", None),
        (("drain", "gpu-02", "New disk."), "drain", "/api/v1/admin/machines/gpu-02/drained", {"drained": True, "reason": "New disk."}),
        (("undrain", "gpu-02"), "drain", "/api/v1/admin/machines/gpu-02/drained", {"drained": False}),
        (("gpu-off", GPU, "Loud."), "disable", f"/api/v1/admin/gpus/{GPU}/disabled", {"disabled": True, "reason": "Loud."}),
        (("gpu-on", "gpu-02:0"), "disable", f"/api/v1/admin/gpus/{GPU}/disabled", {"disabled": False}),
        (("announce", "Tonight."), "announce", "/api/v1/admin/announcement", {"text": "Tonight.", "level": "info", "ends_at": None}),
        (("announce", "Tonight.", "--level", "warning", "--for", "2h"), "announce", "/api/v1/admin/announcement", {"text": "Tonight.", "level": "warning", "ends_at": "2026-11-23T13:00:00+00:00"}),
        (("announce", "--clear"), "unannounce", "/api/v1/admin/announcement", None),
        (("stop", "ken--default"), "stop", "/api/v1/containers/ken--default", None),
        (("tokens", "--revoke", "5d41"), "revoke_any_token", "/api/v1/admin/tokens/5d41", None),
    ],
)  # fmt: skip
def test_an_admins_act_asks_for_it(
    ada: Terminal, shiva: FakeShiva, arguments: tuple[str, ...], operation: str, path: str, body: object
) -> None:
    assert ada("admin", *arguments) == 0
    assert ada.out
    [asked] = shiva.asked(operation)
    assert (asked.path, asked.body) == (path, body)
    assert ada.json("admin", *arguments)


def test_an_admin_sees_people_tokens_and_the_audit_log(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("admin", "people") == 0
    assert "1 of 3 containers, 1 of ∞ GPUs" in ada.out
    assert ada("admin", "tokens") == 0
    assert "ada.lovelace  nightly training" in ada.out
    assert ada("admin", "audit", "--actor", "grace", "-n", "2") == 0
    assert ada.out.splitlines()[1].startswith(
        "42  2026-11-23 09:00:00  grace  192.0.2.9  container.stop  ada.lovelace--default  done"
    )
    assert shiva.asked("audit")[0].query == {"actor": ["grace"], "limit": ["2"]}


def test_who_lacks_an_admins_token_is_told_how_to_get_one(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("people", problem("scope-missing", scope="admin"))
    assert ada("admin", "people") == 4
    assert ada.err.splitlines()[-1] == "Run: shiva login --admin"


def test_a_gpu_that_is_not_there_is_said(ada: Terminal) -> None:
    assert ada("admin", "gpu-on", "gpu-02:7") == 2
    assert "(no-such-gpu)" in ada.err
