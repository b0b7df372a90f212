"""TPC-H, all 22 queries as published (bench/tpch/): from Parquet files, and from tables in memory that were filled from them.

    bench/tpch.py [SCALE] [parquet|memory …] [--limit MEMORY_LIMIT] [--count RUNS]      scale 1, both, no limit and 5 runs unless told

From files beside DuckDB, Polars and DataFusion, each by its own SQL; from tables beside DuckDB's own tables. Every answer is compared with DuckDB's:
numbers to a millionth, all else exactly. The peak of resident memory is ours alone: a process of its own runs each query once.
"""

import argparse
import math
import os
import subprocess
import sys
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "2"

import bedplate as bp
import datafusion
import duckdb
import polars
import rounds

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
QUERIES = {file.stem: file.read_text() for file in sorted((Path(__file__).parent / "tpch").glob("q*.sql"))}
THREADS = 2


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("scale", nargs="?", default="1")
    parser.add_argument("places", nargs="*", default=["parquet", "memory"])
    parser.add_argument("--limit")
    parser.add_argument("--count", type=int, default=5)
    return parser.parse_args()


def data(scale):
    """The folder of a scale's Parquet files, made once."""
    wanted = "tpch" if scale == "1" else f"tpch{scale}"
    subprocess.run([sys.executable, rounds.DATA.parent.parent / "tools/make_data", wanted], check=True)
    return rounds.DATA / f"tpch{scale}_parquet"


def connections(folder, kind, config):
    """Ours and DuckDB's, whose eight tables are views of the files, or tables."""
    made = {"Bedplate": bp.connect(config={"threads": THREADS, **config}), "DuckDB": duckdb.connect(config={"threads": THREADS})}
    for connection in made.values():
        for name in TABLES:
            connection.execute(f"CREATE {kind} {name} AS SELECT * FROM '{folder / name}.parquet'")
    return {name: lambda query, of=connection: of.execute(query).fetchall() for name, connection in made.items()}


def readers(folder):
    """The peers that read the files and have no tables of their own."""
    lazy = polars.SQLContext({name: polars.scan_parquet(folder / f"{name}.parquet") for name in TABLES})
    session = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(THREADS))
    for name in TABLES:
        session.register_parquet(name, str(folder / f"{name}.parquet"))
    return {"Polars": lambda query: lazy.execute(query).collect().rows(), "DataFusion": lambda query: fetched(session.sql(query))}


def fetched(frame):
    return [tuple(row.values()) for batch in frame.collect() for row in batch.to_pylist()]


def check(name, answers):
    theirs = answers["DuckDB"]
    for who, ours in answers.items():
        assert len(ours) == len(theirs), f"{name}: {len(ours)} rows by {who}, DuckDB has {len(theirs)}"
        tolerance = 1e-4 if who == "DataFusion" else 1e-6  # its means of decimals have six digits
        for left, right in zip(ours, theirs, strict=True):
            assert all(rounds.same(*values, tolerance) for values in zip(left, right, strict=True)), (
                f"{name}: {left} by {who}, DuckDB has {right}"
            )


def work(made, query):
    return {name: lambda run=run: run(query) for name, run in made.items()}


PEAK = (
    rounds.PEAK
    + """
import sys
import bedplate as bp
folder, config, query = sys.argv[1], eval(sys.argv[2]), sys.argv[3]
con = bp.connect(config=config)
for name in sys.argv[4:]:
    con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder}/{name}.parquet'")
idle = peak()
con.execute(query).fetchall()
print((peak() - idle) // 1024)
"""
)


def peak(folder, config, query):
    """MB of resident memory above the idle process."""
    run = [sys.executable, "-c", PEAK, folder, repr(config), query, *TABLES]
    return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


def main():
    told = arguments()
    folder = data(told.scale)
    config = {"memory_limit": told.limit} if told.limit else {}
    print(f"## TPC-H, scale {told.scale}, {THREADS} threads{', memory limit ' + told.limit if told.limit else ''}\n")
    for place in told.places:
        made = connections(folder, "VIEW" if place == "parquet" else "TABLE", config)
        if place == "parquet":
            made |= readers(folder)
        for name, query in QUERIES.items():
            check(name, {who: run(query) for who, run in made.items()})
        title = "from Parquet files" if place == "parquet" else "from tables in memory"
        ratios = rounds.compare(title, "query", {name: work(made, query) for name, query in QUERIES.items()}, told.count)
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric mean of best peer / ours: {mean:.2f}, least {min(ratios):.2f}\n")
        if place == "parquet":
            most = max((peak(folder, config | {"threads": THREADS}, query), name) for name, query in QUERIES.items())
            print(f"peak of our resident memory above idle: {most[0]} MB ({most[1]})\n")


main()
