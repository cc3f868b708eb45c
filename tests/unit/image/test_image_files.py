"""The image's files that need no container: the contract, the account's lines, and settings like the process launcher's."""

import gc
from pathlib import Path
from typing import Any

import pytest
import shiva_entry
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters import jupyter_settings
from shiva_jupyter_broker.domain import naming

from tests.fakes.launcher import spec

FILES = Path(__file__).resolve().parents[3] / "images/shiva-jupyter/files"
CONTRACT = {
    "SHIVA_USER": "ada",
    "SHIVA_UID": "20001",
    "SHIVA_PREFIX": "/user/ada/",
    "SHIVA_CONTAINER_ID": "ada--default",
}


@given(
    st.from_regex(naming.OWNER, fullmatch=True).filter(lambda name: name != "root" and len(name) <= naming.MAX_LENGTH)
)
def test_every_name_of_the_broker_is_one_of_the_image(name: str) -> None:
    try:
        owner = naming.checked_owner(name)
    except naming.BadNameError:
        return
    contract = CONTRACT | {"SHIVA_USER": owner, "SHIVA_PREFIX": naming.prefix(owner, "two")}
    contract["SHIVA_CONTAINER_ID"] = naming.container_id(owner, "two")
    assert shiva_entry.Person.of(contract).name == name


@pytest.mark.parametrize("key", CONTRACT)
@pytest.mark.parametrize("value", [None, "", "a b", "ada\n", "ada:x", "é", "/../"])
def test_a_bad_value_is_refused_by_its_name(key: str, value: str | None) -> None:
    contract = {name: given for name, given in (CONTRACT | {key: value}).items() if given is not None}
    with pytest.raises(shiva_entry.RefusedError, match=f"^{key} must be ") as refused:
        shiva_entry.Person.of(contract)
    assert (refused.value.status, str(refused.value).count("\n")) == (78, 0)


def test_an_account_takes_the_place_of_whoever_had_its_name_or_uid() -> None:
    before = ["root:x:0:0:root:/:/bin/sh", "ubuntu:x:1000:1000::/:/bin/sh", "ada:x:7:7::/:/bin/false", "short"]
    line = "ada:x:1000:1000::/home/ada:/bin/bash"
    after = shiva_entry.with_line(before, line, unique=(0, 2))
    assert after.splitlines() == [before[0], "short", line]
    assert shiva_entry.with_line(after.splitlines(), line, unique=(0, 2)) == after


def test_the_image_s_jupyter_is_set_as_the_process_launcher_s() -> None:
    import shiva_server  # which rests the garbage collector

    gc.enable()
    ada = spec("ada", home="/home/ada")
    theirs: Any = jupyter_settings.configuration(ada, port=8888, kernel_idle_timeout=3600)
    ours: Any = shiva_server.configuration(
        prefix="/user/ada/", home=Path("/home/ada"), token=ada.token, kernel_idle_timeout=3600
    )
    extensions = theirs["ServerApp"]["jpserver_extensions"]
    extensions[shiva_server.ACTIVITY] = extensions.pop(jupyter_settings.ACTIVITY)
    differ = {"ip", "port_retries", "allow_root"}  # a container is a machine of its own, and the server is no root
    for section, settings in theirs.items():
        for key in settings.keys() - differ:
            assert ours[section][key] == settings[key], key
    for name in ("labconfig/default_setting_overrides.json", "shiva_activity.py"):
        assert (FILES / name).read_bytes() == (jupyter_settings.DEFAULTS / name).read_bytes()
