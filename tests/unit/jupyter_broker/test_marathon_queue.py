"""Why a container waits, in words."""

import pytest
from shiva_jupyter_broker.adapters.marathon_queue import REASONS, TAIL, waiting

from tests.fakes import marathon_apps
from tests.fakes.launcher import NOW


def said(item: dict[str, object]) -> str | None:
    return waiting(item, machine="gpu-01", now=NOW)


@pytest.mark.parametrize("reason", list(REASONS))
def test_every_reason_of_marathon_is_a_sentence_about_the_machine(reason: str) -> None:
    for item in (
        marathon_apps.waiting({"UnfulfilledConstraint": 2, reason: 1}),
        marathon_apps.waiting(offers=(marathon_apps.offer("gpu-01", reason),)),
    ):
        sentence = said(item)
        assert sentence is not None
        assert "gpu-01" in sentence
        assert sentence.endswith(f". {TAIL}")
        assert "{" not in sentence


def test_the_words_differ_from_reason_to_reason() -> None:
    sentences = {said(marathon_apps.waiting({reason: 1})) for reason in REASONS}
    assert len(sentences) == len(REASONS)


def test_an_offer_of_the_machine_tells_how_much_is_free() -> None:
    item = marathon_apps.waiting(
        offers=(
            marathon_apps.offer("gpu-02", "UnfulfilledConstraint"),
            marathon_apps.offer("gpu-01", "InsufficientCpus", "InsufficientMemory"),
        )
    )
    assert said(item) == f"gpu-01 has 1.5 CPUs free; 2 are wanted. {TAIL}"


def test_memory_of_all_roles_is_counted() -> None:
    item = marathon_apps.waiting(offers=(marathon_apps.offer("gpu-01", "InsufficientMemory"),))
    assert said(item) == f"gpu-01 has 3.0 GiB of memory free; 4.0 GiB are wanted. {TAIL}"


def test_without_the_offer_itself_the_amount_is_not_guessed() -> None:
    item = marathon_apps.waiting({"UnfulfilledConstraint": 999, "InsufficientMemory": 1})
    assert said(item) == f"gpu-01 has too little of memory free; 4.0 GiB are wanted. {TAIL}"


def test_a_machine_that_offers_nothing_is_said_after_a_while_only() -> None:
    silent = {"UnfulfilledConstraint": 2}
    assert said(marathon_apps.waiting(silent, age_seconds=3)) is None
    assert said(marathon_apps.waiting(age_seconds=3)) is None
    expected = f"gpu-01 offers nothing now: it is full, switched off, or has another name in Mesos. {TAIL}"
    assert said(marathon_apps.waiting(silent)) == said(marathon_apps.waiting()) == expected


def test_a_reason_of_a_later_marathon_is_named() -> None:
    item = marathon_apps.waiting(offers=(marathon_apps.offer("gpu-01", "WrongMoonPhase"),))
    assert said(item) == f"Marathon takes no offer of gpu-01 (WrongMoonPhase). {TAIL}"


@pytest.mark.parametrize(
    "odd", [{}, {"since": 5}, {"lastUnusedOffers": "no"}, {"processedOffersSummary": [1]}, {"since": "x"}]
)
def test_an_item_that_cannot_be_read_says_nothing(odd: dict[str, object]) -> None:
    assert said(odd) is None
