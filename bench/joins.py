"""The h2o join suite of five: a table of 10,000,000 rows against a small, a medium and a large one, by numbers and by texts.

    bench/joins.py [ROWS [QUERY …]]

The data are made by a seeded generator and held in each engine's own tables; each answer is left there too. Nine keys in ten have a partner. Answers are
compared by their row counts and by the sums of their numbers and of their texts' lengths.
"""

import math
import sys

import bedplate as bp
import duckdb
import numpy as np
import polars as pl
import rounds

ROWS = 10_000_000
THREADS = 2
COUNT = 3
SEED = 108

# query: the right table, its key, the kind
QUERIES = {
    "q1": ("small", "id1", "INNER"),
    "q2": ("medium", "id2", "INNER"),
    "q3": ("medium", "id2", "LEFT"),
    "q4": ("medium", "id5", "INNER"),
    "q5": ("big", "id3", "INNER"),
}
SIZES = {"small": 1_000_000, "medium": 1000, "big": 1}  # rows of the large table to each of theirs


def split(random, count):
    """Keys of the left and of the right side: of count each, nine in ten are the same."""
    keys = random.permutation(count + count // 10) + 1
    common, rest = count - count // 10, count // 10
    return np.concatenate([keys[:common], keys[common : common + rest]]), np.concatenate([keys[:common], keys[common + rest :]])


def column(random, keys, rows):
    """Each key once, the others drawn from them, in any order."""
    drawn = np.concatenate([keys, random.choice(keys, rows - len(keys))]) if rows > len(keys) else keys[:rows]
    return random.permutation(drawn).astype(np.int32)


def with_texts(frame):
    return frame.with_columns(
        ("id" + pl.col(f"id{i}").cast(pl.String)).alias(f"id{i + 3}") for i in range(1, 4) if f"id{i}" in frame.columns
    )


def make(rows):
    random = np.random.default_rng(SEED)
    keys = {f"id{i + 1}": split(random, max(rows // size, 10)) for i, size in enumerate(SIZES.values())}
    tables = {"x": {name: column(random, left, rows) for name, (left, _) in keys.items()}}
    tables["x"]["v1"] = np.round(random.uniform(0, 100, rows), 6)
    for i, (name, size) in enumerate(SIZES.items()):
        count = max(rows // size, 10)
        tables[name] = {key: column(random, right, count) for key, (_, right) in list(keys.items())[: i + 1]}
        tables[name]["v2"] = np.round(random.uniform(0, 100, count), 6)
    return {name: with_texts(pl.DataFrame(columns)) for name, columns in tables.items()}


def text_of(name, tables):
    right, key, kind = QUERIES[name]
    others = ", ".join(f"r.{c} AS right_{c}" for c in tables[right].columns if c != key)
    return f"CREATE OR REPLACE TABLE answer AS SELECT x.*, {others} FROM x {kind} JOIN {right} r ON x.{key} = r.{key}"


def facts(frame):
    """What answers are compared by."""
    names = sorted(frame.columns)
    return [frame.height] + [
        float((frame[n].str.len_bytes() if frame[n].dtype == pl.String else frame[n]).sum() or 0) for n in names
    ]


def check(name, answers):
    ours, *others = (facts(each) for each in answers)
    for theirs in others:
        assert all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(ours, theirs, strict=True)), (name, ours, theirs)


def polars_query(name, lazy):
    right, key, kind = QUERIES[name]
    renamed = lazy[right].rename({c: f"right_{c}" for c in lazy[right].collect_schema().names() if c != key})
    return lazy["x"].join(renamed, on=key, how=kind.lower())


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    wanted = sys.argv[2:] or list(QUERIES)
    print(f"## h2o joins, {rows:,} rows, {THREADS} threads, DuckDB {duckdb.__version__}, Polars {pl.__version__}\n")
    tables = make(rows)
    ours, duck = bp.connect(config={"threads": THREADS}), duckdb.connect(config={"threads": THREADS})
    for connection in (ours, duck):
        for name, frame in tables.items():
            connection.register("made", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM made")
    lazy, answers = {name: frame.lazy() for name, frame in tables.items()}, {}

    def keep(name):
        answers[name] = polars_query(name, lazy).collect()

    work = {}
    for name in wanted:
        text = text_of(name, tables)
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
