"""How the manager comes to its database, and what it says when there is none to work with."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from shiva_manager_api.adapters.store.attaching import attached
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.preparing import MIGRATIONS, prepared
from shiva_manager_api.adapters.store.remembered import Remembered
from shiva_manager_api.adapters.store.tables import REVISION, metadata
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from sqlalchemy import text

from tests.fakes.databases import Databases, Files, opened
from tests.fakes.remembering import act

PREPARES = "import sys; from shiva_manager_api.adapters.store.preparing import prepared; prepared(sys.argv[1]).close()"


def run(url: str, statement: str) -> None:
    """Run a statement that is none of the manager's."""
    with opened(url) as database, database.writing() as connection:
        connection.execute(text(statement))


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_last_migration_is_the_revision_that_the_code_names() -> None:
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("r*.py"))
    assert names[-1].startswith(f"r{REVISION}_")


def test_a_second_start_changes_nothing(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty(tmp_path)
    for _ in range(2):
        database = prepared(url)
        Remembered(database).append(act())
        database.close()
    with opened(url) as database:
        assert len(Remembered(database).acts()) == 2


def test_two_that_start_at_a_time_make_it_once(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty(tmp_path)
    starting = [subprocess.Popen([sys.executable, "-c", PREPARES, url], stderr=subprocess.PIPE) for _ in range(2)]
    said = [each.communicate(timeout=50)[1].decode() for each in starting]
    assert [each.returncode for each in starting] == [0, 0], said
    with opened(url) as database:
        Remembered(database).append(act())


def test_a_database_of_a_newer_version_is_refused(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    run(url, "UPDATE alembic_version SET version_num = '9999'")
    for refuse in (prepared, lambda url: attached(url, looks=5)):
        with pytest.raises(UnfitDatabaseError, match=r"newer version of Shiva .*9999.*Nothing was changed"):
            refuse(url)


def test_a_database_of_something_else_is_refused(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty(tmp_path)
    if url.startswith("sqlite"):
        (tmp_path / "manager.db").touch()
        sqlite3.connect(tmp_path / "manager.db").close()
    run(url, "CREATE TABLE invoices (number INTEGER)")
    with pytest.raises(UnfitDatabaseError, match="something else"):
        prepared(url)


def test_a_migration_that_breaks_leaves_nothing_behind(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty(tmp_path)
    database = prepared(url)
    Remembered(database).append(act())
    database.close()
    run(url, "DELETE FROM alembic_version")  # so that everything is made again, and cannot be
    run(url, "DROP TABLE people")
    with pytest.raises(UnfitDatabaseError, match="Nothing was changed"):
        prepared(url)
    with opened(url) as database, database.reading() as connection:
        assert connection.dialect.has_table(connection, "people") is False
        assert connection.scalar(text("SELECT count(*) FROM audit_log")) == 1


def test_the_culler_waits_until_the_manager_has_made_the_database(databases: Databases, tmp_path: Path) -> None:
    url, slept = databases.empty(tmp_path), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            prepared(url).close()

    attached(url, looks=10, sleep=sleep).close()
    assert len(slept) == 2


def test_a_culler_that_waited_in_vain_says_so_and_makes_nothing(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty(tmp_path)
    with pytest.raises(UnfitDatabaseError, match="shiva-manager-api"):
        attached(url, looks=3, sleep=lambda _: None)
    assert list(tmp_path.iterdir()) == []


def garbage(path: Path) -> None:
    """Something else has its name."""
    path.write_bytes(b"<html>" * 1000)


def emptied(path: Path) -> None:
    """A full disk, or a slip of the hand."""
    path.write_bytes(b"")


def cut(path: Path) -> None:
    """A copy that did not end."""
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    """A disk that forgets."""
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 64)


@pytest.mark.parametrize("damage", [garbage, emptied, cut, flipped])
def test_a_damaged_file_is_refused_and_left_as_it_is(
    files: Files, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    url, path = files.url(tmp_path), tmp_path / "manager.db"
    damage(path)
    before = path.read_bytes()
    with pytest.raises(UnfitDatabaseError) as refused:
        prepared(url)
    assert str(refused.value).startswith(f"{path} is damaged: ")
    assert "Put a backup in its place" in str(refused.value)
    assert path.read_bytes() == before


def test_a_file_that_was_removed_in_halves_is_not_made_anew(files: Files, tmp_path: Path) -> None:
    (tmp_path / "manager.db-wal").write_bytes(b"x")
    with pytest.raises(UnfitDatabaseError, match="in halves"):
        prepared(files.empty(tmp_path))
    assert not (tmp_path / "manager.db").exists()


def test_a_first_start_that_was_killed_is_made_up_for(files: Files, tmp_path: Path) -> None:
    for name in ("manager.db.new", "manager.db.new-wal"):
        (tmp_path / name).write_bytes(b"half of one")
    prepared(files.empty(tmp_path)).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manager.db", "manager.db.lock"]


def test_the_file_is_for_its_owner_alone(files: Files, tmp_path: Path) -> None:
    database = prepared(files.empty(tmp_path / "new"))
    with database.writing():
        modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    database.close()
    assert modes == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_is_a_sentence(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnfitDatabaseError, match="file"):
        prepared(files.empty(tmp_path / "file" / "folder"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://shiva:{}@127.0.0.1:9/shiva", "postgresql+psycopg://shiva:x/{}@127.0.0.1:9/shiva",
        "postgresql+psycopg://shiva:{}@127.0.0.1:port/shiva", "postgresql+psycopg://shiva@127.0.0.1:9/shiva?password={}",
        "postgresql+psycopg://shiva:{}@127.0.0.1:9/shiva?nonsense=1",
    ],
)  # fmt: skip
def test_no_password_is_in_a_message_or_in_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    secret = "correct-horse"
    with caplog.at_level("DEBUG"), pytest.raises(UnfitDatabaseError) as refused:
        prepared(url.format(secret))
    assert secret not in str(refused.value) + repr(refused.value.__cause__) + caplog.text


def test_the_manager_ends_with_a_sentence(files: Files, tmp_path: Path) -> None:
    (tmp_path / "manager.db").write_bytes(b"<html>" * 1000)
    settings = {
        "DATABASE_URL": files.empty(tmp_path), "PROMETHEUS_URL": "http://127.0.0.1:9", "BROKER_URL": "http://127.0.0.1:9",
        "BROKER_TOKEN": "t" * 40, "IDENTITY_KEY": "k" * 40, "BIND_PORT": "0",
        "DOOR_TOKEN": "d" * 40, "METRICS_TOKEN": "m" * 40,
    }  # fmt: skip
    done = subprocess.run(
        [Path(sys.executable).parent / "shiva-manager-api"],
        env=os.environ | {f"SHIVA_MANAGER_API_{key}": value for key, value in settings.items()},
        capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith(f"shiva-manager-api: {tmp_path}/manager.db is damaged: ")
    assert done.stderr.count("\n") == 1
