"""What protects nothing, and half of a login, is refused at the start, in a sentence."""

import pytest
from shiva_common import env
from shiva_manager_api.culler import Settings as CullerSettings
from shiva_manager_api.settings import Settings

COMMON = {
    "PROMETHEUS_URL": "http://p", "BROKER_URL": "http://b", "BROKER_TOKEN": "b" * 32, "DATABASE_URL": "sqlite:////a/manager.db",
}  # fmt: skip
EACH = {
    "SHIVA_MANAGER_API": (
        Settings,
        COMMON | {"IDENTITY_KEY": "k" * 32, "DOOR_TOKEN": "d" * 32, "METRICS_TOKEN": "m" * 32},
    ),
    "SHIVA_MANAGER_CULLER": (CullerSettings, COMMON | {"STATE_DIR": "idle"}),
}


def read(prefix: str, more: dict[str, str]) -> Settings | CullerSettings:
    """Return the settings with `more`."""
    cls, given = EACH[prefix]
    return env.load(cls, {f"{prefix}_{key}": value for key, value in (given | more).items()}, prefix=f"{prefix}_")


@pytest.mark.parametrize("prefix", EACH)
@pytest.mark.parametrize("half", [
    {"PROMETHEUS_USER": "manager"}, {"PROMETHEUS_PASSWORD": "secret"},
    {"PROMETHEUS_USER": "a:b", "PROMETHEUS_PASSWORD": "secret"},
])  # fmt: skip
def test_half_of_a_login_is_refused_in_a_sentence(prefix: str, half: dict[str, str]) -> None:
    with pytest.raises(env.SettingsError) as refused:
        read(prefix, half)
    said = f"set both {prefix}_PROMETHEUS_USER, without a colon, and {prefix}_PROMETHEUS_PASSWORD, or none"
    assert str(refused.value) == said


@pytest.mark.parametrize("prefix", EACH)
def test_a_whole_login_is_taken_and_none_is_one_too(prefix: str) -> None:
    assert read(prefix, {}).prometheus_user == ""
    whole = read(prefix, {"PROMETHEUS_USER": "manager", "PROMETHEUS_PASSWORD": "secret"})
    assert (whole.prometheus_user, whole.prometheus_password) == ("manager", "secret")
    assert "secret" not in repr(whole)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"DOOR_TOKEN": "short"}, "SHIVA_MANAGER_API_DOOR_TOKEN must have at least 32 characters"),
        ({"DOOR_TOKEN": ""}, "SHIVA_MANAGER_API_DOOR_TOKEN must have at least 32 characters"),
        ({"METRICS_TOKEN": "m" * 16 + " " + "m" * 16}, "SHIVA_MANAGER_API_METRICS_TOKEN must have"),
        ({"METRICS_TOKEN": "d" * 32}, "SHIVA_MANAGER_API_DOOR_TOKEN and …_METRICS_TOKEN must differ"),
    ],
    ids=["short", "empty", "two words", "the same"],
)
def test_a_token_that_protects_nothing_is_refused(bad: dict[str, str], said: str) -> None:
    with pytest.raises(env.SettingsError, match=said):
        read("SHIVA_MANAGER_API", bad)


@pytest.mark.parametrize("missing", ["DOOR_TOKEN", "METRICS_TOKEN", "IDENTITY_KEY", "DATABASE_URL"])
def test_without_a_key_nothing_starts(missing: str) -> None:
    cls, given = EACH["SHIVA_MANAGER_API"]
    environ = {f"SHIVA_MANAGER_API_{key}": value for key, value in given.items() if key != missing}
    with pytest.raises(env.SettingsError, match=f"SHIVA_MANAGER_API_{missing} is required"):
        env.load(cls, environ, prefix="SHIVA_MANAGER_API_")
