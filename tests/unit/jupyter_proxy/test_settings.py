"""Settings that would be unsafe, or lead nowhere, are refused with a sentence that names the key."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from shiva_common import env
from shiva_jupyter_proxy.settings import Settings

PREFIX = "SHIVA_JUPYTER_PROXY_"
GOOD = {
    "IDENTITY": "dev", "MANAGER_URL": "http://127.0.0.1:8081", "BROKER_URL": "http://broker:8082", "BROKER_TOKEN": "t" * 32,
    "IDENTITY_KEY": "i" * 32, "SESSION_KEY": "s" * 32, "DASHBOARD_DIR": "/nowhere",
    "STATE_DIR": "/nowhere/else", "MANAGER_TOKEN": "m" * 32, "METRICS_TOKEN": "p" * 32,
}  # fmt: skip


def environment(**changes: str | None) -> dict[str, str]:
    """Return good variables with changes; None leaves one out."""
    return {PREFIX + key: value for key, value in (GOOD | changes).items() if value is not None}


def loaded(**changes: str | None) -> Settings:
    return env.load(Settings, environment(**changes), prefix=PREFIX)


def test_good_settings_listen_on_loopback_under_loopback_names() -> None:
    settings = loaded()
    assert (settings.bind_host, settings.bind_port, settings.demo) == ("127.0.0.1", 8000, False)
    assert settings.hosts == ("localhost", "127.0.0.1", "[::1]")
    assert settings.dashboard_dir == Path("/nowhere")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1"])
def test_the_development_identity_works_on_loopback(host: str) -> None:
    assert loaded(BIND_HOST=host).bind_host == host


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.2", "10.0.0.1", "169.254.1.1", "2001:db8::1", "example.org", "localhost", "", "127.1"]
)  # fmt: skip
def test_the_development_identity_works_nowhere_else(host: str) -> None:
    with pytest.raises(env.SettingsError, match="loopback") as refused:
        loaded(BIND_HOST=host)
    assert f"{PREFIX}BIND_HOST" in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("IDENTITY", "google"), ("IDENTITY", ""), ("IDENTITY", "Dev"), ("IDENTITY_KEY", "short"), ("IDENTITY_KEY", ""),
        ("SESSION_KEY", "s" * 31), ("BIND_PORT", "http"), ("BIND_PORT", "-1"), ("BIND_PORT", "65536"), ("DEMO", "perhaps"),
        ("MANAGER_URL", "localhost:8081"), ("MANAGER_URL", ""), ("MANAGER_URL", "https://127.0.0.1"), ("BROKER_URL", "http://"),
        ("MANAGER_URL", "http://h:port"), ("MANAGER_URL", "http://h:99999"), ("BROKER_URL", "http://h:1/path"), ("BROKER_URL", "http://h?x"),
        ("BROKER_TOKEN", ""), ("HOSTS", " , "), ("MANAGER_TOKEN", "m" * 31), ("MANAGER_TOKEN", ""), ("METRICS_TOKEN", "p" * 31),
        ("METRICS_TOKEN", "p " * 32), ("METRICS_TOKEN", "é" * 32), ("OIDC_ISSUER", "https://accounts.google.com"), ("ATTEMPTS_PER_MINUTE", "0"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_its_name(key: str, value: str) -> None:
    with pytest.raises(env.SettingsError) as refused:
        loaded(**{key: value})
    assert PREFIX + key in str(refused.value)


@pytest.mark.parametrize("key", sorted(GOOD))
def test_what_has_no_default_is_required(key: str) -> None:
    with pytest.raises(env.SettingsError, match=f"{PREFIX}{key} is required"):
        loaded(**{key: None})


CONTRADICTIONS: list[tuple[dict[str, str], str]] = [
    ({"ORIGINS": "two"}, "ORIGINS must be one of: path, hosts, subdomains"),
    ({"ORIGINS": "hosts"}, "NOTEBOOK_HOSTS"),
    ({"NOTEBOOK_HOSTS": "nb"}, "NOTEBOOK_HOSTS"),
    ({"ORIGINS": "subdomains"}, "NOTEBOOK_DOMAIN"),
    ({"NOTEBOOK_DOMAIN": "nb.example.org"}, "NOTEBOOK_DOMAIN"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": "nb.org", "NOTEBOOK_HOSTS": "nb"}, "NOTEBOOK_HOSTS"),
    ({"ORIGINS": "hosts", "NOTEBOOK_HOSTS": "nb,LOCALHOST"}, "share no name .*: localhost"),
    ({"ORIGINS": "hosts", "NOTEBOOK_HOSTS": "http://nb"}, "NOTEBOOK_HOSTS must be names"),
    ({"ORIGINS": "hosts", "NOTEBOOK_HOSTS": "nb:8000"}, "NOTEBOOK_HOSTS must be names"),
    ({"HOSTS": "app.example.org:8000"}, "HOSTS must be names"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": ".org"}, "NOTEBOOK_DOMAIN must be a name"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": "*.org"}, "NOTEBOOK_DOMAIN must be a name"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": "127.0.0.1"}, "NOTEBOOK_DOMAIN must be a name"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": "a." * 100 + "org"}, "NOTEBOOK_DOMAIN must be a name"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": "nb.org", "HOSTS": "app.NB.org"}, "HOSTS must not lie under"),
    ({"ORIGINS": "hosts", "NOTEBOOK_HOSTS": "nb", "BIND_PORT": "0"}, "PUBLIC_PORT is needed"),
    ({"ORIGINS": "hosts", "NOTEBOOK_HOSTS": "nb.example.org"}, "needs HTTPS for nb.example.org"),
    ({"ORIGINS": "subdomains", "NOTEBOOK_DOMAIN": "localhost", "HOSTS": "app"}, "needs HTTPS for app"),
    ({"PUBLIC_SCHEME": "ftp"}, "PUBLIC_SCHEME"),
    ({"PUBLIC_PORT": "65536"}, "PUBLIC_PORT"),
    ({"PREVIOUS_SESSION_KEY": "short"}, "PREVIOUS_SESSION_KEY"),
    ({"SESSION_IDLE": "0"}, "SESSION_IDLE"),
    ({"MAX_HEAD_BYTES": "8191"}, "MAX_HEAD_BYTES must be at least 8192"),
    ({"SESSION_IDLE": "100", "SESSION_LIFETIME": "99"}, "SESSION_IDLE"),
]


@pytest.mark.parametrize(("changes", "sentence"), CONTRADICTIONS)
def test_contradictory_names_are_refused_in_a_sentence(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(env.SettingsError, match=sentence):
        loaded(**changes)


PROVIDER = {
    "IDENTITY": "oidc", "OIDC_ISSUER": "https://accounts.google.com", "OIDC_CLIENT_ID": "id", "OIDC_CLIENT_SECRET": "secret",
}  # fmt: skip


def test_a_provider_is_named_by_its_host_where_nobody_names_it() -> None:
    assert loaded(**PROVIDER).provider_name == "accounts.google.com"
    assert loaded(**PROVIDER, OIDC_PROVIDER_NAME="Google").provider_name == "Google"
    assert loaded().provider_name == ""


def test_a_provider_needs_no_loopback() -> None:
    far = {"BIND_HOST": "0.0.0.0", "HOSTS": "shiva.example.org", "PUBLIC_SCHEME": "https", "PUBLIC_PORT": "443"}
    assert loaded(**PROVIDER | far).names().app == "https://shiva.example.org"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("OIDC_ISSUER", ""), ("OIDC_ISSUER", "accounts.google.com"), ("OIDC_ISSUER", "http://accounts.google.com"),
        ("OIDC_ISSUER", "http://10.0.0.1"), ("OIDC_ISSUER", "ftp://127.0.0.1"), ("OIDC_ISSUER", "https://"), ("OIDC_ISSUER", "https://h?x"),
        ("OIDC_ISSUER", "https://h#x"), ("OIDC_ISSUER", "https://a@h"), ("OIDC_ISSUER", "https://h:port"), ("OIDC_ISSUER", "https://h "),
        ("OIDC_CLIENT_ID", ""), ("OIDC_CLIENT_SECRET", ""), ("OIDC_SCOPES", "email profile"), ("HOSTS", "shiva.example.org"),
        ("BIND_PORT", "0"),
    ],
)  # fmt: skip
def test_a_provider_that_could_not_be_safe_is_refused_by_its_key(key: str, value: str) -> None:
    with pytest.raises(env.SettingsError) as refused:
        loaded(**PROVIDER | {key: value})
    assert {"HOSTS": "IDENTITY=oidc needs HTTPS", "BIND_PORT": "PUBLIC_PORT is needed"}.get(key, key) in str(
        refused.value
    )


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:9000", "http://localhost:9000/realm", "https://sso.example.org/realms/a/"]
)
def test_a_provider_may_be_on_this_machine_or_have_a_path(issuer: str) -> None:
    assert loaded(**PROVIDER | {"OIDC_ISSUER": issuer}).oidc_issuer == issuer


def test_names_become_origins() -> None:
    path = loaded().names()
    assert (path.mode, path.app) == ("path", "http://localhost:8000")
    two = loaded(ORIGINS="hosts", HOSTS="App.example.org", NOTEBOOK_HOSTS="NB.example.org", PUBLIC_SCHEME="https", PUBLIC_PORT="443").names()  # fmt: skip
    assert (two.app, two.notebooks("ada")) == ("https://app.example.org", "https://nb.example.org")
    people = loaded(ORIGINS="subdomains", NOTEBOOK_DOMAIN="LOCALHOST").names()
    assert people.notebooks("ada") == "http://ada.localhost:8000"


def test_a_mistyped_key_is_refused() -> None:
    with pytest.raises(env.SettingsError, match="IDENTIY is not a setting"):
        loaded(IDENTIY="dev")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("f" * 32 + "\n")
    assert loaded(SESSION_KEY=None, SESSION_KEY_FILE=str(tmp_path / "key")).session_key == "f" * 32


def test_no_secret_is_in_the_representation_or_in_a_refusal() -> None:
    shown = repr(loaded())
    assert not any(
        GOOD[key] in shown for key in ("BROKER_TOKEN", "IDENTITY_KEY", "SESSION_KEY", "MANAGER_TOKEN", "METRICS_TOKEN")
    )
    assert "secret" not in repr(loaded(**PROVIDER))
    with pytest.raises(env.SettingsError) as refused:
        loaded(SESSION_KEY="tooshortasecret")
    assert "tooshortasecret" not in str(refused.value)


def run(**changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends by itself."""
    command = [sys.executable, "-m", "shiva_jupyter_proxy"]
    return subprocess.run(command, env=environment(**changes), capture_output=True, text=True, timeout=30, check=False)


def test_the_command_says_every_problem_and_ends() -> None:
    ended = run(IDENTITY=None, BIND_PORT="many")
    assert ended.returncode == 2
    assert f"{PREFIX}IDENTITY is required" in ended.stderr
    assert f"{PREFIX}BIND_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_says_in_one_line_that_the_address_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(BIND_PORT=str(port))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"shiva-jupyter-proxy: cannot listen on 127.0.0.1:{port}: ")
    assert ended.stderr.count("\n") == 1


def test_the_command_ends_cleanly_when_told_even_with_open_connections() -> None:
    command = [sys.executable, "-m", "shiva_jupyter_proxy"]
    nowhere = environment(BIND_PORT="0", BROKER_URL="http://127.0.0.1:1")
    with subprocess.Popen(command, env=nowhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as door:
        try:
            assert door.stdout is not None
            opened = json.loads(door.stdout.readline())
            with socket.create_connection(("127.0.0.1", opened["port"])) as idle:
                idle.sendall(b"GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert idle.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
                door.send_signal(signal.SIGTERM)
                said, complaints = door.communicate(timeout=10)
        finally:
            door.kill()
    assert (door.returncode, complaints) == (0, b"")
    assert b"traceback" not in said
