"""A database that is locked, full, away, frozen or restarted: refused in time, nothing half-written, well again by itself."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from shiva_manager_api.adapters.store.database import MOST_WAITING, PATIENCE, Database
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.adapters.store.remembered import Remembered
from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.ports import IdleUnavailableError, StoreUnavailableError

from tests.fakes.databases import Databases, Files, Servers, opened
from tests.fakes.postgres import Cluster
from tests.fakes.remembering import act
from tests.require import require

WRITERS = 30
IN_TIME = 10.0  # seconds: two are promised; a machine that is busy with other tests takes its time


@pytest.fixture
def file(files: Files, tmp_path: Path) -> Iterator[Database]:
    with opened(files.url(tmp_path)) as database:
        yield database


@pytest.fixture
def server(servers: Servers, tmp_path: Path, postgres: Cluster) -> Iterator[Database]:
    with opened(servers.url(tmp_path)) as database:
        yield database
    if postgres.process is None:
        postgres.start()


@contextmanager
def refused(error: type[Exception] = StoreUnavailableError) -> Iterator[None]:
    """Expect a refusal in time."""
    begun = time.monotonic()
    with pytest.raises(error):
        yield
    assert time.monotonic() - begun < IN_TIME


def recovers(call: Callable[[], object]) -> None:
    """Expect that it succeeds soon."""
    deadline = time.monotonic() + IN_TIME
    while True:
        try:
            call()
            return
        except StoreUnavailableError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_locked_file_is_read_and_refuses_changes_in_time(file: Database, tmp_path: Path) -> None:
    store = Remembered(file)
    store.append(act())
    with closing(sqlite3.connect(tmp_path / "manager.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with refused():
            store.append(act())
        assert len(store.acts()) == 1
        other.execute("ROLLBACK")
    store.append(act())
    assert len(store.acts()) == 2


def test_who_waits_to_write_a_locked_file_keeps_nobody_from_reading_it(file: Database, tmp_path: Path) -> None:
    store = Remembered(file)
    store.append(act())
    with closing(sqlite3.connect(tmp_path / "manager.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(store.append, act()) for _ in range(WRITERS)]
            read = [len(store.acts()) for _ in range(WRITERS)]
            assert not any(each.done() for each in writers)
            assert read == [1] * WRITERS
            assert all(isinstance(each.exception(IN_TIME), StoreUnavailableError) for each in writers)
        other.execute("ROLLBACK")


def test_many_who_write_a_file_at_a_time_all_get_their_turn(file: Database) -> None:
    store = Remembered(file)

    def kept(_: int) -> int | None:
        for _ in range(3):  # a disk that is busy elsewhere may keep one from its turn, not again and again
            with suppress(StoreUnavailableError):
                return store.append(act())
        return None

    with ThreadPoolExecutor(MOST_WAITING) as pool:
        ids = set(pool.map(kept, range(10 * WRITERS)))
    assert None not in ids
    assert len(ids) == 10 * WRITERS


def test_of_those_who_write_a_locked_file_only_some_wait(file: Database, tmp_path: Path) -> None:
    store = Remembered(file)
    with closing(sqlite3.connect(tmp_path / "manager.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(MOST_WAITING + 2) as pool:
            begun = time.monotonic()
            writers = [pool.submit(store.append, act()) for _ in range(MOST_WAITING + 2)]
            assert isinstance(next(as_completed(writers)).exception(), StoreUnavailableError)
            assert time.monotonic() - begun < PATIENCE
            assert sum(each.done() for each in writers) == 1
        other.execute("ROLLBACK")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with a megabyte left."""
    require("root", present=os.geteuid() == 0, reason="a small disk is mounted by root alone")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "shiva-test", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_refuses_changes_and_loses_none_that_was_kept(files: Files, small_disk: Path) -> None:
    with opened(files.url(small_disk)) as database:
        store = Remembered(database)
        kept: list[int] = []
        with pytest.raises(StoreUnavailableError):
            kept.extend(iter(lambda: store.append(act(facts={"a": "lot" * 1000})), None))
        with refused():
            store.append(act(facts={"a": "lot" * 1000}))
        assert len(kept) > 10
        with refused(IdleUnavailableError):
            IdleTable(database).update(lambda state: replace(state, dry_run=False, stops=(act().at,) * 50_000))
        assert IdleTable(database).read() == IdleState()
        assert [each.id for each in store.acts(limit=10**6)] == kept[::-1]
        subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
        store.append(act())
        with database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_a_file_that_is_damaged_while_it_is_used_refuses_and_is_not_made_anew(file: Database, tmp_path: Path) -> None:
    store, path = Remembered(file), tmp_path / "manager.db"
    store.append(act())
    file.close()
    path.write_bytes(b"<html>" * 1000)
    with refused():
        store.append(act())
    path.unlink()
    with refused():
        store.acts()
    assert not path.exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_was_restarted_is_used_again_at_the_first_call(
    server: Database, postgres: Cluster, how: signal.Signals
) -> None:
    store = Remembered(server)
    store.append(act())
    postgres.stop(how)
    postgres.start()
    store.append(act())
    assert len(store.acts()) == 2


