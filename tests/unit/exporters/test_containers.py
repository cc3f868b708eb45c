"""What a container uses of its machine: its cgroup's count, or its processes' own. What nobody tells has no value."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from shiva_exporters.containers.cgroups import Cgroups, Use
from shiva_exporters.containers.collector import ContainerCollector
from shiva_exporters.containers.watching import TICKS, Uses, Watching
from shiva_exporters.gpu.attribution import LAUNCH_MARK, Owners
from shiva_exporters.serve import CollectError

from tests.fakes.proc import FakeProc

ID, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
LAUNCH, ANOTHER = "0b" * 16, "0c" * 16
US = 1001
MARKED = {LAUNCH_MARK.decode().rstrip("="): LAUNCH}
UNKNOWN = Use(memory_used_bytes=None, cpu_seconds=None)


@dataclass
class World:
    """A machine, and what is watched there; its clock stands still until a test moves it."""

    folder: Path
    now: float = 100.0
    proc: FakeProc = field(init=False)
    watching: Watching = field(init=False)

    def __post_init__(self) -> None:
        self.proc = FakeProc(self.folder)
        owners = Owners(self.folder, launcher_uid=US, names=str)
        self.watching = Watching(
            owners, Cgroups(self.folder / "cgroups"), proc=self.folder, interval_seconds=5.0, steady=lambda: self.now
        )

    def uses(self) -> Uses:
        """Take a round, and return what is shown then."""
        self.watching.round()
        shown = self.watching.latest()
        assert shown is not None
        return shown


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def written(root: Path, files: dict[str, str]) -> Cgroups:
    """Return the cgroups of a machine that has these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Cgroups(root)


V2 = {
    "memory.current": "3000\n",
    "memory.stat": "anon 1500\nfile 1500\nactive_file 500\ninactive_file 1000\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\n",
}
V1 = {
    "memory/docker/{}/memory.usage_in_bytes": "3000\n",
    "memory/docker/{}/memory.stat": "inactive_file 1\ntotal_inactive_file 1000\n",
    "cpuacct/docker/{}/cpuacct.usage": "2500000000\n",
}
TOLD = Use(memory_used_bytes=2000, cpu_seconds=2.5)


@pytest.mark.parametrize("path", [f"/docker/{ID}", f"/system.slice/docker-{ID}.scope"])
@pytest.mark.parametrize("below", ["", "/init.scope", f"/docker/{OTHER}/a"])
def test_the_engines_own_cgroup_of_v2_tells_of_all_that_is_in_it(tmp_path: Path, path: str, below: str) -> None:
    cgroups = written(tmp_path, {f"{path.lstrip('/')}/{name}": text for name, text in V2.items()})
    assert cgroups.use(f"0::{path}{below}\n".encode()) == TOLD


def test_so_do_those_of_v1_each_in_its_own_hierarchy(tmp_path: Path) -> None:
    cgroups = written(tmp_path, {name.format(ID): text for name, text in V1.items()})
    lines = f"12:memory:/docker/{ID}\n3:cpu,cpuacct:/docker/{ID}/a\n1:name=systemd:/docker/{ID}\n0::/docker/{ID}\n"
    assert cgroups.use(lines.encode()) == TOLD


def test_with_both_each_is_read_where_it_is_counted(tmp_path: Path) -> None:
    of_v1 = {name.format(ID): text for name, text in V1.items() if name.startswith("memory")}
    cgroups = written(tmp_path, {**of_v1, f"docker/{ID}/cpu.stat": V2["cpu.stat"]})
    assert cgroups.use(f"4:memory:/docker/{ID}\n2:cpuset:/\n0::/docker/{ID}".encode()) == TOLD


@pytest.mark.parametrize(
    "cgroup",
    ["", "0::/", "garbage", f"0::/docker/{OTHER}", f"0::/../{ID}", f"0::/../docker/{ID}", f"0::/docker/{ID} (deleted)"],
)
def test_what_is_not_to_be_seen_is_unknown(tmp_path: Path, cgroup: str) -> None:
    root = tmp_path / "root"
    cgroups = written(root, {f"docker/{ID}/{name}": text for name, text in V2.items()})
    written(tmp_path, {f"{ID}/{name}": text for name, text in V2.items()})
    assert cgroups.use(cgroup.encode()) == UNKNOWN


