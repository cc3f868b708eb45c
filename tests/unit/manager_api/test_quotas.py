"""How much one person may hold: what runs and what is wanted, against the limit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain import quotas
from shiva_manager_api.domain.people import Quota
from shiva_manager_api.domain.ports import Wish
from shiva_manager_api.domain.quotas import Held

from tests.fakes.manager_ports import container


def held_by(*states: str, owner: str = "ada") -> list[dict[str, Any]]:
    return [container(owner, f"n{number}", state=state) for number, state in enumerate(states)]


def test_everything_counts_but_what_failed() -> None:
    states = ("pending", "pulling", "booting", "ready", "stopping", "lost", "failed")
    assert quotas.held(held_by(*states), "ada") == Held(containers=6, gpus=6)


def test_only_ones_own_counts() -> None:
    assert quotas.held(held_by("ready", owner="ada2"), "ada") == Held(containers=0, gpus=0)


def test_what_runs_under_the_same_name_is_returned_and_takes_nothing() -> None:
    containers = held_by("ready", "failed")
    assert quotas.runs_already(containers, "ada", "n0")
    assert not quotas.runs_already(containers, "ada", "n1")
    assert not quotas.runs_already(containers, "ken", "n0")


@pytest.mark.parametrize(
    ("quota", "gpus", "kind"),
    [
        (Quota(), 64, None),
        (Quota(containers=2), 64, None),
        (Quota(containers=1), 0, "containers"),
        (Quota(containers=0), 0, "containers"),
        (Quota(gpus=2), 1, None),
        (Quota(gpus=2), 2, "gpus"),
        (Quota(gpus=0), 0, None),
        (Quota(gpus=1), 0, None),
        (Quota(containers=1, gpus=0), 1, "containers"),
    ],
)
def test_a_wish_above_the_limit_is_told_of_which_kind(quota: Quota, gpus: int, kind: str | None) -> None:
    excess = quotas.excess(quota, Wish(gpus=gpus), Held(containers=1, gpus=1))
    assert (excess and excess.kind) == kind


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_what_passes_stays_within_the_limits(
    containers: int, gpus: int, most: int, most_gpus: int, wanted: int
) -> None:
    now = Held(containers=containers, gpus=gpus)
    if quotas.excess(Quota(containers=most, gpus=most_gpus), Wish(gpus=wanted), now) is None:
        assert containers + 1 <= most
        assert wanted == 0 or gpus + wanted <= most_gpus
