"""Label selectors of GET /v2/apps: exists, ==, !=, in, notin; the comma means and."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.marathon_simulator.web.messages import RefusedError

TERM = r"(?:[A-Za-z0-9._-]|\\.)+"
CLAUSE = re.compile(
    rf"\s*(?P<key>{TERM})\s*(?:(?P<equal>==|!=)\s*(?P<value>{TERM})|(?P<set>in|notin)\s*\((?P<values>\s*{TERM}\s*(?:,\s*{TERM}\s*)*)\))?\s*(?:,|$)"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition on the labels. Except for mere existence, every kind matches only apps that have the label."""

    key: str
    wanted: frozenset[str] | None
    negated: bool

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Return whether the labels keep to it."""
        if self.key not in labels:
            return False
        return self.wanted is None or (labels[self.key] in self.wanted) != self.negated


def parsed(text: str) -> list[Clause]:
    """Return the clauses of a selector; raise RefusedError (422) for a syntax error."""
    clauses, at = [], 0
    while at < len(text):
        found = CLAUSE.match(text, at)
        if found is None:
            raise RefusedError(422, {"message": f"Can not parse label selector {text}"})
        clauses.append(_clause(found))
        at = found.end()
    return clauses


def _clause(found: re.Match[str]) -> Clause:
    key = _plain(found["key"])
    if found["equal"]:
        return Clause(key, frozenset({_plain(found["value"])}), found["equal"] == "!=")
    if found["set"]:
        return Clause(
            key, frozenset(_plain(each) for each in re.findall(TERM, found["values"])), found["set"] == "notin"
        )
    return Clause(key, None, False)


def _plain(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term)
