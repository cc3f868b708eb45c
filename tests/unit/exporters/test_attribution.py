"""Pid → container, by what the kernel tells; what people can write decides nothing about a container."""

import os
import pwd
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_exporters.gpu import attribution
from shiva_exporters.gpu.attribution import Attributed, Owners, container_of, launch_of
from shiva_exporters.gpu.source import GpuProcess, GpuSample, Kind, Owner, Reading

from tests.fakes.proc import HANDOVER, HOST, FakeProc, mount

ID = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
LAUNCH, ANOTHER = "0b" * 16, "0c" * 16
LAUNCHER_UID = 1001

FORMS = {
    "v1 cgroupfs": f"5:devices:/docker/{ID}\n4:memory:/docker/{ID}\n0::/docker/{ID}",
    "v1 with a line of its own above": f"13:rdma:/\n5:devices:/docker/{ID}",
    "v1 systemd": f"12:pids:/system.slice/docker-{ID}.scope",
    "v2 cgroupfs": f"0::/docker/{ID}",
    "v2 systemd": f"0::/system.slice/docker-{ID}.scope",
    "v2 rootless": f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope",
    "own parent": f"0::/shiva/people/{ID}",
    "own parent with systemd": f"0::/shiva.slice/docker-{ID}.scope",
    "sibling from a private namespace": f"0::/../{ID}",
    "sibling from a private namespace with systemd": f"0::/../docker-{ID}.scope",
    "dead cgroup": f"0::/system.slice/docker-{ID}.scope (deleted)",
    "Docker in Docker": f"0::/docker/{ID}/docker/{OTHER}",
    "containerd": f"0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}",
    "containerd with systemd": f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope",
    "CRI-O": f"0::/kubepods.slice/crio-{ID}.scope",
    "Podman": f"0::/machine.slice/libpod-{ID}.scope/container",
    "a name with colons before": f"1:name=systemd:/a:b/docker/{ID}",
}
NONE = {
    "host": HOST,
    "a reader's own namespace, or the root": "0::/",
    "too long": f"0::/docker/{ID}0",
    "too short": f"0::/docker/{ID[:-1]}",
    "in capitals": f"0::/docker/{ID.upper()}",
    "part of a word": f"0::/docker/x{ID}",
    "in the controllers": f"1:name={ID}:/",
    "empty": "",
}


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.fixture
def owners(proc: FakeProc) -> Owners:
    return Owners(proc.root, launcher_uid=LAUNCHER_UID, names={1001: "shiva", 1002: "ken"}.__getitem__)


@pytest.mark.parametrize("form", FORMS)
def test_a_container_is_found_in_every_form(form: str, proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS[form], inside=[7, 42], launch=LAUNCH)
    assert owners.of([7]) == {7: Owner(kind=Kind.CONTAINER, launch_id=LAUNCH, pid_inside=42)}


@pytest.mark.parametrize("form", FORMS)
def test_a_container_without_a_launch_is_foreign_and_has_its_engines_id_and_a_user(
    form: str, proc: FakeProc, owners: Owners
) -> None:
    proc.runs(7, cgroup=FORMS[form], inside=[7, 42], environment=MARK, uid=1002)
    assert owners.of([7]) == {7: Owner(kind=Kind.FOREIGN, engine_id=ID, user="ken", pid_inside=42)}


OURS = [
    mount(HANDOVER.format(LAUNCH)),
    mount(f"/.shiva/launches/shiva/{LAUNCH}"),  # the homes are a file system of their own
    mount(f"/srv/people\\040of\\012ours/.shiva/launches/a\\040b/{LAUNCH}"),
    mount(f"/srv/homes/.shiva/launches/shiva/{LAUNCH}//deleted"),
    "733 712 0:44 " + HANDOVER.format(LAUNCH) + " /run/shiva ro - nfs4 nas:/homes rw,vers=4.2",
]
NOT_OURS = [
    mount(HANDOVER.format(LAUNCH), at="/run/shiva/x"),
    mount(HANDOVER.format(LAUNCH), at="/mnt/run/shiva"),
    mount(HANDOVER.format(LAUNCH), at="/run/shiva\\040"),
    mount(HANDOVER.format(LAUNCH) + "/sub"),
    mount(HANDOVER.format(LAUNCH.upper())),
    mount(HANDOVER.format(LAUNCH + "0")),
    mount(f"/srv/homes/.shiva/launches/{LAUNCH}"),
    mount(f"/srv/homes/.shiva/launches/a/b/{LAUNCH}"),
    mount(f"/srv/homes/x.shiva/launches/shiva/{LAUNCH}"),
    f"733 712 8:1 / /run/shiva ro - ext4 {HANDOVER.format(LAUNCH)} rw",
    "",
]


@pytest.mark.parametrize("line", OURS)
def test_the_launch_is_where_the_broker_mounts_it(line: str) -> None:
    assert launch_of(f"711 655 0:52 / / rw - overlay overlay rw\n{line}\n".encode()) == LAUNCH


