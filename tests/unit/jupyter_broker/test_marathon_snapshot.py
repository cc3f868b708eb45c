"""What stays of a list that cannot be believed."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from shiva_jupyter_broker.adapters.marathon_snapshot import Snapshot

from tests.fakes import marathon_apps
from tests.fakes.launcher import spec

OLD, NEW = "2026-11-23T09:10:00.000Z", "2026-11-23T09:11:00.000Z"


@dataclass
class Seen:
    """A snapshot, and a clock that a test moves."""

    now: float = 1000.0
    snapshot: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.snapshot = Snapshot("shiva", lambda _: "t" * 64, lambda: self.now)

    def look(self, *apps: dict[str, Any], after: float = 2.0) -> list[str]:
        """Look at a list that is asked for so many seconds after the last one; return whose apps are shown."""
        self.now += after
        self.snapshot.looked(apps, self.now)
        return self.owners()

    def owners(self) -> list[str]:
        return sorted(str(known.spec.owner) for known in self.snapshot.apps() if known.spec is not None)


def app(owner: str, **changes: Any) -> dict[str, Any]:
    return marathon_apps.app(spec(owner), **changes)


MANY = [app(f"u{index:02}") for index in range(20)]
NAMES = [f"u{index:02}" for index in range(20)]


@pytest.fixture
def seen() -> Seen:
    made = Seen()
    made.look(*MANY)
    return made


def test_one_that_is_missing_is_believed_on_the_second_look(seen: Seen) -> None:
    assert seen.look(*MANY[1:]) == NAMES
    assert seen.look(*MANY[1:]) == NAMES[1:]


def test_one_that_comes_back_was_never_gone(seen: Seen) -> None:
    assert seen.look(*MANY[1:]) == NAMES
    assert seen.look(*MANY) == NAMES
    assert seen.look(*MANY[1:]) == NAMES


def test_an_empty_list_changes_nothing_for_two_minutes(seen: Seen) -> None:
    for _ in range(60):
        assert seen.look() == NAMES
    assert seen.look(after=3) == []


def test_nor_does_one_that_lacks_many(seen: Seen) -> None:
    for _ in range(60):
        assert seen.look(*MANY[5:]) == NAMES
    assert seen.look(*MANY[5:], after=3) == NAMES[5:]


def test_the_only_one_is_not_dropped_by_an_empty_list_either() -> None:
    seen = Seen()
    seen.look(app("ada"))
    assert [seen.look() for _ in range(5)] == [["ada"]] * 5


def test_an_end_that_an_event_told_of_is_believed_at_once(seen: Seen) -> None:
    for each in MANY:
        seen.snapshot.terminated(each["id"])
    assert seen.owners() == NAMES
    assert seen.look() == []


def test_what_we_deleted_is_shown_no_more(seen: Seen) -> None:
    seen.snapshot.removed(MANY[0]["id"])
    assert seen.owners() == NAMES[1:]


def test_a_list_that_was_begun_before_a_creation_does_not_hide_it(seen: Seen) -> None:
    seen.now += 2
    began = seen.now
    seen.now += 1
    seen.snapshot.wrote(app("ada"))
    seen.snapshot.looked(MANY, began)
    assert "ada" in seen.owners()
    assert "ada" in seen.look(*MANY)  # the first list that may be believed to lack it
    assert "ada" not in seen.look(*MANY)


def test_nor_does_it_undo_a_change(seen: Seen) -> None:
    began = seen.now + 1
    seen.now += 2
    seen.snapshot.wrote({**MANY[0], "instances": 0})
    seen.snapshot.looked(MANY, began)
    assert next(known for known in seen.snapshot.apps() if known.id == MANY[0]["id"]).app["instances"] == 0
    seen.look(*MANY)
    assert next(known for known in seen.snapshot.apps() if known.id == MANY[0]["id"]).app["instances"] == 1


def test_a_leader_of_yesterday_is_not_believed_about_a_newer_version() -> None:
    seen = Seen()
    seen.look(app("ada", version=NEW, instances=0))
    seen.look(app("ada", version=OLD))
    assert [known.app["instances"] for known in seen.snapshot.apps()] == [0]


def test_a_creation_without_an_answer_holds_its_place_for_half_a_minute(seen: Seen) -> None:
    seen.snapshot.wrote(app("ada"), unsure=True)
    for _ in range(15):
        assert "ada" in seen.look(*MANY)
    assert "ada" not in seen.look(*MANY, after=3)


def test_and_for_good_once_it_was_seen(seen: Seen) -> None:
    seen.snapshot.wrote(app("ada"), unsure=True)
    seen.look(*MANY, app("ada"))
    assert "ada" in seen.look(*MANY, after=60)


def test_a_look_at_one_that_is_missing_is_a_first_look(seen: Seen) -> None:
    seen.snapshot.looked_at(MANY[0]["id"], None, seen.now)
    assert seen.owners() == NAMES
    assert seen.look(*MANY[1:]) == NAMES[1:]


def test_a_look_at_one_changes_that_one(seen: Seen) -> None:
    seen.snapshot.looked_at(MANY[0]["id"], {**MANY[0], "instances": 0}, seen.now)
    assert sorted(known.app["instances"] for known in seen.snapshot.apps())[:2] == [0, 1]


def test_apps_of_others_and_unreadable_ones_are_left_out() -> None:
    seen = Seen()
    foreign = app("ken", labels={"shiva.domain": "another"})
    damaged = app("mei", labels={"shiva.domain": "shiva", "shiva.launch": "x"})
    assert seen.look(foreign, damaged, app("yuki", labels={}), app("ada")) == ["ada"]


def test_every_change_counts(seen: Seen) -> None:
    before = seen.snapshot.changes
    seen.look(*MANY)
    seen.snapshot.wrote(app("ada"))
    seen.snapshot.removed(app("ada")["id"])
    seen.snapshot.looked_at(MANY[0]["id"], MANY[0], seen.now)
    assert seen.snapshot.changes == before + 4
