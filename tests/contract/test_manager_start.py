"""A manager that nobody told who may come in, in words that it knows, does not start."""

import os
import subprocess
import sys
from pathlib import Path


def started(folder: Path, access: str) -> subprocess.CompletedProcess[str]:
    """Start the manager with an access file, and wait for its end."""
    (folder / "access.yaml").write_text(access, encoding="utf-8")
    settings = {
        "PROMETHEUS_URL": "http://127.0.0.1:9", "BROKER_URL": "http://127.0.0.1:9", "BROKER_TOKEN": "b" * 32,
        "IDENTITY_KEY": "k" * 32, "DOOR_TOKEN": "d" * 32, "METRICS_TOKEN": "m" * 32, "BIND_PORT": "0",
        "DATABASE_URL": f"sqlite:///{folder}/manager.db", "ACCESS_FILE": f"{folder}/access.yaml",
    }  # fmt: skip
    return subprocess.run(
        [Path(sys.executable).parent / "shiva-manager-api"],
        env={**os.environ, **{f"SHIVA_MANAGER_API_{key}": value for key, value in settings.items()}},
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_an_access_file_with_a_wrong_word_is_a_sentence_and_an_end(tmp_path: Path) -> None:
    done = started(tmp_path, "hosted_domain: [example.com]")
    assert done.returncode == 3
    assert done.stderr.startswith(
        f"shiva-manager-api: {tmp_path}/access.yaml is no access file: it cannot have “hosted_domain”, but "
    )
    assert not (tmp_path / "manager.db").exists()