@pytest.mark.parametrize("line", NOT_OURS)
def test_a_mount_that_the_broker_never_makes_is_none(line: str) -> None:
    assert launch_of(f"711 655 0:52 / / rw - overlay overlay rw\n{line}\n".encode()) is None


@given(st.binary())
def test_any_mounts_are_read(text: bytes) -> None:
    found = launch_of(text)
    assert found is None or found.encode() in text


def test_what_is_mounted_later_counts_nothing(proc: FakeProc, owners: Owners) -> None:
    forged = mount(f"/srv/homes/ada/.shiva/launches/x/{ANOTHER}")
    proc.runs(7, cgroup=FORMS["v2 systemd"], mounts=[mount(HANDOVER.format(LAUNCH)), forged])
    assert owners.of([7])[7].launch_id == LAUNCH


def test_a_root_or_a_namespace_of_its_own_makes_nobody_somebody_else(proc: FakeProc, owners: Owners) -> None:
    proc.runs(5, cgroup=FORMS["Docker in Docker"].partition("/docker/" + OTHER)[0], launch=LAUNCH)
    proc.runs(6, parent=5, cgroup=FORMS["v2 cgroupfs"])
    proc.runs(7, parent=6, cgroup=FORMS["Docker in Docker"], launch=ANOTHER)
    assert {owner.launch_id for owner in owners.of([6, 7]).values()} == {LAUNCH}


def test_an_engine_in_a_container_has_launches_of_its_own(proc: FakeProc, owners: Owners) -> None:
    proc.runs(4, cgroup=FORMS["v2 cgroupfs"])  # the engine
    proc.runs(5, parent=4, cgroup=FORMS["Docker in Docker"], launch=LAUNCH)
    proc.runs(6, parent=4, cgroup=FORMS["Docker in Docker"], launch=ANOTHER)
    proc.runs(7, parent=6, cgroup=FORMS["Docker in Docker"])
    assert {pid: owner.launch_id for pid, owner in owners.of([4, 5, 6, 7]).items()} == {
        4: None, 5: LAUNCH, 6: ANOTHER, 7: ANOTHER,
    }  # fmt: skip


