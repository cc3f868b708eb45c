"""The house rules that no linter knows: small rooms, declared imports, no addresses, no paths of somebody's machine."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
CODE = {".py", ".ts", ".tsx", ".css", ".sh", ".html", ".js"}
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
# Assembled, so that this file does not name them.
HOSTS = ["pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "npmjs" + ".org", "deb." + "debian"]
PATHS = [re.compile(pattern) for pattern in (r"/wor" + r"k/", r"/ro" + r"ot/", r"/home/(?!ada|\$|%|\{)[a-z]+/\w+/main")]


def tracked() -> list[Path]:
    """Return every file of the repository, those not yet committed included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in map(ROOT.joinpath, listed) if path.is_file()]


def texts() -> list[tuple[Path, str]]:
    """Return what can be read as text."""
    read = []
    for path in tracked():
        try:
            read.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            assert path.suffix in {".png"}, f"{path} is neither text nor a picture"
    return read


@pytest.mark.parametrize(("mark", "folder"), [("docker", "tests/docker"), ("e2e", "tests/e2e")])
def test_what_starts_much_is_in_the_folder_that_is_run_for_it(mark: str, folder: str) -> None:
    marked = [path for path, text in texts() if path.suffix == ".py" and f"mark.{mark}" in text.replace('"', "")]
    assert {str(path.relative_to(ROOT).parent) for path in marked if path != Path(__file__)} == {folder}


def test_every_room_is_small() -> None:
    large = {
        str(path.relative_to(ROOT)): lines
        for path, text in texts()
        if path.suffix in CODE and ".gen." not in path.name and (lines := text.count("\n")) > MAX_LINES
    }
    assert large == {}


def test_no_registry_and_no_path_of_a_machine_is_named() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:100]}"
        for path, text in texts()
        for line in text.splitlines()
        if any(host in line for host in HOSTS) or any(pattern.search(line) for pattern in PATHS)
    ]
    assert found == []


def imported(service: Path) -> set[str]:
    """Return the top-level modules that a service's sources import."""
    names: set[str] = set()
    for path in service.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_what_a_service_imports_is_what_it_declares(service: Path) -> None:
    project = tomllib.loads((service / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    own = "shiva_" + service.name.replace("-", "_")
    known = packages_distributions()
    used = {
        canonicalize_name(distribution)
        for name in imported(service) - set(sys.stdlib_module_names) - {own}
        for distribution in known.get(name, [name.replace("_", "-")])  # ours are installed in place
    }
    run_as_programs = {"jupyterlab"} if service.name == "jupyter-broker" else set()
    werkzeug = {"werkzeug"} if "flask" in declared else set()  # Flask's own foundation
    assert used - werkzeug == declared - run_as_programs


def test_what_a_test_needs_is_there_in_ci() -> None:
    """What lies beside the project only where it is developed cannot be installed: its tests skip elsewhere."""
    needed = set()
    for path in ROOT.glob("tests/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "require":
                assert isinstance(node.args[0], ast.Constant), f"{path}: a part is named as it is"
                needed.add(node.args[0].value)
    named = re.search(r"^export SHIVA_TEST_REQUIRE=(.*)$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    assert named is not None
    assert needed - {"reference"} == set(named[1].split(","))


@pytest.mark.parametrize("name", ["skip", "skipif", "importorskip", "xfail"])
def test_no_test_is_left_out_but_for_a_part_that_is_missing(name: str) -> None:
    found = [
        path
        for path in set(ROOT.glob("tests/**/*.py")) - {ROOT / "tests/unit/test_require.py"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == name and "pytest" in ast.unparse(node)
    ]
    assert found == ([ROOT / "tests/require.py"] if name == "skip" else [])


def test_every_test_that_a_page_names_is_there() -> None:
    """Paths in backticks, and names of tests; `{a,b}` stands for several."""
    text = {path: path.read_text(encoding="utf-8") for path in tracked() if path.suffix == ".md"}
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py")
    }
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(sources.values())))
    named = {path for page in text.values() for path in re.findall(r"`(tests/[\w/.{},]+\.py)`", page)}
    wanted = {path.replace(braces, one) for path in named for braces, one in _alternatives(path)}
    assert len(wanted) > 10
    assert wanted - sources.keys() == set()
    functions = {name for page in text.values() for name in re.findall(r"`(test_\w+)`", page)}
    assert functions - defined == set()


def _alternatives(path: str) -> list[tuple[str, str]]:
    braces = re.search(r"\{([^}]*)\}", path)
    return [(braces[0], one) for one in braces[1].split(",")] if braces else [("", "")]