@pytest.mark.parametrize("missing", V2)
def test_what_a_kernel_does_not_count_is_unknown_and_not_zero(tmp_path: Path, missing: str) -> None:
    cgroups = written(
        tmp_path, {f"docker/{ID}/{name}": "max\n" if name == missing else text for name, text in V2.items()}
    )
    use = cgroups.use(f"0::/docker/{ID}".encode())
    assert use == (
        Use(memory_used_bytes=2000, cpu_seconds=None)
        if missing == "cpu.stat"
        else Use(memory_used_bytes=None, cpu_seconds=2.5)
    )


def test_a_container_of_an_engine_is_found_by_its_processes_and_others_are_nobodys(world: World) -> None:
    world.proc.runs(7, cgroup=f"0::/docker/{ID}", launch=LAUNCH)
    world.proc.runs(8, cgroup=f"0::/docker/{OTHER}")
    world.proc.runs(9)
    world.proc.counts(ID, 3000, 1000, 2_500_000)
    world.proc.counts(OTHER, 3000, 1000, 2_500_000)
    assert world.uses() == {LAUNCH: TOLD}
    world.proc.ends(7)
    assert world.uses() == {}


def test_without_an_engine_the_processes_memory_is_summed_up_without_mapped_files(world: World) -> None:
    world.proc.runs(7, uid=US, environment=MARKED, resident=(100, 900, 10))
    world.proc.runs(8, uid=US, parent=7, resident=(50, 900, 0))
    world.proc.runs(9, uid=US, resident=(7000, 0, 0))
    assert world.uses()[LAUNCH].memory_used_bytes == 160 * 1024


def seconds(world: World) -> float:
    """Return the seconds that are counted for the launch in the next round."""
    told = world.uses()[LAUNCH].cpu_seconds
    assert told is not None
    return told


def test_seconds_are_counted_from_when_it_is_watched_and_those_of_ended_processes_stay(world: World) -> None:
    world.proc.runs(7, uid=US, environment=MARKED, ticks=(500 * TICKS, 0))
    assert seconds(world) == 0
    world.proc.runs(7, uid=US, environment=MARKED, ticks=(501 * TICKS, TICKS))
    world.proc.runs(8, uid=US, parent=7, start=2000, ticks=(3 * TICKS, 0))
    assert seconds(world) == 5
    world.proc.ends(8)
    assert seconds(world) == 5
    world.proc.runs(8, uid=US, parent=7, start=3000, ticks=(TICKS, 0))  # another one under its number
    assert seconds(world) == 6


def test_a_new_launch_is_counted_anew(world: World) -> None:
    world.proc.runs(7, uid=US, environment=MARKED)
    seconds(world)
    world.proc.runs(7, uid=US, environment=MARKED, ticks=(TICKS, 0))
    assert seconds(world) == 1
    world.proc.ends(7)
    assert world.uses() == {}
    world.proc.runs(7, uid=US, environment=MARKED, start=2000, ticks=(9 * TICKS, 0))
    assert seconds(world) == 0


def test_a_round_that_is_old_is_not_shown(world: World) -> None:
    assert world.watching.latest() is None
    world.uses()
    world.now += 15
    assert world.watching.latest() == {}
    world.now += 1
    assert world.watching.latest() is None


def test_of_nothing_known_nothing_is_told_and_of_unknown_parts_neither() -> None:
    with pytest.raises(CollectError):
        list(ContainerCollector(lambda: None).collect())
    uses = {LAUNCH: Use(memory_used_bytes=0, cpu_seconds=None), ANOTHER: Use(memory_used_bytes=None, cpu_seconds=0.0)}
    told = {family.name: [s.labels for s in family.samples] for family in ContainerCollector(lambda: uses).collect()}
    assert told == {
        "shiva_container_memory_used_bytes": [{"launch_id": LAUNCH}],
        "shiva_container_cpu_seconds": [{"launch_id": ANOTHER}],
    }
