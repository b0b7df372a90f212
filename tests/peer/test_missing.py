"""What DuckDB has and we lack, among all that the queries here want: exactly what missing.txt lists, so that nothing goes missing unseen and nothing
that came stays listed. A line that is met but not listed fails the test that met it as well."""

import pytest
from conftest import Pair
from known import LISTED, met

# One query for each line, so that a part of the tests does not change the answer.
WANTING = {
    "collations": "SELECT 'a' COLLATE NOCASE = 'A'",
    "PIVOT": "PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)",
}


def test_all_that_is_listed_is_asked_for():
    assert set(WANTING) == LISTED


@pytest.mark.parametrize("name", sorted(WANTING))
def test_what_is_listed_is_still_missing(name):
    pair, before = Pair(), met.get(name, 0)
    pair.check(WANTING[name])
    pair.finish()
    assert met.get(name, 0) == before + 1, f"{name} is there now: take it out of missing.txt and test its answers"


def test_all_that_is_missing_is_listed():
    assert set(met) <= LISTED, sorted(set(met) - LISTED)
