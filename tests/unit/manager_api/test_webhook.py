"""What people are told at a URL: again if it fails, never in the way, and what could not be told is written down."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from shiva_manager_api.adapters.webhook import Webhook
from shiva_manager_api.domain.idle_ports import Decision

from tests.fakes.scripted_http import CUT, Asked, Reply, answer, page, scripted

WARNING = {"kind": "warn", "container_id": "ada--default", "sentence": "A warning."}
WAITS = (0.0, 0.0, 0.0)


@contextmanager
def telling(script: Callable[[Asked], Reply]) -> Iterator[tuple[Webhook, list[Asked], list[tuple[Decision, str]]]]:
    failed: list[tuple[Decision, str]] = []
    with scripted(script) as server:
        hook = Webhook(server.url, failed=lambda told, cause: failed.append((told, cause)), waits_seconds=WAITS)
        yield hook, server.asked, failed
        hook.close(wait_seconds=10)


def test_a_decision_is_posted_whole() -> None:
    with telling(lambda _: answer({})) as (hook, asked, failed):
        hook.note(WARNING)
    assert [(each.method, each.body) for each in asked] == [("POST", WARNING)]
    assert failed == []


@pytest.mark.parametrize("bad", [page(500), CUT, page(302), page(429)], ids=["500", "cut", "redirect", "429"])
def test_a_failure_is_tried_again_and_then_written_down(bad: Reply) -> None:
    with telling(lambda _: bad) as (hook, asked, failed):
        hook.note(WARNING)
    assert len(asked) >= len(WAITS)  # requests tries a cut connection once more
    [(told, cause)] = failed
    assert told == WARNING
    assert cause


def test_the_next_try_may_succeed() -> None:
    replies = iter([page(500), answer({}), answer({})])
    with telling(lambda _: next(replies)) as (hook, asked, failed):
        hook.note(WARNING)
        hook.note({**WARNING, "kind": "again"})
    assert [each.body["kind"] for each in asked] == ["warn", "warn", "again"]
    assert failed == []


def test_a_url_that_does_not_answer_holds_nobody_up_and_nothing_is_lost_silently() -> None:
    free = threading.Event()

    def stuck(_: Asked) -> Reply:
        free.wait(20)
        return answer({})

    failed: list[Decision] = []
    with scripted(stuck) as server:
        hook = Webhook(server.url, failed=lambda told, _: failed.append(told), waits_seconds=WAITS)
        for number in range(1500):  # more than may wait
            hook.note({**WARNING, "number": number})
        hook.close(wait_seconds=0)
        free.set()
    assert len(failed) >= 1498  # but for the one on its way