def test_mounts_that_cannot_be_read_are_nobodys(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 systemd"], launch=LAUNCH)
    (proc.root / "7" / "mountinfo").unlink()
    assert owners.of([7])[7] == Owner(kind=Kind.FOREIGN, engine_id=ID, user="shiva")


@pytest.mark.parametrize("form", NONE)
def test_what_is_no_container_is_none(form: str) -> None:
    assert container_of(NONE[form].encode()) is None


@given(st.binary())
def test_any_text_is_read(text: bytes) -> None:
    found = container_of(text)
    assert found is None or found.encode() in text


def test_a_cgroup_that_a_container_makes_for_itself_is_not_anothers() -> None:
    assert container_of(f"0::/docker/{ID}/system.slice/docker-{OTHER}.scope".encode()) == ID


def test_an_old_kernel_tells_no_inner_pid(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 systemd"])
    assert owners.of([7])[7].pid_inside is None


def test_a_process_of_the_machine_has_its_users_name(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, uid=1002)
    assert owners.of([7]) == {7: Owner(kind=Kind.HOST, user="ken")}


def test_a_user_without_a_name_is_a_number() -> None:
    assert attribution.user_name(0) == "root"
    assert attribution.user_name(4_000_000_000) == "4000000000"


def test_a_users_name_that_is_no_utf_8_still_is_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("j\udcfcrgen", "x", 1005, 1005, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)
    assert attribution.user_name(1005) == "j?rgen"


def test_the_drivers_own_server_is_told_apart_but_not_inside_a_container(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, name="nvidia-cuda-mps")
    proc.runs(8, name="nvidia-cuda-mps", cgroup=FORMS["v2 systemd"], launch=LAUNCH)
    found = owners.of([7, 8])
    assert (found[7].kind, found[8].kind) == (Kind.MPS, Kind.CONTAINER)


@pytest.mark.parametrize("name", ["tmux: server", "a) S 1 (b", "new\nline", ")", "("])
def test_any_name_of_a_program_is_read(name: str, proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, name=name, cgroup=FORMS["v2 systemd"], launch=LAUNCH)
    assert owners.of([7])[7].launch_id == LAUNCH


def test_the_vanished_and_the_dead_have_no_owner_and_take_no_other_along(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 cgroupfs"])
    proc.dies(8)
    (proc.root / "10").mkdir()
    (proc.root / "10" / "stat").write_text("10 (cut")
    assert list(owners.of([8, 9, 10, 7])) == [7]


def test_a_zombie_that_still_has_its_cgroup_is_its_containers(proc: FakeProc, owners: Owners) -> None:
    proc.runs(6, cgroup=f"0::/docker/{ID}", launch=LAUNCH)
    proc.runs(7, state="Z", parent=6, cgroup=f"0::/docker/{ID}")
    assert owners.of([7])[7].launch_id == LAUNCH


def test_a_zombie_of_which_nobody_tells_more_than_its_cgroup_is_nobodys(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, state="Z", cgroup=f"0::/docker/{ID} (deleted)")
    assert owners.of([7])[7].kind is Kind.FOREIGN


def test_a_process_that_was_seen_alive_is_still_its_containers_as_a_zombie(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 cgroupfs"], launch=LAUNCH)
    owners.of([7])
    proc.dies(7)
    assert owners.of([7])[7].launch_id == LAUNCH
    owners.of([])
    assert owners.of([7]) == {}  # kept only while it is asked for


def test_a_pid_that_comes_again_is_somebody_else(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 cgroupfs"], start=1000, launch=LAUNCH)
    assert owners.of([7])[7].launch_id == LAUNCH
    proc.runs(7, cgroup=f"0::/docker/{OTHER}", start=2000, launch=ANOTHER)
    assert owners.of([7])[7].launch_id == ANOTHER
    proc.ends(7)
    assert owners.of([7]) == {}


def test_a_pid_that_comes_again_while_we_look_is_nobody_yet(proc: FakeProc) -> None:
    def slow(uid: int) -> str:
        proc.runs(7, start=2000, cgroup=FORMS["v2 cgroupfs"], launch=LAUNCH)
        return str(uid)

    owners = Owners(proc.root, launcher_uid=LAUNCHER_UID, names=slow)
    proc.runs(7, start=1000)
    assert owners.of([7]) == {}
    assert owners.of([7])[7].launch_id == LAUNCH


def test_an_owner_is_looked_up_once(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 cgroupfs"])
    first = owners.of([7])[7]
    (proc.root / "7" / "cgroup").unlink()
    assert owners.of([7])[7] is first


MARK = {"PATH": "/bin", "SHIVA_LAUNCH_ID": LAUNCH, "HOME": "/"}


def test_a_process_of_the_process_launcher_is_its_launchs(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, environment=MARK)
    assert owners.of([7]) == {7: Owner(kind=Kind.CONTAINER, launch_id=LAUNCH, pid_inside=7)}


def test_a_descendant_that_cleared_its_environment_or_became_root_is_too(proc: FakeProc, owners: Owners) -> None:
    proc.runs(5, environment=MARK)
    proc.runs(6, parent=5, uid=0)
    proc.runs(7, parent=6)
    assert {owner.launch_id for owner in owners.of([6, 7]).values()} == {LAUNCH}


def test_the_nearest_mark_counts(proc: FakeProc, owners: Owners) -> None:
    proc.runs(5, environment={"SHIVA_LAUNCH_ID": ANOTHER})
    proc.runs(7, parent=5, environment=MARK)
    assert owners.of([7])[7].launch_id == LAUNCH


def test_the_environment_of_another_user_counts_nothing(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, uid=1002, environment=MARK)
    assert owners.of([7]) == {7: Owner(kind=Kind.HOST, user="ken")}


def test_a_mark_inside_a_container_counts_nothing(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 systemd"], environment=MARK | {"SHIVA_LAUNCH_ID": ANOTHER}, launch=LAUNCH)
    assert owners.of([7])[7].launch_id == LAUNCH


@pytest.mark.parametrize("value", ["", "ada--default", LAUNCH + "0", LAUNCH.upper(), 'x"\n' + LAUNCH])
def test_a_mark_that_no_launcher_writes_is_none(value: str, proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, environment={"SHIVA_LAUNCH_ID": value, "X_SHIVA_LAUNCH_ID": LAUNCH})
    assert owners.of([7])[7].kind is Kind.HOST


def test_ancestors_that_go_in_circles_come_to_an_end(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, parent=8)
    proc.runs(8, parent=7)
    assert owners.of([7])[7].kind is Kind.HOST


def test_thousands_of_processes_are_found(proc: FakeProc, owners: Owners) -> None:
    for pid in range(2, 3002):
        proc.runs(pid, cgroup=f"0::/docker/{pid:064x}" if pid % 2 else HOST, launch=f"{pid:032x}")
    found = owners.of(range(2, 3002))
    assert sum(owner.kind is Kind.CONTAINER for owner in found.values()) == 1500
    assert found[2999].launch_id == f"{2999:032x}"


def test_on_the_real_machine_we_are_somebody() -> None:
    [owner] = Owners(Path("/proc")).of([os.getpid()]).values()
    assert owner.kind in {Kind.HOST, Kind.FOREIGN, Kind.CONTAINER}


class Cards:
    """A GpuSource with one process on two cards and one that is gone."""

    def read(self) -> Reading:
        cards = [
            GpuSample(index=0, uuid="GPU-1", model="", up=True, processes=[GpuProcess(pid=7), GpuProcess(pid=9)]),
            GpuSample(index=1, uuid="GPU-2", model="", up=True, processes=[GpuProcess(pid=7)]),
            GpuSample(index=2, uuid="GPU-3", model="", up=True),
        ]
        return Reading(driver_version="550", gpus=cards)


def test_a_reading_knows_the_owners_of_all_its_processes(proc: FakeProc, owners: Owners) -> None:
    proc.runs(7, cgroup=FORMS["v2 cgroupfs"])
    assert list(Attributed(Cards(), owners).read().owners) == [7]
