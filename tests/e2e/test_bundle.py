"""The first page of the built dashboard is small."""

import pytest

from tests.bench.bundle import BUDGET_BYTES, ENTRY, initial_bytes, later_bytes, manifest, needed

pytestmark = pytest.mark.e2e
BIG = ("x-charts", "x-data-grid", "swagger-ui")


def test_what_the_first_page_waits_for_is_within_its_budget() -> None:
    assert 100_000 < initial_bytes() <= BUDGET_BYTES, "a hundred thousand bytes are React and MUI alone"


def test_pages_but_the_first_are_fetched_when_they_are_opened() -> None:
    parts = later_bytes()
    assert {"src/words/ja.ts", "src/words/zh-CN.ts"} < set(parts)
    assert sum("Page" in part for part in parts) >= 4
    assert not any(big in file for big in BIG for file in needed(ENTRY))
    assert manifest()[ENTRY]["isEntry"]
