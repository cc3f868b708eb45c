"""From what was observed to what people see: ready only when Jupyter answered, phases that never lie."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.domain.containers import ContainerState, Endpoint, Limits
from shiva_jupyter_broker.domain.lifecycle import Marks, Phases, view

from tests.fakes.launcher import NOW, container

HERE = Endpoint(host="127.0.0.1", port=31000)
MOMENTS = st.none() | st.integers(-5000, 5000).map(lambda ms: NOW + timedelta(milliseconds=ms))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_it_is_ready_once_jupyter_answered() -> None:
    booting = container(endpoint=HERE)
    assert view(booting, Marks()).container.state is ContainerState.BOOTING
    assert view(booting, Marks(listening_at=NOW)).container.state is ContainerState.BOOTING
    assert view(booting, Marks(listening_at=NOW, ready_at=NOW)).container.state is ContainerState.READY


def test_without_an_endpoint_an_old_answer_makes_nothing_ready() -> None:
    assert view(container(), Marks(ready_at=NOW)).container.state is ContainerState.BOOTING


@pytest.mark.parametrize("state", [each for each in ContainerState if each is not ContainerState.BOOTING])
def test_no_other_state_is_changed_by_what_was_seen_earlier(state: ContainerState) -> None:
    assert view(container(state=state, endpoint=HERE), Marks(ready_at=NOW)).container.state is state


def test_each_phase_lasts_from_one_sight_to_the_next() -> None:
    seen = view(
        container(placed_at=after(0.5), started_at=after(1), endpoint=HERE),
        Marks(listening_at=after(3), ready_at=after(3.25)),
    )
    assert seen.phases == Phases(
        placed_seconds=0.5, pulled_seconds=None, created_seconds=0.5, booting_seconds=2.0, ready_seconds=0.25
    )
    assert seen.time_to_notebook_seconds == 3.25


def test_a_phase_that_has_not_ended_or_that_nobody_saw_is_unknown_and_not_zero() -> None:
    assert view(container(started_at=None), Marks(ready_at=after(3))).phases == Phases(
        placed_seconds=0.0, pulled_seconds=None, created_seconds=None, booting_seconds=None, ready_seconds=None
    )
    assert view(container(), Marks()).time_to_notebook_seconds is None


@given(MOMENTS, MOMENTS, MOMENTS)
def test_no_phase_is_ever_negative(
    started: datetime | None, listening: datetime | None, ready: datetime | None
) -> None:
    seen = view(container(started_at=started), Marks(listening_at=listening, ready_at=ready))
    phases = seen.phases
    known = [phases.placed_seconds, phases.created_seconds, phases.booting_seconds, phases.ready_seconds]
    assert all(each is None or each >= 0 for each in [*known, seen.time_to_notebook_seconds])


@pytest.mark.parametrize("state", list(ContainerState))
def test_only_what_has_failed_holds_nothing(state: ContainerState) -> None:
    assert container(state=state).holds_resources is (state is not ContainerState.FAILED)


@pytest.mark.parametrize("member", ["cpus", "memory_bytes", "shm_bytes", "pids"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_limits_nothing_is_refused(member: str, value: Any) -> None:
    plain = Limits(cpus=1, memory_bytes=1, shm_bytes=1, pids=1, layer_bytes=1)
    with pytest.raises(ValueError, match="every limit must be above zero"):
        replace(plain, **{member: value})


def test_tokens_stay_out_of_what_is_printed() -> None:
    assert "t" * 64 not in repr(container())
    assert "t" * 64 not in repr(view(container(), Marks()))
