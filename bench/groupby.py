"""The h2o group-by suite of ten: sums, means, medians and the like over 10,000,000 rows and six keys, from 100 groups to nearly as many as rows.

    bench/groupby.py [ROWS [QUERY …]]

The data are made by a seeded generator and held in each engine's own tables; each answer is left there too. All answers are compared, row by row.
"""

import sys

import bedplate as bp
import duckdb
import numpy as np
import polars as pl
import rounds

ROWS = 10_000_000
THREADS = 2
COUNT = 5
SEED = 108

# query: keys, aggregates in SQL
QUERIES = {
    "q1": ("id1", "sum(v1) AS v1"),
    "q2": ("id1, id2", "sum(v1) AS v1"),
    "q3": ("id3", "sum(v1) AS v1, avg(v3) AS v3"),
    "q4": ("id4", "avg(v1) AS v1, avg(v2) AS v2, avg(v3) AS v3"),
    "q5": ("id6", "sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3"),
    "q6": ("id4, id5", "median(v3) AS median_v3, stddev(v3) AS sd_v3"),
    "q7": ("id3", "max(v1) - min(v2) AS range_v1_v2"),
    "q8": ("id6", "unnest(max(v3, 2)) AS largest2_v3"),
    "q9": ("id2, id4", "pow(corr(v1, v2), 2) AS r2"),
    "q10": ("id1, id2, id3, id4, id5, id6", "sum(v3) AS v3, count(*) AS count"),
}


def make(rows):
    """The suite's table: K = 100 values of id1, id2, id4 and id5, rows / K of id3 and id6."""
    random = np.random.default_rng(SEED)
    few, many = 100, max(rows // 100, 1)

    def names(form, count):
        labels = pl.Series([form % (i + 1) for i in range(count)])
        return labels.gather(random.integers(0, count, rows))

    def numbers(count):
        return random.integers(1, count + 1, rows).astype(np.int32)

    return pl.DataFrame(
        {
            "id1": names("id%03d", few),
            "id2": names("id%03d", few),
            "id3": names("id%010d", many),
            "id4": numbers(few),
            "id5": numbers(few),
            "id6": numbers(many),
            "v1": numbers(5),
            "v2": numbers(15),
            "v3": np.round(random.uniform(0, 100, rows), 6),
        }
    )


def polars_queries(x):
    """The same in Polars' words, for the lazy frame x."""
    c = pl.col
    aggregates = {
        "q1": [c("v1").sum()],
        "q2": [c("v1").sum()],
        "q3": [c("v1").sum(), c("v3").mean()],
        "q4": [c("v1", "v2", "v3").mean()],
        "q5": [c("v1", "v2", "v3").sum()],
        "q6": [c("v3").median().alias("median_v3"), c("v3").std().alias("sd_v3")],
        "q7": [(c("v1").max() - c("v2").min()).alias("range_v1_v2")],
        "q8": [c("v3").top_k(2).alias("largest2_v3")],
        "q9": [pl.corr("v1", "v2").pow(2).alias("r2")],
        "q10": [c("v3").sum(), pl.len().alias("count")],
    }
    made = {name: x.group_by(QUERIES[name][0].split(", ")).agg(each) for name, each in aggregates.items()}
    return made | {"q8": made["q8"].explode("largest2_v3")}


def as_numbers(frame):
    """Columns that are neither keys nor text as doubles: engines differ in the types of sums."""
    return frame.with_columns(pl.col(name).cast(pl.Float64) for name in frame.columns if not name.startswith("id"))


def check(name, answers):
    keys = QUERIES[name][0].split(", ")
    frames = [as_numbers(each).sort(*keys, *(c for c in each.columns if c not in keys)) for each in answers]
    for other in frames[1:]:
        assert frames[0].columns == other.columns and frames[0].height == other.height, (name, frames[0], other)
        assert frames[0].select(keys).equals(other.select(keys)), name
        for column in (c for c in other.columns if c not in keys):
            far = ((frames[0][column] - other[column]).abs() > 1e-9 * (1 + other[column].abs())).sum()
            assert not far, f"{name}: {far} values of {column} differ"


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    wanted = sys.argv[2:] or list(QUERIES)
    print(f"## h2o group-by, {rows:,} rows, {THREADS} threads, DuckDB {duckdb.__version__}, Polars {pl.__version__}\n")
    x = make(rows)
    ours, duck = bp.connect(config={"threads": THREADS}), duckdb.connect(config={"threads": THREADS})
    for connection in (ours, duck):
        connection.register("made", x.to_arrow())
        connection.execute("CREATE TABLE x AS SELECT * FROM made")
    lazy, answers = polars_queries(x.lazy()), {}

    def keep(name):
        answers[name] = lazy[name].collect()

    work = {}
    for name in wanted:
        text = "CREATE OR REPLACE TABLE answer AS SELECT {0}, {1} FROM x GROUP BY {0}".format(*QUERIES[name])
        work[name] = {
            "Bedplate": lambda text=text: ours.execute(text),
            "DuckDB": lambda text=text: duck.execute(text),
            "Polars": lambda name=name: keep(name),
        }
        for contestant in work[name].values():
            contestant()
        check(name, [ours.execute("FROM answer").pl(), pl.from_arrow(duck.sql("FROM answer").arrow()), answers.pop(name)])
    rounds.compare(f"{rows:,} rows", "query", work, COUNT)


main()
