"""The Marathon launcher over real engines: the launchers' suite, and what only real containers can show."""

from collections.abc import Iterator

import pytest

from tests.conformance.test_launchers import (
    Running,
    started,
    test_a_killed_notebook_has_failed_with_a_reason_and_makes_room,
    test_a_new_launcher_finds_it_with_the_same_start_and_endpoint,
    test_a_stop_is_shown_until_it_is_done_and_may_be_repeated,
    test_another_container_of_that_id_is_refused_and_the_running_one_stays,
    test_its_start_lies_between_the_question_and_jupyters_answer,
    test_launching_the_same_again_changes_nothing,
    test_stopping_what_is_not_there_succeeds,
    test_the_id_is_free_once_it_is_gone,
    test_what_runs_is_shown_as_it_was_wanted,
    test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more,
)
from tests.docker.marathon_engines import EnginesSubject, engine_cluster
from tests.fakes.engines.fixtures import Engines

__all__ = [
    "test_a_killed_notebook_has_failed_with_a_reason_and_makes_room",
    "test_a_new_launcher_finds_it_with_the_same_start_and_endpoint",
    "test_a_stop_is_shown_until_it_is_done_and_may_be_repeated",
    "test_another_container_of_that_id_is_refused_and_the_running_one_stays",
    "test_its_start_lies_between_the_question_and_jupyters_answer",
    "test_launching_the_same_again_changes_nothing",
    "test_stopping_what_is_not_there_succeeds",
    "test_the_id_is_free_once_it_is_gone",
    "test_what_runs_is_shown_as_it_was_wanted",
    "test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more",
]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def subject(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnginesSubject]:
    with engine_cluster(tmp_path_factory.mktemp("marathon"), engines) as cluster:
        yield EnginesSubject(cluster)


@pytest.fixture(scope="module")
def running(subject: EnginesSubject) -> Running:
    return started(subject, "ada")
