"""What every store of the manager promises, in both kinds of database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TypeVar

import pytest
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.remembered import Remembered
from shiva_manager_api.domain.people import Announcement, Claims, DeviceState, Quota
from shiva_manager_api.domain.people_ports import Store
from shiva_manager_api.domain.ports import NameTakenError, TooManyWaitingError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.fakes.remembering import ADA, DAY, KEN, MINUTE, NOW, act, device, start, token

T = TypeVar("T")
AT_ONCE = 8


@pytest.fixture
def store(database: Database) -> Store:
    return Remembered(database, now=lambda: NOW)


def at_once(call: Callable[[int], T], times: int = AT_ONCE) -> list[T]:
    """Call it from so many threads, at the same moment."""
    together = Barrier(times)

    def one(number: int) -> T:
        together.wait(10)
        return call(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_a_login_is_remembered_with_all_that_the_provider_said(store: Store) -> None:
    met = store.logged_in("ada", ADA, now=NOW)
    assert store.person("ada") == store.of_subject(ADA.issuer, ADA.subject) == met
    assert (met.name, met.email, met.hosted_domain, met.groups) == ("ada", ADA.email, ADA.hosted_domain, ADA.groups)
    assert (met.shown_name, met.picture) == (ADA.shown_name, ADA.picture)
    assert (met.first_login_at, met.last_login_at, met.ended_before, met.barred) == (NOW, NOW, None, None)


def test_a_later_login_renews_what_is_known(store: Store) -> None:
    store.logged_in("ada", ADA, now=NOW)
    again = store.logged_in("ada", replace(ADA, email=None, groups=frozenset()), now=NOW + DAY)
    assert (again.first_login_at, again.last_login_at) == (NOW, NOW + DAY)
    assert (again.email, again.groups) == (None, frozenset())


def test_who_has_no_shown_name_is_shown_by_name(store: Store) -> None:
    assert store.logged_in("ken", KEN, now=NOW).shown_name == "ken"


def test_a_name_belongs_to_the_first_who_had_it(store: Store) -> None:
    first = store.logged_in("ada", ADA, now=NOW)
    with pytest.raises(NameTakenError):
        store.logged_in("ada", KEN, now=NOW + DAY)
    assert store.people() == [first]


def test_a_subject_keeps_its_first_name(store: Store) -> None:
    first = store.logged_in("ada", ADA, now=NOW)
    with pytest.raises(NameTakenError):
        store.logged_in("lovelace", ADA, now=NOW + DAY)
    assert store.of_subject(ADA.issuer, ADA.subject) == first
    assert store.person("lovelace") is None


def test_the_same_subject_of_another_issuer_is_somebody_else(store: Store) -> None:
    store.logged_in("ada", ADA, now=NOW)
    assert store.of_subject("https://other.example", ADA.subject) is None


def test_a_name_is_bound_once_however_many_come_at_a_time(store: Store) -> None:
    def come(number: int) -> bool:
        try:
            store.logged_in("ada", Claims(issuer="i", subject=str(number)), now=NOW)
        except NameTakenError:
            return False
        return True

    assert at_once(come).count(True) == 1
    assert len(store.people()) == 1


def test_one_person_may_come_through_many_tabs_at_a_time(store: Store) -> None:
    assert {person.name for person in at_once(lambda _: store.logged_in("ada", ADA, now=NOW))} == {"ada"}


def test_people_are_listed_by_name(store: Store) -> None:
    for number, name in enumerate(["zoe", "ada", "ken"]):
        store.logged_in(name, Claims(issuer="i", subject=str(number)), now=NOW)
    assert [person.name for person in store.people()] == ["ada", "ken", "zoe"]


def test_ended_sessions_never_begin_again(store: Store) -> None:
    store.logged_in("ada", ADA, now=NOW)
    at_once(lambda number: store.end_sessions("ada", before=NOW + number * MINUTE))
    store.end_sessions("ada", before=NOW)
    store.logged_in("ada", ADA, now=NOW + DAY)
    person = store.person("ada")
    assert person is not None
    assert person.ended_before == NOW + (AT_ONCE - 1) * MINUTE


def test_a_name_without_a_person_has_its_sessions_ended_too(store: Store) -> None:
    store.end_sessions("ada", before=NOW)
    assert store.person("ada") is None
    [told] = store.revocations(since=NOW - MINUTE)
    assert (told.name, told.issuer, told.ended_before, told.barred) == ("ada", "", NOW, None)
    assert store.logged_in("ada", ADA, now=NOW).ended_before == NOW


def test_who_is_barred_stays_so_until_let_in_again(store: Store) -> None:
    store.logged_in("ada", ADA, now=NOW)
    assert store.bar("ada", "left in July")
    assert store.logged_in("ada", ADA, now=NOW + DAY).barred == "left in July"
    assert store.bar("ada", None)
    person = store.person("ada")
    assert person is not None
    assert person.barred is None
    assert not store.bar("nobody", "why")


def test_revocations_are_the_barred_and_those_whose_sessions_ended_lately(store: Store) -> None:
    for number, name in enumerate(["ada", "ken", "may", "zoe"]):
        store.logged_in(name, Claims(issuer="i", subject=str(number)), now=NOW)
    store.bar("ada", "why")
    store.end_sessions("ken", before=NOW)
    store.end_sessions("may", before=NOW - DAY)
    assert [person.name for person in store.revocations(since=NOW - MINUTE)] == ["ada", "ken"]


def test_a_token_is_read_as_it_was_written(store: Store) -> None:
    full = token(last_used_at=NOW, last_used_from="::1", revoked_at=NOW + MINUTE)
    store.add_token(full)
    assert store.token("t1") == full
    assert store.token("t2") is None


def test_tokens_are_listed_the_newest_first_for_one_or_for_all(store: Store) -> None:
    for number, owner in enumerate(["ada", "ken", "ada"]):
        store.add_token(token(f"t{number}", owner=owner, created_at=NOW + number * MINUTE))
    assert [each.id for each in store.tokens()] == ["t2", "t1", "t0"]
    assert [each.id for each in store.tokens("ada")] == ["t2", "t0"]


def test_tokens_that_ended_are_remembered_for_thirty_days(store: Store) -> None:
    store.add_token(token("expired", expires_at=NOW - 29 * DAY))
    store.add_token(token("expired-long-ago", expires_at=NOW - 30 * DAY))
    store.add_token(token("revoked"))
    store.add_token(token("revoked-long-ago"))
    store.revoke("revoked", now=NOW - 29 * DAY)
    store.revoke("revoked-long-ago", now=NOW - 30 * DAY)
    store.add_token(token("last"))
    assert {each.id for each in store.tokens()} == {"expired", "revoked", "last"}
    assert store.token("revoked-long-ago") is None


def test_a_token_is_revoked_once(store: Store) -> None:
    store.add_token(token())
    assert store.revoke("t1", now=NOW)
    assert store.revoke("t1", now=NOW + DAY)
    kept = store.token("t1")
    assert kept is not None
    assert kept.revoked_at == NOW
    assert not store.revoke("t2", now=NOW)


def test_a_use_is_noted_to_the_minute_and_never_backwards(store: Store) -> None:
    store.add_token(token())
    at_once(lambda number: store.used("t1", at=NOW + number * MINUTE, client=f"192.0.2.{number}"))
    store.used("t1", at=NOW, client="192.0.2.99")
    store.used("nothing", at=NOW, client="192.0.2.99")
    kept = store.token("t1")
    assert kept is not None
    assert kept.last_used_at == NOW.replace(second=0, microsecond=0) + (AT_ONCE - 1) * MINUTE
    assert kept.last_used_from == f"192.0.2.{AT_ONCE - 1}"


def test_a_device_is_found_by_both_of_its_codes(store: Store) -> None:
    store.add_login(device())
    assert store.by_user_code("CODE0001") == store.by_device((1).to_bytes(32)) == device()
    assert store.by_user_code("CODE0002") is None
    assert store.by_device(b"") is None


def test_what_becomes_of_a_device_is_noted(store: Store) -> None:
    store.add_login(device())
    store.polled(device().device_digest, at=NOW + MINUTE)
    assert store.decide("CODE0001", owner="ada", state=DeviceState.APPROVED, days=90)
    assert store.by_user_code("CODE0001") == device(
        state=DeviceState.APPROVED, owner="ada", days=90, polled_at=NOW + MINUTE
    )


def test_a_device_is_decided_about_once(store: Store) -> None:
    store.add_login(device())
    states = [DeviceState.APPROVED, DeviceState.DENIED] * (AT_ONCE // 2)
    decided = at_once(lambda n: store.decide("CODE0001", owner=str(n), state=states[n], days=n))
    assert decided.count(True) == 1
    kept = store.by_user_code("CODE0001")
    assert kept is not None
    assert kept.owner == str(decided.index(True))
    assert not store.decide("CODE0002", owner="ada", state=DeviceState.DENIED, days=None)


def test_an_approved_device_is_taken_once_however_many_ask_at_a_time(store: Store) -> None:
    store.add_login(device())
    assert not store.take(device().device_digest)
    store.decide("CODE0001", owner="ada", state=DeviceState.APPROVED, days=1)
    assert at_once(lambda _: store.take(device().device_digest)).count(True) == 1
    kept = store.by_user_code("CODE0001")
    assert kept is not None
    assert kept.state is DeviceState.TAKEN


def test_a_device_that_was_denied_is_not_taken(store: Store) -> None:
    store.add_login(device())
    store.decide("CODE0001", owner="ada", state=DeviceState.DENIED, days=None)
    assert not store.take(device().device_digest)


def test_a_person_has_so_many_good_tokens_and_no_more(store: Store) -> None:
    ended = (token("t0", expires_at=NOW), token("t1", revoked_at=NOW))
    for each in (*ended, token("t2", owner="ken"), token("t3")):
        assert store.add_token(each, most=2)
    assert at_once(lambda number: store.add_token(token(f"new{number}"), most=2)).count(True) == 1
    assert store.add_token(token("other", owner="eve"), most=2)


def test_devices_that_expired_are_forgotten_and_their_codes_are_free(store: Store) -> None:
    store.add_login(device())
    again = device(2, user_code="CODE0001", created_at=NOW + 10 * MINUTE, expires_at=NOW + 20 * MINUTE)
    store.add_login(again)
    assert store.by_user_code("CODE0001") == again
    assert store.by_device(device().device_digest) is None


def test_a_thousand_devices_may_wait_and_no_more(store: Store, database: Database) -> None:
    store.add_login(device(0))
    with database.writing() as connection:  # a thousand calls would take their time
        columns = "user_code, client, asked_from, scopes, created_at, expires_at, state, device_digest"
        same = columns.replace("user_code, client, asked_from", "'X' || n, client, 'X' || n").replace(
            "device_digest", "CAST('X' || n AS {})"
        )
        number = "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 995) SELECT n FROM c) AS c"
        kind = "BLOB" if database.is_file else "BYTEA"
        connection.execute(
            text(f"INSERT INTO device_logins ({columns}) SELECT {same.format(kind)} FROM device_logins, {number}")  # noqa: S608
        )

    def come(number: int) -> bool:
        try:
            store.add_login(device(number + 1))
        except TooManyWaitingError:
            return False
        return True

    assert at_once(come).count(True) == 4
    store.decide("CODE0000", owner="ada", state=DeviceState.DENIED, days=None)
    assert come(100)


def test_a_hundred_devices_of_one_address_may_wait_and_shut_nobody_else_out(store: Store) -> None:
    for number in range(100):
        store.add_login(device(number))
    with pytest.raises(TooManyWaitingError):
        store.add_login(device(100))
    store.add_login(device(101, asked_from="192.0.2.9"))
    store.decide("CODE0000", owner="ada", state=DeviceState.DENIED, days=None)
    store.add_login(device(100))


def test_acts_are_read_as_they_were_written_the_newest_first(store: Store) -> None:
    plain = act()
    full = act(token_id="t1", request_id="r1", outcome="failed", facts={"code": "x", "list": [1, None, "é"]})
    assert store.append(plain) < store.append(full)
    assert [replace(each, id=0) for each in store.acts()] == [full, plain]


def test_acts_are_chosen_by_who_and_what_and_read_by_pages(store: Store) -> None:
    for actor in ("ada", "ken", "ada", "ada"):
        for target in ("gpu-01", "gpu-02"):
            store.append(act(actor=actor, target=target))
    mine = store.acts(actor="ada", target="gpu-02")
    assert len(mine) == 3
    assert {(each.actor, each.target) for each in mine} == {("ada", "gpu-02")}
    first = store.acts(limit=5)
    rest = store.acts(limit=5, before=first[-1].id)
    assert [each.id for each in (*first, *rest)] == [each.id for each in store.acts()]


def test_nothing_of_the_audit_log_is_lost_by_many_who_write(store: Store) -> None:
    ids = at_once(lambda number: store.append(act(request_id=str(number))))
    assert len(set(ids)) == AT_ONCE
    assert {each.id for each in store.acts()} == set(ids)


CHANGES = [
    "UPDATE audit_log SET actor = 'mallory'", "DELETE FROM audit_log", "TRUNCATE audit_log",
    "INSERT OR REPLACE INTO audit_log SELECT id, at, 'mallory', client, token_id, action, target, outcome, request_id, facts FROM audit_log",
    "INSERT INTO audit_log SELECT * FROM audit_log WHERE true ON CONFLICT (id) DO UPDATE SET actor = 'mallory'",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_itself_refuses_to_change_or_remove_an_act(store: Store, database: Database, change: str) -> None:
    store.append(act())
    with database.writing() as connection, pytest.raises(DBAPIError) as refused, connection.begin_nested():
        connection.exec_driver_sql(change)
    assert "append-only" in str(refused.value) or "syntax error" in str(refused.value)
    assert [replace(each, id=0) for each in store.acts()] == [act()]


def test_a_quota_is_ones_own_until_it_is_taken_back(store: Store) -> None:
    assert store.quota("ada") is None
    store.set_quota("ada", Quota(containers=3))
    store.set_quota("ken", Quota())
    store.set_quota("ada", Quota(gpus=0))
    assert store.quota("ada") == Quota(gpus=0)
    assert store.quotas() == {"ada": Quota(gpus=0), "ken": Quota()}
    store.set_quota("ada", None)
    assert store.quotas() == {"ken": Quota()}
    store.set_quota("ada", None)


def test_the_last_quota_that_was_set_holds(store: Store) -> None:
    at_once(lambda number: store.set_quota("ada", Quota(gpus=number)))
    assert list(store.quotas()) == ["ada"]


def test_there_is_one_announcement_at_most(store: Store) -> None:
    assert store.announcement() is None
    first = Announcement(text="Down on Monday.", level="warning", by="ada", at=NOW, ends_at=NOW + DAY)
    at_once(lambda _: store.announce(first))
    assert store.announcement() == first
    second = replace(first, text="“Up again.” 復旧しました", level="info", ends_at=None)
    store.announce(second)
    assert store.announcement() == second
    store.announce(None)
    store.announce(None)
    assert store.announcement() is None


def test_a_start_begins_once_however_many_ask_at_a_time(store: Store) -> None:
    requests = [start() for _ in range(AT_ONCE)]
    begun = at_once(lambda number: store.begin(requests[number]) is requests[number])
    assert begun.count(True) == 1
    assert store.begin(start(fingerprint="another wish")) == start()


def test_keys_of_others_are_other_keys(store: Store) -> None:
    store.begin(start())
    for other in (start(owner="ken"), start("k2")):
        assert store.begin(other) is other


def test_what_came_of_a_start_is_told_to_who_asks_again(store: Store) -> None:
    store.begin(start())
    store.answered("ada", "k1", container_id="ada--default", launch_id="a" * 32)
    assert store.begin(start()) == start(container_id="ada--default", launch_id="a" * 32)


def test_a_start_that_was_refused_may_be_asked_for_again(store: Store) -> None:
    store.begin(start())
    store.forget("ada", "k1")
    store.forget("ada", "k1")
    again = start()
    assert store.begin(again) is again


def test_starts_are_remembered_for_a_day(store: Store) -> None:
    store.begin(start())
    assert store.begin(start(at=NOW + DAY)) == start()
    later = start(at=NOW + DAY + MINUTE)
    assert store.begin(later) is later


@pytest.mark.parametrize("strange", ["\0", "\ud800", "a\0b\udfff"], ids=ascii)
def test_text_that_no_database_keeps_is_kept_with_a_mark(store: Store, strange: str) -> None:
    store.logged_in("ada", replace(ADA, shown_name=f"Ada{strange}", groups=frozenset({strange})), now=NOW)
    store.append(act(target=strange, facts={"said": strange}))
    person = store.person("ada")
    assert person is not None
    assert person.shown_name.startswith("Ada")
    assert store.acts(target=strange)[0].facts == {"said": strange}
