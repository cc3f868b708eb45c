"""The state that culler and API share: nothing of it is lost by two writers, and no crash leaves half of it."""

import itertools
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.idle_table import IdleTable, decoded, encoded
from shiva_manager_api.domain.attendance import Record
from shiva_manager_api.domain.idle_policy import Rule
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.ports import IdleUnavailableError, NoExtensionLeftError
from sqlalchemy import text

from tests.fakes.databases import Databases, opened

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FULL = IdleState(
    passed_at=NOW, lasting=timedelta(minutes=3), dry_run=False, stops=(NOW,),
    launches={
        "a" * 32: Launch(
            container_id="ada--default", owner="ada", gpus=2, record=Record(first_warned_at=NOW, judged_at=NOW),
            told=Told(state="warned", reason="warned", sentence="“A warning.”", stop_at=NOW, step=1, idle_seconds=1.5),
            rule=Rule(extension=timedelta(hours=1), extensions_a_day=5), extensions=(NOW, NOW), keep_until=NOW,
            ending_at=NOW,
        ),
        "b" * 32: Launch(container_id="ken--default", owner="ken", gpus=0),
    },
)  # fmt: skip

# Adds one to a launch's GPUs as fast as it can, and says each number that is surely written.
WRITER = """
import sys
from dataclasses import replace
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.domain.idle_state import Launch
book, mine = IdleTable(Database(sys.argv[1])), sys.argv[2]
def more(state):
    kept = state.launches.get(mine, Launch(container_id=mine, owner="ada", gpus=0))
    return replace(state, launches={**state.launches, mine: replace(kept, gpus=kept.gpus + 1)})
for number in range(int(sys.argv[3])):
    book.update(more)
    print(number + 1, flush=True)
"""


@pytest.fixture
def book(database: Database) -> IdleTable:
    return IdleTable(database)


def writer(url: str, launch_id: str, times: int) -> subprocess.Popen[str]:
    """Start a process that writes `times` times."""
    command = [sys.executable, "-c", WRITER, url, launch_id, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_is_written_is_read_again(book: IdleTable) -> None:
    assert decoded(encoded(FULL)) == FULL
    assert book.read() == IdleState()
    book.update(lambda _: FULL)
    assert book.read() == FULL


def test_writers_lose_nothing_of_one_another(databases: Databases, tmp_path: Path) -> None:
    url, names = databases.url(tmp_path), ["a", "b", "c"]
    writers = [writer(url, name, 40) for name in names]
    for each in writers:
        each.communicate(timeout=50)
        assert each.returncode == 0
    with opened(url) as database:
        launches = IdleTable(database).read().launches
    assert {name: kept.gpus for name, kept in launches.items()} == dict.fromkeys(names, 40)


def test_a_writer_that_is_killed_leaves_a_whole_state_and_no_lock(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    with opened(url) as database:
        book = IdleTable(database)
        for times in itertools.count(1):
            process = writer(url, "a", 10**6)
            assert process.stdout is not None
            written = [process.stdout.readline() for _ in range(3 * times)][-1]
            os.kill(process.pid, signal.SIGKILL)
            rest = process.stdout.read().split()
            process.stdout.close()
            process.wait()
            said = int(rest[-1] if rest and rest[-1].isdecimal() else written)
            assert book.read().launches["a"].gpus >= said
            book.update(lambda state: replace(state, launches={}))
            if times == 3:
                break


def test_what_a_change_refuses_leaves_everything_as_it_was(book: IdleTable) -> None:
    book.update(lambda _: FULL)

    def refuse(_: IdleState) -> IdleState:
        raise NoExtensionLeftError

    with pytest.raises(NoExtensionLeftError):
        book.update(refuse)
    assert book.read() == FULL
    book.update(lambda state: replace(state, stops=()))  # nothing is locked


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", "null", "[" * 50_000, encoded(FULL).replace("+00:00", ""),
     encoded(FULL).replace('"lasting": 180.0', '"lasting": 1e99'), encoded(FULL).replace('"sentence"', '"phrase"')],
    ids=range(8),
)  # fmt: skip
def test_a_damaged_state_is_an_empty_one_and_is_begun_anew(database: Database, book: IdleTable, content: str) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE idle_book SET state = :content"), {"content": content})
    assert book.read() == IdleState()
    book.update(lambda state: replace(state, passed_at=NOW))
    assert book.read() == IdleState(passed_at=NOW)


def test_without_a_database_nothing_is_kept(databases: Databases, tmp_path: Path) -> None:
    with opened(databases.empty(tmp_path)) as database:
        book = IdleTable(database)
        with pytest.raises(IdleUnavailableError):
            book.read()
        with pytest.raises(IdleUnavailableError):
            book.update(lambda state: state)
