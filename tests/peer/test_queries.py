"""Whole queries against DuckDB: those that users write most, from queries.txt, and random ones."""

from pathlib import Path

import pytest
from conftest import ROUNDS, SEED, Pair
from generate import Generator


def sections():
    """queries.txt: sections begin with `# name`, their set-up statements with `!`; all other lines are queries, in any order of rows unless they sort."""
    name, setup, queries = None, [], []
    for line in (Path(__file__).parent / "queries.txt").read_text().split("\n"):
        if line.startswith("# "):
            if name:
                yield pytest.param(setup, queries, id=name)
            name, setup, queries = line[2:], [], []
        elif line.startswith("!"):
            setup.append(line[1:])
        elif line.strip():
            queries.append(line)
    yield pytest.param(setup, queries, id=name)


@pytest.mark.parametrize("setup, queries", list(sections()))
def test_common_queries(pair, setup, queries):
    pair.setup(*setup)
    for query in queries:
        pair.check(query, tolerance=1e-12)


SETTINGS = [(), (("batch_size", "3"), ("threads", "2")), (("optimizer", "false"),)]


@pytest.mark.parametrize("seed", range(SEED, SEED + 9 * ROUNDS))
def test_random_queries(seed):
    generator, pair = Generator(seed), Pair(SETTINGS[seed % len(SETTINGS)])
    pair.setup(*generator.setup())
    for _ in range(60):
        query, ordered = generator.query()
        pair.check(query, ordered=ordered, tolerance=1e-12)
    pair.finish()
