"""The word for a machine, and the join of what is measured with what is leased."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.machines import (
    STALE_SECONDS,
    DeclaredMachine,
    GpuDriver,
    GpuReading,
    MachineReading,
    MachineState,
    MachineView,
    Tenant,
    state_of,
)
from shiva_manager_api.domain.merging import Merge
from shiva_manager_api.domain.usage import GpuUsage, Person, Share

from tests.fakes.manager_ports import declared

SINCE = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
FREE_WORDS = {MachineState.FREE, MachineState.PARTLY_FREE}


def reading(*, up: bool | None = True, age: float | None = 1.0, gpus: tuple[GpuReading, ...] = ()) -> MachineReading:
    return MachineReading(name="gpu-01", up=up, sample_age_seconds=age, gpus=gpus)


def tenant(owner: str = "ada", machine: str = "gpu-01") -> Tenant:
    return Tenant(
        id=f"{owner}--default", owner=owner, name="default", machine=machine, state="ready", since=SINCE, gpus=1,
        launch_id=f"launch of {owner}",
    )  # fmt: skip


def joined_one(measured: list[MachineReading], leased: list[DeclaredMachine] | None, people: list[Tenant] | None = None,
               *, leases_fresh: bool = True) -> MachineView:  # fmt: skip
    (view,) = Merge().views(measured, leased, people, metrics_fresh=True, leases_fresh=leases_fresh)
    return view


HELD_ONE, HELD_ALL = {"GPU-1": "ada--default"}, {"GPU-1": "ada--default", "GPU-2": "ken--default"}
TABLE = [
    # up, age, declared, tenants, metrics fresh, leases fresh → word
    (True, 1.0, declared(), 0, True, True, "free"),
    (True, 1.0, declared(), 3, True, True, "free"),  # tenants without a GPU do not take one
    (True, 1.0, declared(held=HELD_ONE), 1, True, True, "partly_free"),
    (True, 1.0, declared(held=HELD_ALL), 2, True, True, "full"),
    (True, 1.0, declared(held=HELD_ONE, fits_default=False), 1, True, True, "partly_free"),
    (True, 1.0, declared(gpus=()), 0, True, True, "free"),
    (True, 1.0, declared(gpus=()), 1, True, True, "partly_free"),
    (True, 1.0, declared(gpus=(), fits_default=False), 1, True, True, "full"),
    (True, 1.0, declared(closed="New cooling."), 0, True, True, "closed"),
    (True, 1.0, declared(closed="New cooling."), 0, True, False, "stale"),
    (True, STALE_SECONDS, declared(), 0, True, True, "free"),
    (True, STALE_SECONDS + 0.1, declared(), 0, True, True, "stale"),
    (True, None, declared(), 0, True, True, "stale"),
    (True, 1.0, None, 0, True, True, "stale"),
    (True, 1.0, declared(), 0, True, False, "stale"),
    (True, 1.0, declared(), 0, False, True, "stale"),
    (False, 1.0, declared(), 0, True, True, "unreachable"),
    (False, None, None, 0, True, False, "unreachable"),
    (None, None, declared(), 0, True, True, "stale"),  # not scraped yet
    (False, 1.0, declared(), 0, False, True, "stale"),  # that it was down is old news too
]


@pytest.mark.parametrize(("up", "age", "machine", "tenants", "metrics_fresh", "leases_fresh", "word"), TABLE)
def test_the_word_is_by_the_table(up: bool | None, age: float | None, machine: DeclaredMachine | None, tenants: int,
                                  metrics_fresh: bool, leases_fresh: bool, word: str) -> None:  # fmt: skip
    state = state_of(
        reading(up=up, age=age), machine, tenants=tenants, metrics_fresh=metrics_fresh, leases_fresh=leases_fresh
    )
    assert state.value == word


LEASED = st.sampled_from([None, declared(), declared(held=HELD_ONE), declared(held=HELD_ALL), declared(gpus=())])
AGE = st.one_of(st.none(), st.floats(0, 1e6))


@given(
    up=st.booleans(), age=AGE, machine=LEASED, tenants=st.integers(0, 5), metrics=st.booleans(), leases=st.booleans()
)
def test_what_is_not_known_for_sure_is_never_called_free(
    up: bool, age: float | None, machine: DeclaredMachine | None, tenants: int, metrics: bool, leases: bool
) -> None:
    state = state_of(reading(up=up, age=age), machine, tenants=tenants, metrics_fresh=metrics, leases_fresh=leases)
    sure = up and age is not None and age <= STALE_SECONDS and machine is not None and metrics and leases
    if not sure:
        assert state not in FREE_WORDS
    else:
        assert state not in {MachineState.STALE, MachineState.UNREACHABLE}


def test_machines_of_both_lists_are_shown_by_name() -> None:
    measured = [MachineReading(name=name, up=True) for name in ("zeta", "gpu-01")]
    views = Merge().views(measured, [declared("gpu-01"), declared("alpha")], [], metrics_fresh=True, leases_fresh=True)
    assert [view.reading.name for view in views] == ["alpha", "gpu-01", "zeta"]
    assert [view.holders_known for view in views] == [True, True, False]


def test_a_declared_machine_that_nobody_measured_yet_is_stale_and_has_no_values() -> None:
    view = joined_one([], [declared(held=HELD_ONE)])
    assert view.state is MachineState.STALE
    assert view.reading == MachineReading(name="gpu-01", up=None)
    assert view.reading.cpus is None
    assert view.reading.memory_used_bytes is None


def test_a_declared_gpu_that_nobody_reported_has_none_values() -> None:
    reported = GpuReading(uuid="GPU-1", index=0, model="GTX 1080", up=True, utilization_ratio=0.0)
    view = joined_one([reading(gpus=(reported,))], [declared()])
    first, second = (gpu.reading for gpu in view.gpus)
    assert first is reported
    assert second == GpuReading(uuid="GPU-2", index=1, model="GTX 1080", up=None)
    assert (second.utilization_ratio, second.memory_used_bytes, second.temperature_celsius) == (None, None, None)


def test_a_reported_gpu_that_nobody_declared_is_shown_and_not_counted_as_free() -> None:
    strange = GpuReading(uuid="GPU-X", index=None, model="unknown", up=True)
    view = joined_one([reading(gpus=(strange,))], [declared(gpus=("GPU-1",))])
    assert [gpu.reading.uuid for gpu in view.gpus] == ["GPU-1", "GPU-X"]
    assert view.gpus_free == 1


def test_a_gpu_in_use_by_others_is_not_counted_as_free() -> None:
    taken = GpuReading(uuid="GPU-1", index=0, model="GTX 1080", up=True, foreign_use=True)
    view = joined_one([reading(gpus=(taken,))], [declared()])
    assert (view.gpus_free, view.state) == (1, MachineState.PARTLY_FREE)
    both = (taken, GpuReading(uuid="GPU-2", index=1, model="GTX 1080", up=True, foreign_use=True))
    assert joined_one([reading(gpus=both)], [declared()]).state is MachineState.FULL


def sick(*uuids: str, gpus: tuple[GpuReading, ...] = ()) -> MachineReading:
    health = {uuid: GpuHealth(asked_at=0.0, up=False) for uuid in uuids}
    return MachineReading(name="gpu-01", up=True, sample_age_seconds=1.0, gpus=gpus, health=health)


def test_a_gpu_in_quarantine_is_not_free_says_why_and_stays_its_holders() -> None:
    view = joined_one([sick("GPU-1")], [declared(held=HELD_ONE)], [tenant()])
    first, second = view.gpus
    assert (view.gpus_free, view.state) == (1, MachineState.PARTLY_FREE)
    assert first.quarantine is not None
    assert "lost this GPU" in first.quarantine
    assert first.holder is not None
    assert second.quarantine is None
    assert joined_one([sick("GPU-1", "GPU-2")], [declared()]).state is MachineState.FULL


@pytest.mark.parametrize(("driver", "free"), [(GpuDriver.PRESENT, 1), (GpuDriver.NONE, 0), (GpuDriver.UNKNOWN, 2)])
def test_a_declared_gpu_of_which_the_driver_says_nothing_is_not_given_out(driver: GpuDriver, free: int) -> None:
    gpus = () if driver is GpuDriver.NONE else (GpuReading(uuid="GPU-2", index=1, model="H100", up=True),)
    view = joined_one([replace(reading(gpus=gpus), gpu_driver=driver)], [declared()])
    assert view.gpus_free == free
    kept_back = ["does not tell of this GPU" in (gpu.quarantine or "") for gpu in view.gpus]
    assert sum(kept_back) == 2 - free


def test_a_gpu_that_an_admin_disabled_is_not_free_and_says_why() -> None:
    view = joined_one([reading()], [declared(disabled={"GPU-2": "A new fan comes on Friday."})])
    assert (view.gpus_free, view.state) == (1, MachineState.PARTLY_FREE)
    assert [gpu.disabled for gpu in view.gpus] == [None, "A new fan comes on Friday."]


def in_use(*launches: str, last_known: dict[str, Person] | None = None) -> MachineReading:
    shares = {launch: Share(processes=1, memory_used_bytes=5) for launch in launches}
    usage = GpuUsage(kinds={}, launches=shares, last_known=last_known or {})
    return reading(gpus=(GpuReading(uuid="GPU-1", index=0, model="GTX 1080", up=True, usage=usage),))


def test_who_uses_a_gpu_is_told_beside_who_holds_it() -> None:
    view = joined_one([in_use("launch of ken", "?")], [declared(held=HELD_ONE)], [tenant("ada"), tenant("ken")])
    first, second = view.gpus
    assert first.shares is not None
    assert first.holder is not None
    assert first.holder.owner == "ada"
    assert [user.owner for user in first.shares.users] == ["ken"]
    assert [each.engine_id for each in first.shares.unmanaged] == ["?"]
    assert second.shares is None


def test_without_any_answer_of_the_broker_users_are_those_that_prometheus_last_knew() -> None:
    known = {"l": Person(container_id="ada--default", owner="ada")}
    view = joined_one([in_use("l", last_known=known)], None, None, leases_fresh=False)
    assert view.gpus[0].shares is not None
    assert [user.owner for user in view.gpus[0].shares.users] == ["ada"]


def test_a_closed_machine_has_nothing_free_and_says_why() -> None:
    view = joined_one([reading()], [declared(closed="New cooling.")])
    assert (view.gpus_free, view.closed) == (0, "New cooling.")


def test_a_held_gpu_names_its_holder_and_since_when() -> None:
    view = joined_one([reading()], [declared(held=HELD_ONE)], [tenant("ada"), tenant("ken", "gpu-02")])
    holder = view.gpus[0].holder
    assert holder is not None
    assert (holder.container_id, holder.owner, holder.since) == ("ada--default", "ada", SINCE)
    assert view.gpus[1].holder is None
    assert view.gpus_free == 1
    assert [each.owner for each in view.tenants] == ["ada"]


def test_a_holder_whose_container_is_not_listed_has_an_owner_and_no_time() -> None:
    holder = joined_one([reading()], [declared(held=HELD_ONE)]).gpus[0].holder
    assert holder is not None
    assert (holder.owner, holder.since) == ("ada", None)


def test_old_leases_still_name_the_holder_but_count_nothing_free() -> None:
    view = joined_one([reading()], [declared(held=HELD_ONE)], [tenant()], leases_fresh=False)
    assert view.gpus_free is None
    assert view.holders_known
    assert view.gpus[0].holder is not None
    assert view.state is MachineState.STALE


def test_without_any_answer_of_the_broker_nothing_is_known_of_holders() -> None:
    view = joined_one([reading()], None, None, leases_fresh=False)
    assert (view.holders_known, view.gpus_free, view.tenants) == (False, None, ())
