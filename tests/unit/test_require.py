"""What is missing fails where it is required, and is a skip that gives the reason elsewhere."""

import pytest

from tests.require import require


@pytest.mark.parametrize(
    ("required", "outcome"),
    [
        ("docker", pytest.fail.Exception),
        ("gcc,docker", pytest.fail.Exception),
        ("dockerd", pytest.skip.Exception),
        ("", pytest.skip.Exception),
    ],
)
def test_a_missing_part(monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]) -> None:
    monkeypatch.setenv("SHIVA_TEST_REQUIRE", required)
    with pytest.raises(outcome, match="no engine here"):
        require("docker", present=False, reason="no engine here")
    require("docker", present=True, reason="")
