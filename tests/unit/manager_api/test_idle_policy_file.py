"""The operator's file: every word is understood or refused, and a bad one never becomes a default."""

import json
import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_manager_api.adapters.idle_policy_file import PolicyFile, read
from shiva_manager_api.domain.idle_policy import Ladder, Policy, Rule

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FULL = """{
 "rule": {"with_gpu": {"stop": "3h"}, "grace": "0s", "busy_cap": "4h", "gpu_busy_ratio": 0.05, "extensions_a_day": 1},
 "images": {"training": {"with_gpu": {"warn": "12h", "warn_again": "20h", "stop": "1d"}}},
 "people": {"ada": {"exempt": true}, "ken": {"busy_cap": null, "extension": "90m"}},
 "stops_an_hour": 2
}"""


def test_what_is_left_out_is_as_in_the_rule_and_there_as_without_a_file() -> None:
    policy = read(FULL, "policy.json")
    rule = policy.rule
    assert rule.with_gpu == Ladder(warn=60 * MINUTE, warn_again=105 * MINUTE, stop=3 * HOUR)
    assert (rule.grace, rule.busy_cap, rule.gpu_busy_ratio, rule.extensions_a_day) == (timedelta(0), 4 * HOUR, 0.05, 1)
    assert (rule.without_gpu, rule.fresh) == (Rule().without_gpu, Rule().fresh)
    training = policy.of(user="mei", image="training")
    assert (training.with_gpu.stop, training.gpu_busy_ratio) == (24 * HOUR, 0.05)
    assert policy.of(user="ada", image="training").exempt
    assert (policy.people["ken"].busy_cap, policy.people["ken"].extension) == (None, 90 * MINUTE)
    assert policy.stops_an_hour == 2
    assert read("{}", "policy.json") == Policy()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"rules": {}}', ["“rules”"]), ('{"rule": {"stop": "2h"}}', ["rule", "“stop”"]), ("[]", ["braces", "[]"]),
        ('{"rule": {"grace": 30}}', ["rule.grace", "30", '"60m"']), ('{"rule": {"grace": "30 min"}}', ["rule.grace", '"30 min"']),
        ('{"rule": {"grace": "-1m"}}', ["rule.grace", '"-1m"']), ('{"rule": {"pause": "0s"}}', ["rule", '"0s"']),
        ('{"rule": {"fresh": null}}', ["rule.fresh", "null"]), ('{"rule": {"exempt": "no"}}', ["rule.exempt", '"no"']),
        ('{"rule": {"gpu_busy_ratio": 5}}', ["rule", "gpu_busy_ratio", "5"]), ('{"rule": {"gpu_busy_ratio": NaN}}', ["gpu_busy_ratio"]),
        ('{"rule": {"gpu_coverage": "90%"}}', ["rule.gpu_coverage", '"90%"']), ('{"rule": {"gpu_coverage": true}}', ["rule.gpu_coverage"]),
        ('{"rule": {"extensions_a_day": -1}}', ["rule.extensions_a_day", "-1"]), ('{"stops_an_hour": 1.5}', ["stops_an_hour", "1.5"]),
        ('{"stops_an_hour": true}', ["stops_an_hour", "true"]), ('{"people": {"ada": 1}}', ["people.ada", "1"]),
        ('{"images": {"x": {"with_gpu": {"stop": "5m"}}}}', ["images.x.with_gpu", "ladder", '"5m"']),
        ('{"images": {"x": {"with_gpu": {"end": "5m"}}}}', ["images.x.with_gpu", "“end”"]), ("{", ["policy.json"]), ("[" * 50_000, ["policy.json"]),
    ],
)  # fmt: skip
def test_a_wrong_word_is_said_with_its_key_and_its_value(text: str, said: list[str]) -> None:
    with pytest.raises(ValueError, match=r"policy\.json is no policy") as refused:
        read(text, "policy.json")
    assert [each for each in said if each not in str(refused.value)] == []


def test_a_file_that_turns_bad_leaves_the_last_good_policy_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"stops_an_hour": 7}))
    policy = PolicyFile(path)
    assert policy().stops_an_hour == 7
    path.write_text("{")
    assert policy().stops_an_hour == 7
    assert policy().stops_an_hour == 7
    assert caplog.text.count("the last good one holds") == 1
    path.unlink()
    assert policy().stops_an_hour == 7
    path.write_text(json.dumps({"stops_an_hour": 8}))
    assert policy().stops_an_hour == 8


def test_without_a_file_the_defaults_hold_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    assert PolicyFile(None)() == Policy()
    with pytest.raises(ValueError, match="cannot be read"):
        PolicyFile(tmp_path / "nothing.json")
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="UTF-8"):
        PolicyFile(tmp_path / "latin")


def test_the_manuals_example_has_the_defaults() -> None:
    manual = (Path(__file__).resolve().parents[3] / "deploy/README.md").read_text(encoding="utf-8")
    [example] = [each for each in re.findall(r"```json\n(.*?)```", manual, re.DOTALL) if "stops_an_hour" in each]
    policy = read(example, "deploy/README.md")
    assert (policy.rule, policy.stops_an_hour) == (Rule(), Policy().stops_an_hour)
    assert set(json.loads(example)["rule"]) == {each.name for each in fields(Rule)}
