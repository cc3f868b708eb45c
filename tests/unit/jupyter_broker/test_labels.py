"""Labels say everything but the token; the template limits everything; the handover is seen by one alone."""

import errno
import os
import stat
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.handover import Handover, key_in, token_of
from shiva_jupyter_broker.adapters.shared_directory import FIRST, SharedDirectory
from shiva_jupyter_broker.adapters.template import Site, template
from shiva_jupyter_broker.domain.containers import ContainerSpec, GpuUuid, ImageRef, LaunchId, UserName
from shiva_jupyter_broker.domain.ports import HomeUnavailableError

from tests.fakes.launcher import LIMITS, spec
from tests.require import require

TEXTS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1))
SPECS = st.builds(
    lambda owner, name, gpus, shared, at, uid: spec(
        owner, name, gpus=tuple(map(GpuUuid, gpus)), gpus_shared=shared, requested_at=at, placed_at=at, uid=uid,
        image_ref=ImageRef("registry.lan/shiva@sha256:" + "0" * 64),
    ),
    TEXTS, TEXTS, st.lists(TEXTS, max_size=3, unique=True), st.booleans(), TIMES, st.integers(20001, 200000),
)  # fmt: skip


@given(SPECS)
def test_what_was_written_is_read_back(wanted: ContainerSpec) -> None:
    written = labels.labels(wanted, domain="here") | {"org.opencontainers.image.title": "of the image"}
    assert labels.spec(written, token=wanted.token) == wanted
    assert wanted.token not in "".join(written.values())


@pytest.mark.parametrize("missing", sorted(labels.labels(spec(), domain="here").keys() - {labels.DOMAIN}))
def test_damaged_labels_are_said_and_not_guessed(missing: str) -> None:
    written = labels.labels(spec(), domain="here")
    for damaged in ({k: v for k, v in written.items() if k != missing}, written | {"shiva.limits": "{}"}):
        with pytest.raises(labels.DamagedLabelsError):
            labels.spec(damaged, token="")


def test_the_template_holds_the_limits_and_no_secret() -> None:
    made = template(spec(uid=120001, gpus=(GpuUuid("GPU-1"),)), Site(domain="here", uid_base=100000), handover="/h")
    assert made.limits == LIMITS
    assert made.environment["SHIVA_UID"] == "20001"
    assert made.environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert "NVIDIA_VISIBLE_DEVICES" not in made.environment
    assert [(each.source, each.target, each.read_only) for each in made.mounts] == [
        ("/home/ada", "/home/ada", False), ("/h", "/run/shiva", True),
    ]  # fmt: skip
    assert spec().token not in str(asdict(made))
    assert not {"SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "NET_RAW", "MKNOD", "SYS_MODULE"} & set(made.capabilities)


def test_without_a_gpu_none_is_visible_whatever_the_image_says() -> None:
    assert template(spec(), Site(domain="here"), handover="/h").environment["NVIDIA_VISIBLE_DEVICES"] == "void"


@pytest.mark.parametrize(("name", "shown"), [("gpu-01", "gpu-01"), ("gpu.lan", "gpu-lan"), ("秀", "shiva")])
def test_a_prompt_shows_the_machine(name: str, shown: str) -> None:
    assert template(replace(spec(), machine=name), Site(domain="here"), handover="/h").hostname == shown  # type: ignore[arg-type]


def test_a_token_is_the_same_after_a_restart_and_another_for_every_launch(tmp_path: Path) -> None:
    key = tmp_path / "token.key"
    first, again = token_of(key_in(key)), token_of(key_in(key))
    assert first(LaunchId("a")) == again(LaunchId("a")) != first(LaunchId("b"))
    assert len(first(LaunchId("a"))) == 64
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.write_bytes(b"short")
    with pytest.raises(ValueError, match=r"token\.key is no key"):
        key_in(key)


def test_a_key_that_the_disk_did_not_take_is_made_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        os.ftruncate(descriptor, 0)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            key_in(tmp_path / "token.key")
    assert len(key_in(tmp_path / "token.key")) == 32


def test_a_handover_is_one_file_in_a_closed_folder_and_goes_with_its_launch(tmp_path: Path) -> None:
    handover = Handover(tmp_path, domain="lab", root_uid=os.geteuid())
    for _ in range(2):
        folder = Path(handover.give(LaunchId("one"), "t" * 64))
    assert [each.name for each in folder.iterdir()] == ["token"]
    assert (folder / "token").read_text(encoding="ascii") == "t" * 64
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o400
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    other = Path(handover.give(LaunchId("two"), "u" * 64))
    handover.forget_all_but({LaunchId("two")})
    assert (folder.exists(), other.exists()) == (False, True)


def test_two_installations_that_share_the_homes_leave_each_others_launches_alone(tmp_path: Path) -> None:
    lab, school = (Handover(tmp_path, domain=name, root_uid=os.geteuid()) for name in ("lab", "school"))
    folder = Path(lab.give(LaunchId("one"), "t"))
    school.forget_all_but(set())
    assert folder.exists()


def test_a_storage_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / ".shiva").write_text("in the way", encoding="utf-8")
    with pytest.raises(HomeUnavailableError):
        Handover(tmp_path, domain="lab", root_uid=0).give(LaunchId("one"), "t")


@pytest.fixture
def root() -> None:
    """Who gives homes away."""
    require("root", present=os.geteuid() == 0, reason="only root gives homes away")


@pytest.mark.usefixtures("root")
def test_a_uid_is_given_once_and_never_again(tmp_path: Path) -> None:
    given_uids = []
    for number in range(5):
        homes = SharedDirectory(tmp_path, uid_base=100000)
        home = homes.ensure(UserName(f"u{number}"))
        assert Path(home.path).stat().st_uid == home.uid
        assert SharedDirectory(tmp_path, uid_base=100000).ensure(UserName(f"u{number}")) == home
        given_uids.append(home.uid)
        Path(home.path).rmdir()  # somebody removes it by hand
    assert given_uids == list(range(100000 + FIRST, 100000 + FIRST + 5))


@pytest.mark.usefixtures("root")
def test_a_lost_book_is_made_good_by_the_homes_themselves(tmp_path: Path) -> None:
    homes = SharedDirectory(tmp_path, uid_base=0)
    first = homes.ensure(UserName("ada"))
    (tmp_path / ".shiva" / "uids").unlink()
    assert homes.ensure(UserName("ken")).uid == first.uid + 1


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("kind", ["of root", "a link"])
def test_what_is_no_persons_home_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    if kind == "a link":
        (tmp_path / "ada").symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / "ada").mkdir()
    with pytest.raises(HomeUnavailableError):
        SharedDirectory(tmp_path, uid_base=0).ensure(UserName("ada"))
