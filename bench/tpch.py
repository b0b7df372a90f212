"""TPC-H, scale 1, all 22 queries as published (bench/tpch/): from Parquet files, and from tables in memory that were filled from them.

Every answer is compared with DuckDB's: numbers to a millionth, all else exactly.
"""

import decimal
import math
from pathlib import Path

import bedplate as bp
import duckdb
import rounds

FOLDER = rounds.DATA / "tpch1_parquet"
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
QUERIES = {file.stem: file.read_text() for file in sorted((Path(__file__).parent / "tpch").glob("q*.sql"))}
THREADS = 2
COUNT = 5


def connections(kind):
    """Connections whose eight tables are views of the files, or tables."""
    made = {"Bedplate": bp.connect(config={"threads": THREADS}), "DuckDB": duckdb.connect(config={"threads": THREADS})}
    for connection in made.values():
        for name in TABLES:
            connection.execute(f"CREATE {kind} {name} AS SELECT * FROM '{FOLDER / name}.parquet'")
    return made


def same(ours, theirs):
    if isinstance(ours, (int, float, decimal.Decimal)) and isinstance(theirs, (int, float, decimal.Decimal)):
        return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-9)
    return ours == theirs


def check(name, answers):
    ours, theirs = answers
    assert len(ours) == len(theirs), f"{name}: {len(ours)} rows, DuckDB has {len(theirs)}"
    for left, right in zip(ours, theirs, strict=True):
        assert all(map(same, left, right)), f"{name}: {left}, DuckDB has {right}"


def work(made, query):
    return {name: lambda connection=connection: connection.execute(query).fetchall() for name, connection in made.items()}


def main():
    print(f"## TPC-H, scale 1, {THREADS} threads\n")
    for title, kind in (("from Parquet files", "VIEW"), ("from tables in memory", "TABLE")):
        made = connections(kind)
        for name, query in QUERIES.items():
            check(name, [contestant() for contestant in work(made, query).values()])
        ratios = rounds.compare(title, "query", {name: work(made, query) for name, query in QUERIES.items()}, COUNT)
        print(
            f"geometric mean of DuckDB / ours: {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}, least {min(ratios):.2f}\n"
        )


main()
