"""The access file: a word that is spelled wrong is an error at the start, and later leaves the last good rules."""

import logging
from datetime import date
from pathlib import Path

import pytest
from shiva_manager_api.adapters.access_file import AccessFile, AccessFileError, read
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.people import Quota

WHOLE = """
hosted_domains: [example.com]
home_domain: example.com
everybody: false
guests:
  Eve@Example.NET: 2026-12-31
  ida@example.net: "2027-01-31"
denied: {mallory@example.com: Left the company., ken: Broke a fan.}
admins: [Grace@Example.com, root]
admin_groups: [GPU Admins]
quota: {containers: 3, gpus: null}
"""


def written(path: Path, text: str) -> Path:
    """Write the file anew, as an editor does."""
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    return draft.replace(path)


def test_a_whole_file_is_read() -> None:
    assert read(WHOLE, "access.yaml") == AccessRules(
        hosted_domains=frozenset({"example.com"}),
        home_domain="example.com",
        guests={"eve@example.net": date(2026, 12, 31), "ida@example.net": date(2027, 1, 31)},
        denied={"mallory@example.com": "Left the company.", "ken": "Broke a fan."},
        admins=frozenset({"grace@example.com", "root"}),
        admin_groups=frozenset({"GPU Admins"}),
        quota=Quota(containers=3, gpus=None),
    )


@pytest.mark.parametrize("text", ["", "\n", "{}", "# nothing yet\n"])
def test_an_empty_file_admits_nobody(text: str) -> None:
    assert read(text, "access.yaml") == AccessRules()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosted_domain: [example.com]", "cannot have “hosted_domain”"),
        ("allow: everybody", "cannot have “allow”"),
        ("[a, b]", "it must be names with values"),
        ("everybody: 'yes'", "everybody must be true or false, not 'yes'"),
        ("everybody: 1", "everybody must be true or false"),
        ("hosted_domains: example.com", "hosted_domains must be a list"),
        ("hosted_domains: [Example.com]", "must be a domain in lower case"),
        ("hosted_domains: ['@example.com']", "must be a domain in lower case"),
        ("hosted_domains: ['']", "must be text"),
        ("hosted_domains: [com]", "must be a domain"),
        ("home_domain: [example.com]", "home_domain must be text"),
        ("guests: [eve@example.net]", "guests must be names with values"),
        ("guests: {eve@example.net: soon}", "Invalid isoformat"),
        ("guests: {eve@example.net: null}", "guests.eve@example.net must be the last day"),
        ("guests: {eve@example.net: 2026-12-31T10:00:00Z}", "must be the last day"),
        ("guests: {eve: 2026-12-31}", "must name addresses"),
        ("denied: {eve@example.net: }", "denied.eve@example.net must be text"),
        ("denied: [eve@example.net]", "denied must be names with values"),
        ("admins: root", "admins must be a list"),
        ("admins: [[root]]", "admins must be text"),
        ("admins: [1]", "admins must be text, not 1"),
        ("quota: 3", "quota must be names with values"),
        ("quota: {cpus: 3}", "cannot have “cpus”"),
        ("quota: {containers: -1}", "quota.containers must be a whole number"),
        ("quota: {containers: true}", "quota.containers must be a whole number"),
        ("quota: {gpus: 1.5}", "quota.gpus must be a whole number"),
        ("admins: [root]\nadmins: [eve]", "stands twice"),
        ("denied: {a: b, a: c}", "stands twice"),
        ("admins: [root", "access.yaml is no access file"),
        ("admins: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("? [a]\n: b", "access.yaml is no access file"),
        ("{" * 2000, "access.yaml is no access file"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(AccessFileError) as refused:
        read(text, "access.yaml")
    assert said in str(refused.value)


def test_without_a_file_nobody_is_admitted() -> None:
    assert AccessFile(None)() == AccessRules()


@pytest.mark.parametrize("content", [None, b"admins: [\xff]"])
def test_a_file_that_cannot_be_read_is_an_error_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "access.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AccessFileError, match=r"access\.yaml"):
        AccessFile(path)


def test_a_changed_file_holds_at_once(tmp_path: Path) -> None:
    rules = AccessFile(written(tmp_path / "access.yaml", "admins: [root]"))
    assert rules().admins == {"root"}
    written(tmp_path / "access.yaml", "admins: [grace]")
    assert rules().admins == {"grace"}


@pytest.mark.parametrize("bad", ["admin: [eve]", "{", None])
def test_a_bad_change_leaves_the_last_good_rules_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str | None
) -> None:
    path = written(tmp_path / "access.yaml", "admins: [root]")
    rules = AccessFile(path)
    path.unlink() if bad is None else written(path, bad)
    with caplog.at_level(logging.ERROR):
        assert [rules().admins for _ in range(3)] == [{"root"}] * 3
    assert [record.getMessage() for record in caplog.records] == ["the access file is bad; the last good one holds"]
    written(path, "admins: [grace]")
    assert rules().admins == {"grace"}
