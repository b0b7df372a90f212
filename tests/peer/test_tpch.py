"""The 22 queries of TPC-H at a small scale: DuckDB's answers, and the same bits whatever the number of threads and the size of batches are."""

import subprocess
import sys

import pytest
from conftest import Pair
from engines import ROOT, Bedplate, Refusal

QUERIES = {file.stem: file.read_text().rstrip().rstrip(";") for file in sorted((ROOT / "bench/tpch").glob("q*.sql"))}
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
SETTINGS = [
    (("threads", "1"), ("batch_size", "2048")),
    (("threads", "7"), ("batch_size", "64")),
    (("threads", "2"), ("batch_size", "1")),
    (("threads", "2"), ("spill", "always")),
]


@pytest.fixture(scope="module")
def folder():
    subprocess.run([sys.executable, ROOT / "tools/make_data", "tpch_small"], check=True)
    return ROOT / "build/data/tpch_small_parquet"


def make(folder, kind):
    return [f"CREATE {kind} {name} AS SELECT * FROM '{folder}/{name}.parquet'" for name in TABLES]


@pytest.mark.parametrize("kind", ["VIEW", "TABLE"])
def test_answers_are_duckdbs(pair, folder, kind):
    pair.setup(*make(folder, kind))
    for sql in QUERIES.values():
        pair.check(sql, tolerance=1e-9)


@pytest.mark.parametrize("kind", ["VIEW", "TABLE"])
def test_the_same_bits(folder, kind):
    """From files and from tables, row by row in the order in which they come."""
    expected = {}
    for settings in SETTINGS:
        engine = Bedplate(settings)
        for statement in make(folder, kind):
            assert not isinstance(engine.run(statement), Refusal)
        for name, sql in QUERIES.items():
            answer = engine.run(sql)
            assert not isinstance(answer, Refusal), (name, settings, answer.message)
            assert answer.rows == expected.setdefault(name, answer.rows), (name, settings)
        engine.close()


def test_plans_as_written(folder):
    """Without the optimizer, where that makes no product of tables."""
    pair = Pair((("optimizer", "false"),))
    pair.setup(*make(folder, "TABLE"))
    for name in ("q01", "q06", "q13"):
        pair.check(QUERIES[name], tolerance=1e-9)
    pair.finish()