def test_a_server_that_is_away_refuses_in_time_and_is_used_when_it_is_back(
    server: Database, postgres: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store = Remembered(server)
    store.append(act())
    postgres.stop()
    for _ in range(2):
        with refused():
            store.append(act())
        with refused(IdleUnavailableError):
            IdleTable(server).read()
    postgres.start()
    store.append(act())
    assert len(store.acts()) == 2
    assert caplog.messages == ["the database cannot be used", "the database is used again"]
    assert server.failures == 4


def test_a_frozen_server_refuses_in_time_and_most_calls_do_not_wait(server: Database, postgres: Cluster) -> None:
    store = Remembered(server)
    store.append(act())
    postgres.frozen(signal.SIGSTOP)
    try:
        with refused():  # a connection that was open
            store.append(act())
        begun = time.monotonic()
        for _ in range(20):
            with refused():
                store.acts()
        assert time.monotonic() - begun < 0.5
        time.sleep(1)
        with refused():  # a new one
            store.append(act())
    finally:
        postgres.frozen(signal.SIGCONT)
    recovers(lambda: store.append(act()))


def test_a_server_that_ends_in_the_middle_keeps_all_or_nothing(server: Database, postgres: Cluster) -> None:
    book = IdleTable(server)
    book.update(lambda state: replace(state, dry_run=False))

    def change(state: IdleState) -> IdleState:
        postgres.stop(signal.SIGQUIT)
        return replace(state, dry_run=True)

    with refused(IdleUnavailableError):
        book.update(change)
    postgres.start()
    assert book.read() == IdleState(dry_run=False)


# Writes acts until it is killed, two hundred times, each after another while; prints the ids that were surely kept.
KILLED = """
import os, signal, sys, time
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.remembered import Remembered
from tests.fakes.remembering import act
database = Database(sys.argv[1])
store = Remembered(database)
store.append(act())  # so that no child has to learn it
database.close()
for number in range(200):
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            os.write(writes, b"%d\\n" % store.append(act(facts={"a": "lot" * 500})))
    os.close(writes)
    with open(reads, "rb") as said:
        kept = said.readline()
        time.sleep(number % 40 / 2000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print((kept + said.read()).decode(), end="")
"""


@pytest.mark.full
@pytest.mark.timeout(150)
def test_two_hundred_kills_lose_nothing_that_was_kept(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, url], capture_output=True, text=True, check=True, timeout=120)
    kept = {int(line) for line in done.stdout.split()}
    assert len(kept) >= 200
    with opened(url) as database:
        assert kept <= {each.id for each in Remembered(database).acts(limit=10**6)}
        with database.writing() as connection:
            if database.is_file:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        Remembered(database).append(act())


def test_what_somebody_else_locks_is_refused_in_time(server: Database) -> None:
    store = Remembered(server)
    url = server.url
    with psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database) as other:
        other.execute("LOCK TABLE audit_log")
        with refused():
            store.append(act())
    recovers(lambda: store.append(act()))
    assert len(store.acts()) == 1
