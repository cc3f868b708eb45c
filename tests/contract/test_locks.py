"""The locks hold what the projects ask for, with hashes, and name no address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("services/*/pyproject.toml"))]
PYTHON_LOCKS = [ROOT / "requirements.lock", ROOT / "tools.lock", *sorted(ROOT.glob("images/shiva-jupyter/*.lock"))]
LOCKS = [*PYTHON_LOCKS, ROOT / "services/dashboard/package-lock.json"]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def wanted(project: Path) -> list[Requirement]:
    """Return what a project asks for, our own members left out."""
    parsed = tomllib.loads(project.read_text(encoding="utf-8"))
    lines = parsed["project"]["dependencies"] + parsed.get("dependency-groups", {}).get("dev", [])
    return [r for r in map(Requirement, lines) if not r.name.startswith("shiva-")]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_the_lock_satisfies_every_project(project: Path) -> None:
    pins = {
        canonicalize_name(n): v for n, v in PINNED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    }
    stale = [str(r) for r in wanted(project) if not r.specifier.contains(pins.get(canonicalize_name(r.name), "0"))]
    assert stale == [], "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert not re.search(r"https?://[^\s\"]*\.(tgz|whl|tar\.gz)", text)


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pins = [entry for entry in entries if "==" in entry.split("\n")[0]]
    assert len(pins) > 1
    assert [entry.split("\n")[0] for entry in pins if "--hash=sha256:" not in entry] == []
