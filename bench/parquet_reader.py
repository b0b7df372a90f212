"""A Parquet file of 1.8 million rows and 16 columns of mixed types, about 64 MB: all of it to Arrow, and what queries read of it.

The file is written by pyarrow with each codec, and once with the delta and byte-stream-split encodings; two threads for all.
"""

import decimal
import os
import sys

import bedplate as bp
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import rounds

ROWS = 1_800_000
FOLDER = rounds.DATA / "parquet_reader"
CODECS = ("snappy", "zstd", "lz4", "none")
DELTA = {
    "id": "DELTA_BINARY_PACKED",
    "item": "DELTA_BINARY_PACKED",
    "sold_at": "DELTA_BINARY_PACKED",
    "cost": "BYTE_STREAM_SPLIT",
    "rate": "BYTE_STREAM_SPLIT",
    "name": "DELTA_LENGTH_BYTE_ARRAY",
    "note": "DELTA_BYTE_ARRAY",
}


def make_table():
    random = np.random.default_rng(1)
    pick = random.integers
    words = np.array(["swift", "quiet", "amber", "iron", "river", "cloud", "paper", "north", "ember", "stone"])
    cities = np.array([f"{a} {b}" for a in words for b in words])
    names = np.array([f"customer #{i:06d}" for i in range(20_000)])
    skewed = np.minimum(random.zipf(1.3, ROWS), 50_000)
    text = [" ".join(each) for each in words[pick(0, 10, (20_000, 4))]]
    return pa.table(
        {
            "id": pa.array(np.arange(ROWS, dtype=np.int64)),
            "store": pa.array(pick(0, 200, ROWS, dtype=np.int32)),
            "item": pa.array(skewed.astype(np.int64)),
            "quantity": pa.array(pick(1, 50, ROWS, dtype=np.int16)),
            "price": pc.multiply(pa.array(pick(100, 100_000, ROWS)).cast(pa.decimal128(19, 0)), decimal.Decimal("0.01")).cast(
                pa.decimal128(12, 2)
            ),
            "discount": pa.array(pick(0, 11, ROWS) / 100),
            "cost": pa.array(random.normal(100, 20, ROWS)),
            "rate": pa.array(random.random(ROWS, dtype=np.float32)),
            "sold": pa.array((pick(18_000, 20_000, ROWS)).astype("datetime64[D]")),
            "sold_at": pa.array((np.sort(pick(0, 10**14, ROWS)) + 10**15).astype("datetime64[us]")),
            "returned": pa.array(random.random(ROWS) < 0.1),
            "status": pa.array(np.array(["OPEN", "CLOSED", "PENDING", "REFUNDED", "LOST"])[pick(0, 5, ROWS)]),
            "city": pa.array(cities[pick(0, 100, ROWS)]),
            "name": pa.array(names[pick(0, 20_000, ROWS)]),
            "note": pa.array(np.array(text)[pick(0, 20_000, ROWS)]),
            "rating": pa.array(pick(0, 1000, ROWS), mask=random.random(ROWS) < 0.2),
        }
    )


def make_files():
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = {name: FOLDER / f"{name}.parquet" for name in (*CODECS, "delta")}
    if not all(path.exists() for path in wanted.values()):
        table = make_table()
        for codec in CODECS:
            pq.write_table(table, wanted[codec], compression=codec, row_group_size=250_000)
        plain = [name for name in table.column_names if name not in DELTA]
        pq.write_table(
            table, wanted["delta"], compression="zstd", row_group_size=250_000, use_dictionary=plain, column_encoding=DELTA
        )
    return wanted


SUMS = {
    "one column summed": "SELECT sum(cost) FROM '{f}'",
    "dictionary column summed": "SELECT sum(item) FROM '{f}'",
    "count(*)": "SELECT count(*) FROM '{f}'",
    "min, max": "SELECT min(id), max(id) FROM '{f}'",
    "filter 1 %, three columns": "SELECT sum(cost), sum(item), max(name) FROM '{f}' WHERE store = 7 AND quantity < 40",
    "grouped by text": "SELECT city, sum(quantity) FROM '{f}' GROUP BY city ORDER BY city",
    "LIKE over a dictionary": "SELECT count(*) FROM '{f}' WHERE note LIKE '%iron%river%'",
}


def lazy(name, path):
    c, scan = pl.col, pl.scan_parquet(path)
    return {
        "one column summed": scan.select(c("cost").sum()),
        "dictionary column summed": scan.select(c("item").sum()),
        "count(*)": scan.select(pl.len()),
        "min, max": scan.select(c("id").min(), c("id").max().alias("most")),
        "filter 1 %, three columns": scan.filter((c("store") == 7) & (c("quantity") < 40)).select(
            c("cost").sum(), c("item").sum(), c("name").max()
        ),
        "grouped by text": scan.group_by("city").agg(c("quantity").cast(pl.Int64).sum()).sort("city"),
        "LIKE over a dictionary": scan.filter(c("note").str.contains("iron.*river")).select(pl.len()),
    }[name]


def same(left, right):
    return all(
        abs(x - y) <= 1e-9 * abs(x) if isinstance(x, float) else x == y
        for a, b in zip(left, right, strict=True)
        for x, y in zip(a, b, strict=True)
    )


def main(count):
    files = make_files()
    ours, duck = bp.connect(), duckdb.connect()
    ours.execute("SET threads = 2")
    duck.execute("SET threads = 2")
    pa.set_cpu_count(2)
    whole = {}
    for name, path in files.items():
        query = f"SELECT * FROM '{path}'"
        assert pa.table(ours.execute(query).arrow()).equals(pq.read_table(path)), name
        whole[f"{name}, {path.stat().st_size / 1e6:.0f} MB"] = {
            "Bedplate": lambda q=query: ours.execute(q).arrow(),
            "DuckDB": lambda q=query: duck.execute(q).to_arrow_table(),
            "Polars": lambda p=path: pl.read_parquet(p),
            "pyarrow": lambda p=path: pq.read_table(p),
        }
    rounds.compare("Parquet to Arrow, 1.8 M rows of 16 columns", "codec", whole, count)
    queries = {}
    for name, text in SUMS.items():
        query, frame = text.format(f=files["snappy"]), lazy(name, files["snappy"])
        answers = ours.execute(query).fetchall(), duck.execute(query).fetchall(), frame.collect().rows()
        assert same(answers[0], answers[1]) and same(answers[0], answers[2]), name
        queries[name] = {
            "Bedplate": lambda q=query: ours.execute(q).fetchall(),
            "DuckDB": lambda q=query: duck.execute(q).fetchall(),
            "Polars": lambda f=frame: f.collect().rows(),
        }
    rounds.compare("queries over the Snappy file", "query", queries, count)


if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
