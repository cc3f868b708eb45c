"""The image `shiva-fake`: this machine's Python and a few of its commands, in the form that `docker load` reads.

One layer, one tag for each behaviour of the stand-in for Jupyter. The same files give the same image ids on every machine.
"""

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tests.fakes import fake_jupyter
from tests.fakes.engines.shell import run

PYTHON = "/usr/bin/python3"
COMMANDS = ("sh", "cat", "chown", "id", "ls", "mkdir", "rm", "sleep", "stat", "touch")
LEFT_OUT = {"test", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "pydoc_data", "distutils", "unittest"}
HEAVY = ("_ssl", "_hashlib", "_tkinter", "_sqlite3", "_dbm", "_gdbm", "_curses", "readline", "_test", "_xxtest")
FOLDERS = ("dev", "etc", "home", "proc", "run", "sys", "tmp", "usr")
LINKS = {"bin": "usr/bin", "sbin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"}
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
REPOSITORY = "shiva-fake"


def tag(behaviour: str = "1") -> str:
    """Return the reference of the image that behaves so; see `fake_jupyter.BEHAVIOURS`. `1` is an ordinary Jupyter."""
    if behaviour not in fake_jupyter.BEHAVIOURS:
        raise ValueError(f"{behaviour} is no behaviour of {REPOSITORY}")
    return f"{REPOSITORY}:{behaviour}"


def build(path: Path) -> Path:
    """Write the images into `path`, a tar of about 40 MB; return it."""
    layer = path.with_suffix(".layer")
    _write_layer(layer)
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with tarfile.open(path, "w") as archive:
        archive.add(layer, "layer.tar")
        manifest = []
        for behaviour in fake_jupyter.BEHAVIOURS:
            config = json.dumps(_config(behaviour, digest), sort_keys=True).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _put(archive, name, config)
            manifest.append({"Config": name, "RepoTags": [tag(behaviour)], "Layers": ["layer.tar"]})
        _put(archive, "manifest.json", json.dumps(manifest).encode())
    layer.unlink()
    return path


def _config(behaviour: str, digest: str) -> dict[str, object]:
    settings = {
        "Entrypoint": [PYTHON, "/fake_jupyter.py"],
        "Env": ["PATH=/usr/bin", "PYTHONUNBUFFERED=1", f"FAKE_JUPYTER={behaviour}"],
        "ExposedPorts": {f"{fake_jupyter.PORT}/tcp": {}},
    }
    return {
        "architecture": run("dpkg", "--print-architecture") if shutil.which("dpkg") else "amd64",
        "os": "linux", "config": settings, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }  # fmt: skip


def _write_layer(path: Path) -> None:
    library = Path(run(PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"))
    files = {f"usr/bin/{name}": Path(shutil.which(name, path="/usr/bin:/bin") or "") for name in COMMANDS}
    files |= {"usr/bin/python3": Path(PYTHON), "fake_jupyter.py": Path(fake_jupyter.__file__)}
    files |= {str(each).lstrip("/"): each for each in library.rglob("*") if _wanted(each, library)}
    programs = [each for name, each in files.items() if name.startswith("usr/bin/") or each.suffix == ".so"]
    files |= {str(each.parent.resolve() / each.name).lstrip("/"): each for each in _libraries(programs)}
    with tarfile.open(path, "w", dereference=True) as archive:
        for folder in FOLDERS:
            _folder(archive, folder)
        for name, target in LINKS.items():
            _link(archive, name, target)
        _put(archive, "etc/passwd", PASSWD.encode())
        _put(archive, "etc/group", b"root:x:0:\n")
        for name, file in sorted(files.items()):
            archive.add(file, name, filter=_owned_by_root)


def _wanted(file: Path, library: Path) -> bool:
    return (
        file.is_file()
        and not file.name.startswith(HEAVY)
        and not any(part in LEFT_OUT or part.startswith("config-") for part in file.relative_to(library).parts)
    )


def _libraries(programs: Sequence[Path]) -> set[Path]:
    listed = run("ldd", *map(str, programs))
    return {Path(each) for each in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listed, re.MULTILINE)}


def _owned_by_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = int(info.mtime)  # as compiled modules remember it
    return info


def _folder(archive: tarfile.TarFile, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    archive.addfile(info)


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    archive.addfile(info)


def _put(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    archive.addfile(info, io.BytesIO(data))
