"""From one database into another: all of it, or a sentence and nothing."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.adapters.store.moving import move
from shiva_manager_api.adapters.store.remembered import Remembered
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.domain.people import Announcement, Quota

from tests.fakes.databases import Databases, Files, Servers, opened
from tests.fakes.remembering import ADA, NOW, act, device, start, token


def filled(database: Database) -> Remembered:
    """Write something into each table."""
    store = Remembered(database, now=lambda: NOW)
    store.logged_in("ada", ADA, now=NOW)
    store.end_sessions("ada", before=NOW)
    store.add_token(token())
    store.add_login(device())
    for number in range(3):
        store.append(act(facts={"number": number}))
    store.set_quota("ada", Quota(gpus=2))
    store.announce(Announcement(text="Soon.", level="info", by="ada", at=NOW))
    store.begin(start())
    IdleTable(database).update(lambda state: replace(state, dry_run=False))
    return store


def told(store: Remembered) -> list[object]:
    """Return all that it keeps."""
    return [
        store.people(), store.tokens(), store.by_user_code("CODE0001"), store.acts(), store.quotas(), store.announcement(),
        store.begin(start()),
    ]  # fmt: skip


def test_everything_is_there_after_a_move_and_the_log_goes_on(
    files: Files, databases: Databases, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    with opened(files.url(tmp_path)) as old, opened(databases.url(tmp_path / "new")) as new:
        before = filled(old)
        counted = move(old, new)
        after = Remembered(new, now=lambda: NOW)
        assert min(counted.values()) == 1
        assert told(after) == told(before)
        assert IdleTable(new).read() == IdleTable(old).read()
        assert after.append(act()) == before.append(act()) == 4


def test_a_database_that_has_been_used_is_left_as_it_is(files: Files, databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with opened(files.url(tmp_path)) as old, opened(databases.url(tmp_path / "new")) as new:
        filled(old)
        Remembered(new).append(act())
        with pytest.raises(UnfitDatabaseError, match="used already"):
            move(old, new)
        assert len(Remembered(new).acts()) == 1
        assert Remembered(new).people() == []


def test_the_command_moves_and_says_what(files: Files, servers: Servers, tmp_path: Path) -> None:
    with opened(files.url(tmp_path)) as old:
        filled(old)
    environment = tmp_path / "url"
    environment.write_text(f"{servers.url(tmp_path)}\n", encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "shiva_manager_api.move_database", *arguments],
            env=os.environ | {"SHIVA_MANAGER_API_DATABASE_URL_FILE": str(environment), "SHIVA_MANAGER_API_DEMO": "1"},
            capture_output=True, text=True, check=False, timeout=50,
        )  # fmt: skip

    wrong = run("manager.db")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    done = run(files.empty(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "audit_log: 3\n" in done.stdout
