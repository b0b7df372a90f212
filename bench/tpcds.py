"""TPC-DS, all 99 queries as published, from Parquet files: beside DuckDB, with every answer compared.

    bench/tpcds.py [SCALE] [--check] [--bits] [--limit MEMORY_LIMIT]

The scale is 1 unless given; --check: answers and planning alone, no times; --bits: whether our answers are the same bits, in the same order, for 1, 2 and 7
threads, batches of 1, 64 and 2048 rows, small morsels, and with everything spilled that can be.

dsdgen and the queries come from PyPI's `duckdb-extension-tpcds` with the DuckDB that it fits, in an environment of their own under build/; the answers come
from the DuckDB that the other benchmarks use. Rows are compared in their order, numbers to a millionth, all else exactly; of rows that ORDER BY leaves
equal the order is free, so where it differs both sides are sorted first.
"""

import argparse
import decimal
import math
import os
import subprocess
import sys
import time
import venv

import bedplate as bp
import duckdb
import rounds

PACKAGES = ("duckdb==1.5.5", "duckdb-extension-tpcds==1.5.5")
ENVIRONMENT = rounds.DATA.parent / "tpcds-environment"
THREADS = 2
COUNT = 5
MAKE = """
import pathlib, sys, duckdb, duckdb_extension_tpcds
scale, folder = sys.argv[1], pathlib.Path(sys.argv[2])
extension = next((pathlib.Path(duckdb_extension_tpcds.__file__).parent / "extensions").glob("*/tpcds.duckdb_extension"))
connection = duckdb.connect(config={"threads": 2})
connection.execute(f"LOAD '{extension}'")
connection.execute(f"CALL dsdgen(sf={scale})")
for (table,) in connection.execute("SHOW TABLES").fetchall():
    connection.execute(f"COPY {table} TO '{folder}/{table}.parquet'")
for number, text in connection.execute("FROM tpcds_queries()").fetchall():
    (folder / f"q{number:02}.sql").write_text(text)
"""


def make_data(scale):
    """The folder with the tables as Parquet and the queries as text, made once."""
    folder = rounds.DATA / f"tpcds{scale}"
    if folder.exists():
        return folder
    python = ENVIRONMENT / "bin/python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    unfinished = folder.with_name(folder.name + ".part")
    unfinished.mkdir(parents=True, exist_ok=True)
    subprocess.run([python, "-c", MAKE, scale, unfinished], check=True)
    os.rename(unfinished, folder)
    return folder


def views(connection, folder):
    for file in sorted(folder.glob("*.parquet")):
        connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM '{file}'")
    return connection


def connections(folder, config):
    made = {"Bedplate": bp.connect(config={"threads": THREADS, **config}), "DuckDB": duckdb.connect(config={"threads": THREADS})}
    return {name: views(connection, folder) for name, connection in made.items()}


SETTINGS = (
    {"threads": 1, "batch_size": 2048},
    {"threads": 2, "batch_size": 64},
    {"threads": 7, "morsel_rows": 1000},
    {"threads": 2, "batch_size": 1},
    {"threads": 2, "spill": "always"},
)


def check_bits(folder, queries):
    """Prints the queries whose answers depend on settings; false: there are some."""
    expected, differing = {}, {}
    for settings in SETTINGS:
        connection = views(bp.connect(config=settings), folder)
        for name, text in queries.items():
            rows = repr(connection.execute(text).fetchall())
            if expected.setdefault(name, rows) != rows:
                differing.setdefault(name, []).append(settings)
    for name, where in differing.items():
        print(f"{name}: other bits with {where}", flush=True)
    print(f"{len(queries) - len(differing)} of {len(queries)} have the same bits with {len(SETTINGS)} settings\n", flush=True)
    return not differing


def same_rows(ours, theirs):
    return len(ours) == len(theirs) and all(all(map(rounds.same, *rows)) for rows in zip(ours, theirs, strict=True))


def order(row):
    """Rounded, so that sums that differ in their last digits stay neighbours."""
    return [(value is not None, f"{value:.4g}" if isinstance(value, float | decimal.Decimal) else str(value)) for value in row]


def difference(ours, theirs):
    """What differs, in words; empty: nothing."""
    if same_rows(ours, theirs) or same_rows(sorted(ours, key=order), sorted(theirs, key=order)):
        return ""
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, DuckDB has {len(theirs)}"
    pairs = zip(ours, theirs, strict=True)
    return next(
        f"row {at}: {left}, DuckDB has {right}" for at, (left, right) in enumerate(pairs) if not all(map(rounds.same, left, right))
    )


def check(made, queries):
    """The names of the queries that agree; the others are printed."""
    right = []
    for name, text in queries.items():
        try:
            ours = made["Bedplate"].execute(text).fetchall()
        except bp.Error as error:
            print(f"{name}: {error}", flush=True)
            continue
        wrong = difference(ours, made["DuckDB"].execute(text).fetchall())
        if wrong:
            print(f"{name}: {wrong}", flush=True)
        else:
            right.append(name)
    print(f"{len(right)} of {len(queries)} agree with DuckDB\n", flush=True)
    return right


def planning(connection, queries):
    """Milliseconds of processor time to plan each query, the least of five."""

    def once(text):
        begin = time.process_time()
        connection.execute("EXPLAIN " + text.rstrip().rstrip(";")).fetchall()
        return (time.process_time() - begin) * 1e3

    return {name: min(once(text) for _ in range(5)) for name, text in queries.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("scale", nargs="?", default="1")
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--bits", action="store_true")
    arguments.add_argument("--limit")
    options = arguments.parse_args()
    folder = make_data(options.scale)
    queries = {file.stem: file.read_text() for file in sorted(folder.glob("q*.sql"))}
    if options.bits:
        sys.exit(not check_bits(folder, queries))
    made = connections(folder, {"memory_limit": options.limit} if options.limit else {})
    print(f"## TPC-DS, scale {options.scale}, {THREADS} threads\n")
    right = check(made, queries)
    plans = planning(made["Bedplate"], {name: queries[name] for name in right})
    slowest = sorted(plans, key=plans.get)[-3:]
    print(f"planning: {sum(plans.values()):.1f} ms in sum; most: {', '.join(f'{name} {plans[name]:.1f}' for name in slowest)}\n")
    if not options.check:
        work = {
            name: {
                contestant: lambda connection=connection, text=queries[name]: connection.execute(text).fetchall()
                for contestant, connection in made.items()
            }
            for name in right
        }
        ratios = rounds.compare("from Parquet files", "query", work, COUNT)
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric mean of DuckDB / ours: {mean:.2f}, least {min(ratios):.2f}\n")
    sys.exit(len(right) != len(queries))


main()
